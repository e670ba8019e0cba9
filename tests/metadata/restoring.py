"""Stores as others left them, from dumps in ``tests/metadata/stores``."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

__all__ = ["STORES", "restored"]

STORES = Path(__file__).parent / "stores"


def restored(name: str, path: Path) -> Path:
    """The database that a dump tells of."""
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript((STORES / name).read_text())
    return path
