"""The copy of a store's file that is made before it is migrated."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from penstock.errors import StoreError
from penstock.metadata.database import Database

__all__ = ["back_up"]


def back_up(database: Database, version: int) -> Path | None:
    """Copies a store as it was last committed to ``metadata.db.version-N`` beside it, and returns where that is.

    The caller is the store's only writer meanwhile. A copy of that name from an earlier attempt is replaced; none is
    ever removed. A database on a server is not copied: its own tools do that better.

    Raises:
        StoreError: It cannot be written.
    """
    path = database.path
    if path is None:
        return None
    copy = path.with_name(f"{path.name}.version-{version}")
    partial = copy.with_name(f"{copy.name}.partial")
    try:
        partial.unlink(missing_ok=True)
        with (
            closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as source,
            closing(sqlite3.connect(partial)) as target,
        ):
            source.backup(target)
        with partial.open("rb") as file:
            os.fsync(file.fileno())
        partial.replace(copy)
    except (OSError, sqlite3.Error) as error:
        raise StoreError(
            f"The metadata store {database.url} has to be upgraded from version {version} and could not be copied to"
            f" {copy} before: {error}.",
            hint=f"Free {path.stat().st_size / 2**20:,.0f} MiB and try again; nothing was changed.",
            url=database.url,
        ) from error
    return copy
