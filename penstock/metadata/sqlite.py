"""A store in a file of SQLite."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import sqlalchemy
from sqlalchemy import event
from sqlalchemy.engine import URL, Connection, Engine

from penstock.errors import StoreError
from penstock.metadata.database import Database, Transaction
from penstock.metadata.location import checked_path, file_of, is_writable

__all__ = ["SqliteDatabase"]


class SqliteTransaction(Transaction):
    """A transaction on SQLite."""

    raw_bytes = False
    row_order = "rowid"

    def new_ids(self, table: str, count: int) -> range:
        # Safe because the transaction is the only writer until it ends.
        last = self.row(
            f"SELECT max(coalesce((SELECT seq FROM sqlite_sequence WHERE name = ?), 0),"
            f" coalesce((SELECT max(id) FROM {table}), 0))",
            table,
        )
        first = last[0] + 1 if last else 1
        return range(first, first + count)

    def tables(self) -> set[str]:
        names = {row[0].lower() for row in self.rows("SELECT name FROM sqlite_master WHERE type = 'table'")}
        return names - {"sqlite_sequence"}


class SqliteDatabase(Database):
    """A store in a file, in WAL mode, so that readers never wait; writers queue at ``BEGIN IMMEDIATE``.

    A commit survives the death of the process. After a power loss the last commits may be missing, but the file is
    whole (``synchronous=NORMAL``); one that is asked to be ``durable`` is never missing.

    Args:
        url: ``sqlite:///relative/path.db`` or ``sqlite:////absolute/path.db``.
        read_only: Refuse to write.
        create: Make the file if there is none.
    """

    def __init__(self, url: str, *, read_only: bool = False, create: bool = True) -> None:
        path = file_of(url)
        assert path is not None
        checked_path(path, url, read_only=read_only, create=create)
        super().__init__(url, self._connected(path, read_only=read_only), read_only=read_only, path=path)

    def _connected(self, path: Path, *, read_only: bool) -> Engine:
        query: dict[str, str] = {}
        database = str(path)
        if read_only:
            # SQLite reads a URI only if it begins so; the path's own special characters are escaped.
            database = path.absolute().as_uri()
            query = {"mode": "ro", "uri": "true"}
            if not is_writable(path.parent) and not path.with_name(f"{path.name}-wal").exists():
                # SQLite would need to make files beside it to tell other processes of this reader.
                query["immutable"] = "1"
        engine = sqlalchemy.create_engine(
            URL.create("sqlite", database=database, query=query),
            connect_args={"timeout": self.busy_seconds, "check_same_thread": False},
            pool_size=8,
            max_overflow=-1,
        )

        @event.listens_for(engine, "connect")
        def _prepare(connection: Any, _: Any) -> None:
            # The driver must not begin transactions itself: it would begin them as readers.
            connection.isolation_level = None
            if not read_only:
                connection.execute("PRAGMA synchronous=NORMAL")

        @event.listens_for(engine, "begin")
        def _begin(connection: Connection) -> None:
            writes = connection.get_execution_options().get("penstock_writes", False)
            connection.connection.cursor().execute("BEGIN IMMEDIATE" if writes else "BEGIN")

        return engine

    @contextlib.contextmanager
    def _reading(self) -> Iterator[Transaction]:
        with self._engine.begin() as connection:
            yield SqliteTransaction(connection, self._known)

    @contextlib.contextmanager
    def _writing(self, *, durable: bool) -> Iterator[Transaction]:
        with self._engine.connect() as connection:
            options = connection.execution_options(penstock_writes=True)
            with _synchronous(connection, durable=durable), options.begin():
                yield SqliteTransaction(options, self._known)

    def prepare(self) -> None:
        """Puts the file in WAL mode, which it stays in; waits for others that are opening it at the same time."""
        deadline = time.monotonic() + self.busy_seconds
        while True:
            try:
                connection = self._engine.raw_connection()
                try:
                    connection.driver_connection.execute("PRAGMA journal_mode=WAL")  # type: ignore[union-attr]
                finally:
                    connection.close()
            except self._driver.OperationalError as error:
                # SQLite does not wait by itself where the journal mode changes.
                if "locked" not in str(error) or time.monotonic() > deadline:
                    raise self._refused(error) from error
                time.sleep(0.02)
            else:
                return

    def _refused(self, error: Exception) -> StoreError:
        text = str(getattr(error, "orig", error))
        for sign, what, advice in _MESSAGES:
            if sign in text:
                hint = advice.format(seconds=f"{self.busy_seconds:.0f}")
                return StoreError(f"The metadata store {self.url} {what}.", hint=hint, url=self.url)
        return StoreError(f"The metadata store {self.url} refused: {text}.", url=self.url)


@contextlib.contextmanager
def _synchronous(connection: Connection, *, durable: bool) -> Iterator[None]:
    """Lets a connection wait for the disk at its next commit; it cannot be told within a transaction."""
    driver = connection.connection.driver_connection
    if not durable or driver is None:
        yield
        return
    driver.execute("PRAGMA synchronous=FULL")
    try:
        yield
    finally:
        # A commit that fails leaves its transaction open, within which the next statement would hide that error.
        driver.rollback()
        driver.execute("PRAGMA synchronous=NORMAL")


_MESSAGES = (
    (
        "locked",
        "is locked by another process",
        "It was waited for {seconds} s. Stop the other process, or try again.",
    ),
    ("not a database", "is not an SQLite database", "Give another path, or move the file away."),
    *(
        (sign, "is damaged", "Restore it from a copy, or recover what can be read: sqlite3 FILE .recover")
        # The driver cannot even read what SQLite says of a file whose schema is no valid text.
        for sign in ("malformed", "codec can't decode", "Could not decode to UTF-8")
    ),
    ("disk is full", "could not grow: the disk is full", "Free some space and run again; nothing was written."),
    ("readonly", "cannot be written", "Check the permissions of the file and of its directory."),
    ("unable to open", "cannot be opened", "Check that its directory exists and is writable."),
    ("disk I/O", "could not be read or written: the disk reported an error", "Check the disk."),
)
