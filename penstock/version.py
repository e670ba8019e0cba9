"""The version, written down once: packaging, ``penstock --version`` and the store's records read it here."""

from __future__ import annotations

__all__ = ["__version__"]

__version__ = "0.1.0"
