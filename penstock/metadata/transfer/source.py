"""A file of MLMD's that another program wrote, of schema version 6 to 10, read as if it were of version 10."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from penstock.errors import StoreError
from penstock.metadata.database import Transaction
from penstock.metadata.mlmd.links import EventType
from penstock.metadata.mlmd.nodes import ArtifactState, ExecutionState
from penstock.metadata.mlmd.tables import MLMD, SCHEMA_VERSION
from penstock.metadata.mlmd.types import TypeKind
from penstock.metadata.sqlite import SqliteDatabase

__all__ = ["Source", "opened_source"]

_OLDEST = 6
# What later versions added, and so what earlier files may lack.
_ADDED = {"external_id", "byte_value", "proto_value", "bool_value"}
_NODE = ("id", "type_id", "create_time_since_epoch", "last_update_time_since_epoch")
_INTEGERS = {
    "Type": ("id", "type_kind"),
    "Artifact": _NODE,
    "Execution": _NODE,
    "Context": _NODE,
    "Event": ("id", "artifact_id", "execution_id", "type"),
}


class Source:
    """One moment of such a file.

    Attributes:
        path: The file.
        version: The schema version it has.
        is_penstock: Whether it holds tables of Penstock's, too.
    """

    def __init__(self, path: Path, transaction: Transaction) -> None:
        self.path = path
        self._transaction = transaction
        self._columns = {str(name): self._columns_of(str(name)) for name in MLMD.tables}
        self.version = self._checked_version()
        self.is_penstock = bool(self._columns_of("penstock_env"))
        self._check_tables()
        self._check_values()

    def rows(self, table: str, columns: Sequence[str], order: str) -> Sequence[Any]:
        """The rows of a table; columns that the file's version does not have are None."""
        there = self._columns[table]
        chosen = ", ".join(one if one in there else f"NULL AS {one}" for one in columns)
        return self._transaction.rows(f"SELECT {chosen} FROM {table} ORDER BY {order}")

    def identity(self) -> str:
        """What tells this store from every other, however it grows: its first rows, which MLMD never changes."""
        first = [
            tuple(self._transaction.row(f"SELECT id, create_time_since_epoch FROM {table} ORDER BY id LIMIT 1") or ())
            for table in ("Context", "Execution", "Artifact")
        ]
        named = next((f"{at}:{row}" for at, row in enumerate(first) if row), "")
        return hashlib.sha256(named.encode()).hexdigest()[:32]

    def _columns_of(self, table: str) -> set[str]:
        return {row[1] for row in self._transaction.rows(f"PRAGMA table_info({table})")}

    def _checked_version(self) -> int:
        if not self._columns["MLMDEnv"]:
            raise self._error("is no store of ML Metadata: it has no table MLMDEnv", "Give the metadata.db of TFX.")
        versions = [row[0] for row in self._transaction.rows("SELECT schema_version FROM MLMDEnv")]
        if len(versions) != 1 or not isinstance(versions[0], int):
            raise self._error(f"is damaged: its schema version is {versions}", "Restore it from a copy.")
        if versions[0] > SCHEMA_VERSION:
            raise self._error(
                f"has MLMD's schema version {versions[0]}; this Penstock knows {SCHEMA_VERSION}",
                "Use a newer Penstock.",
            )
        if versions[0] < _OLDEST:
            raise self._error(
                f"has MLMD's schema version {versions[0]}, of before 2021; from {_OLDEST} on they can be imported",
                "Open a copy of it with ml-metadata 1.17 and enable_upgrade_migration, and import that.",
            )
        return versions[0]

    def _check_tables(self) -> None:
        for name, table in MLMD.tables.items():
            missing = {column.name for column in table.columns} - self._columns[str(name)]
            needed = sorted(missing - _ADDED if self.version < SCHEMA_VERSION else missing)
            if needed:
                raise self._error(f"is damaged: its table {name} lacks {needed[0]}", "Restore it from a copy.")

    def _check_values(self) -> None:
        """SQLite takes any value in any column; what is read as a number or a state must be one."""
        for table, columns in _INTEGERS.items():
            wrong = " OR ".join(f"typeof({column}) <> 'integer'" for column in columns)
            row = self._transaction.row(f"SELECT rowid, {', '.join(columns)} FROM {table} WHERE {wrong}")
            if row is not None:
                raise self._error(f"is damaged: row {row[0]} of {table} is {tuple(row)[1:]}", "Restore it from a copy.")
        for table, column, kind in (
            ("Type", "type_kind", TypeKind),
            ("Artifact", "state", ArtifactState),
            ("Execution", "last_known_state", ExecutionState),
            ("Event", "type", EventType),
        ):
            known = ", ".join(str(int(one)) for one in kind)
            row = self._transaction.row(f"SELECT id, {column} FROM {table} WHERE {column} NOT IN ({known})")
            if row is not None:
                raise self._error(
                    f"says that the {column} of {table} {row[0]} is {row[1]!r}, which MLMD does not have",
                    "Restore it from a copy.",
                )

    def _error(self, what: str, hint: str) -> StoreError:
        return StoreError(f"{self.path} {what}.", hint=f"{hint} Nothing was imported.", path=str(self.path))


@contextlib.contextmanager
def opened_source(path: Path) -> Iterator[Source]:
    """Opens such a file for reading; it is never changed.

    Raises:
        StoreError: It is not there, is no file of MLMD's, or is of a version that cannot be read.
    """
    if not path.exists():
        raise StoreError(f"There is no file {path}.", hint="Give the metadata.db of TFX.")
    database = SqliteDatabase(f"sqlite:///{path}", read_only=True, create=False)
    try:
        with database.read() as transaction:
            yield Source(path, transaction)
    finally:
        database.close()
