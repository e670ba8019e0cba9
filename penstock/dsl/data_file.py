"""`data_file`: how a module of the user's declares a file that it reads, so that a change in it counts."""

from __future__ import annotations

import sys
from pathlib import Path

__all__ = ["data_file"]


def data_file(name: str) -> str:
    """The path of a data file that lies beside the module that calls this.

    The call is found in the source, before anything runs: the file's content becomes part of the cache key of every
    node whose code includes the module. So the name must be a literal text; it may be a directory or a glob pattern::

        COMPANIES = Path(data_file("companies.txt")).read_text().splitlines()

    Args:
        name: A path relative to the calling module's directory.
    """
    module = sys._getframe(1).f_globals.get("__file__")  # noqa: SLF001 - whose directory is meant
    return str(Path(module).parent / name) if module else name
