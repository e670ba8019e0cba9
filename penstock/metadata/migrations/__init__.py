"""Migrations of Penstock's own tables: a store of an older version is brought to the present one, or stays as it was.

Each version is a module in ``versions`` with Alembic's ``revision`` and ``down_revision`` and a function
``upgrade(operations)``. The version of a store is the row ``schema_version`` of ``penstock_env`` and nothing else; new
stores are made from `penstock.metadata.tables`, and a test holds the two ways against each other.
"""

from __future__ import annotations

import logging
from pathlib import Path

from penstock.errors import StoreError
from penstock.metadata.database import Database, Transaction
from penstock.metadata.migrations.backup import back_up
from penstock.metadata.tables import OWN_VERSION

__all__ = ["check_version", "migrate", "version_of"]

_log = logging.getLogger(__name__)


def version_of(transaction: Transaction) -> int | None:
    """The version of a store's own tables, which has ``penstock_env``; None before the first row is written."""
    row = transaction.row("SELECT value FROM penstock_env WHERE key = 'schema_version'")
    return None if row is None else int(row[0])


def check_version(version: int, url: str, *, read_only: bool) -> None:
    """Raises for a store that a newer Penstock wrote, and for one that would have to be migrated to be read."""
    if version > OWN_VERSION:
        raise StoreError(
            f"The metadata store {url} was written by a newer Penstock (version {version} of its tables; "
            f"this one knows {OWN_VERSION}).",
            hint="Upgrade Penstock, or use another store.",
            url=url,
        )
    if version < OWN_VERSION and read_only:
        raise StoreError(
            f"The metadata store {url} was written by an older Penstock (version {version} of its tables; "
            f"this one needs {OWN_VERSION}), and reading does not change it.",
            hint="Bring it to the present version: penstock store check --repair. The next run does so, too.",
            url=url,
        )


def migrate(database: Database, transaction: Transaction, version: int) -> None:
    """Brings a store from a version to the present one within a transaction that writes: as a whole, or not at all.

    A file is copied first, see `penstock.metadata.migrations.backup`.

    Raises:
        StoreError: The copy cannot be made.
    """
    # 0.4 s to import, which only those pay who come from an older version.
    from alembic.operations import Operations
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory

    copy = back_up(database, version)
    operations = Operations(MigrationContext.configure(transaction._connection))  # noqa: SLF001 - Alembic speaks SQLAlchemy
    every = ScriptDirectory(str(Path(__file__).parent)).walk_revisions()
    for revision in sorted(every, key=lambda one: int(one.revision)):
        # Stores of version 1 were made by several commits, and may lack some of its tables: it is done once more.
        if int(revision.revision) > version or revision.is_base:
            revision.module.upgrade(operations)
    transaction.execute("UPDATE penstock_env SET value = ? WHERE key = 'schema_version'", str(OWN_VERSION))
    kept = f" As it was it is kept in {copy}." if copy is not None else ""
    _log.warning(
        "The metadata store %s was upgraded from version %d to %d.%s", database.url, version, OWN_VERSION, kept
    )
