"""The database: its URL, its connections, and transactions that either happen as a whole or not at all."""

from __future__ import annotations

import contextlib
import functools
import threading
import time
from collections import namedtuple
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import sqlalchemy
from sqlalchemy import event
from sqlalchemy.engine import URL, Connection, Engine
from sqlalchemy.exc import DBAPIError, IntegrityError

from penstock.errors import StoreError
from penstock.metadata.location import checked_path, is_writable, parse_url

__all__ = ["BUSY_SECONDS", "Database", "Transaction", "now_ms"]

BUSY_SECONDS = 30.0
# The most parameters one statement is given; SQLite's own bound is 32,766.
_CHUNK = 10_000


def now_ms() -> int:
    """Milliseconds since the epoch."""
    return time.time_ns() // 1_000_000


@functools.lru_cache(maxsize=1024)
def _for_driver(sql: str, driver_style: str) -> str:
    """The statement with the driver's placeholders; statements here are written with question marks."""
    return sql if driver_style == "qmark" else sql.replace("%", "%%").replace("?", "%s")


@functools.lru_cache(maxsize=1024)
def _row_type(columns: tuple[str, ...]) -> Any:
    return namedtuple("Row", columns, rename=True)  # noqa: PYI024 - the columns are the query's


class Transaction:
    """One transaction; its statements are SQL that SQLite and PostgreSQL both take, with ``?`` for each value.

    Attributes:
        now: Milliseconds since the epoch when the transaction began; everything it writes carries this time.
        cache: What this process knows of rows that never change (ids of types and contexts).
        raw_bytes: Whether messages are stored as bytes and not as base64 text, see `penstock.metadata.mlmd.values`.
    """

    def __init__(self, connection: Connection, known: dict[Any, Any]) -> None:
        self._connection = connection
        # The driver's own cursor: what SQLAlchemy wraps around each statement costs as much as ten rows.
        self._cursor: Any = connection.connection.cursor()
        self._style: str = connection.dialect.paramstyle
        self.raw_bytes = connection.dialect.name != "sqlite"
        self.now = now_ms()
        self.known = known
        self.learned: dict[Any, Any] = {}

    def recall(self, key: tuple[Any, ...]) -> Any | None:
        """What was remembered under the key, in this transaction or in one that was committed."""
        return self.learned.get(key) or self.known.get(key)

    def remember(self, key: tuple[Any, ...], value: Any) -> None:
        """Remembers a row that never changes; other transactions know it once this one is committed."""
        self.learned[key] = value

    def execute(self, sql: str, *values: Any) -> int:
        """Runs a statement and returns the number of rows it changed."""
        return int(self._run(sql, values).rowcount)

    def many(self, sql: str, rows: Sequence[tuple[Any, ...]]) -> None:
        """Runs a statement once for each row of values; no rows, no statement."""
        if rows:
            self._cursor.executemany(_for_driver(sql, self._style), rows)

    def rows(self, sql: str, *values: Any) -> Sequence[Any]:
        """All rows of a query, as tuples that name their columns."""
        cursor = self._run(sql, values)
        return list(map(_row_type(tuple(column[0] for column in cursor.description))._make, cursor.fetchall()))

    def row(self, sql: str, *values: Any) -> Any:
        """The first row of a query, or None."""
        return next(iter(self.rows(sql, *values)), None)

    def _run(self, sql: str, values: Sequence[Any]) -> Any:
        self._cursor.execute(_for_driver(sql, self._style), values)
        return self._cursor

    def rows_in(self, sql: str, keys: Iterable[Any], *values: Any) -> list[Any]:
        """All rows of a query whose text has ``{}`` where a list of keys belongs, before the other values."""
        wanted = list(dict.fromkeys(keys))
        found: list[Any] = []
        for start in range(0, len(wanted), _CHUNK):
            chunk = wanted[start : start + _CHUNK]
            found += self.rows(sql.format(",".join("?" * len(chunk))), *chunk, *values)
        return found

    def new_ids(self, table: str, count: int) -> range:
        """Reserves ids for rows of one of MLMD's tables, so that they can be inserted in one batch.

        Safe because the transaction is the only writer until it ends.
        """
        last = self.row(
            f"SELECT max(coalesce((SELECT seq FROM sqlite_sequence WHERE name = ?), 0),"
            f" coalesce((SELECT max(id) FROM {table}), 0))",
            table,
        )
        first = last[0] + 1 if last else 1
        return range(first, first + count)


class Database:
    """Connections to one store, shared by the threads of a process: many readers, one writer at a time.

    SQLite is put in WAL mode, so that readers never wait; writers of all processes queue at ``BEGIN IMMEDIATE`` for
    up to `BUSY_SECONDS`. A commit survives the death of the process. After a power loss the last commits may be
    missing, but the file is whole (``synchronous=NORMAL``); one that is asked to be ``durable`` is never missing.

    Args:
        url: ``sqlite:///relative/path.db`` or ``sqlite:////absolute/path.db``.
        read_only: Refuse to write.
        create: Make the file if there is none.
    """

    def __init__(self, url: str, *, read_only: bool = False, create: bool = True) -> None:
        self.url = url
        self.read_only = read_only
        self.path = checked_path(parse_url(url), url, read_only=read_only, create=create)
        self._writer = threading.RLock()
        self._known: dict[Any, Any] = {}
        self._engine = self._connect()
        self._driver: Any = self._engine.dialect.loaded_dbapi

    def _connect(self) -> Engine:
        query: dict[str, str] = {}
        database = str(self.path)
        if self.read_only:
            # SQLite reads a URI only if it begins so; the path's own special characters are escaped.
            database = self.path.absolute().as_uri()
            query = {"mode": "ro", "uri": "true"}
            if not is_writable(self.path.parent) and not self.path.with_name(f"{self.path.name}-wal").exists():
                # SQLite would need to make files beside it to tell other processes of this reader.
                query["immutable"] = "1"
        engine = sqlalchemy.create_engine(
            URL.create("sqlite", database=database, query=query),
            connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False},
            pool_size=8,
            max_overflow=-1,
        )

        @event.listens_for(engine, "connect")
        def _prepare(connection: Any, _: Any) -> None:
            # The driver must not begin transactions itself: it would begin them as readers.
            connection.isolation_level = None
            if not self.read_only:
                connection.execute("PRAGMA synchronous=NORMAL")

        @event.listens_for(engine, "begin")
        def _begin(connection: Connection) -> None:
            writes = connection.get_execution_options().get("penstock_writes", False)
            connection.connection.cursor().execute("BEGIN IMMEDIATE" if writes else "BEGIN")

        return engine

    @contextlib.contextmanager
    def read(self) -> Iterator[Transaction]:
        """A transaction that sees one moment of the store and waits for nobody."""
        with self.translated_errors(), self._engine.begin() as connection:
            transaction = Transaction(connection, self._known)
            yield transaction
        self._known.update(transaction.learned)

    @contextlib.contextmanager
    def write(self, *, durable: bool = False) -> Iterator[Transaction]:
        """A transaction that is the store's only writer; it is committed unless an exception leaves it.

        Args:
            durable: Whether it must survive a power loss: that takes the time in which the disk writes it down.
        """
        if self.read_only:
            raise StoreError("The metadata store was opened for reading only.", hint="Open it without read_only.")
        with self.translated_errors(), self._writer, self._engine.connect() as connection:
            options = connection.execution_options(penstock_writes=True)
            with _synchronous(connection, durable=durable), options.begin():
                transaction = Transaction(options, self._known)
                yield transaction
            self._known.update(transaction.learned)

    @contextlib.contextmanager
    def translated_errors(self) -> Iterator[None]:
        """Turns the driver's errors into a `StoreError` that says what to do."""
        try:
            yield
        except (IntegrityError, self._driver.IntegrityError) as error:
            raise StoreError(
                f"The metadata store already has such a row ({getattr(error, 'orig', error)}).",
                hint="Names and external ids are unique within a type.",
                url=self.url,
            ) from error
        except (DBAPIError, self._driver.Error) as error:
            raise _refused(error, self.url) from error

    def use_wal(self) -> None:
        """Puts the file in WAL mode, which it stays in; waits for others that are opening it at the same time."""
        deadline = time.monotonic() + BUSY_SECONDS
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
                    raise _refused(error, self.url) from error
                time.sleep(0.02)
            else:
                return

    def create_tables(self, transaction: Transaction, *collections: sqlalchemy.MetaData) -> None:
        """Creates the tables and indices that are missing."""
        for tables in collections:
            tables.create_all(transaction._connection)  # noqa: SLF001 - the two classes are one unit

    def close(self) -> None:
        """Closes all connections."""
        self._engine.dispose()


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
        f"It was waited for {BUSY_SECONDS:.0f} s. Stop the other process, or try again.",
    ),
    ("not a database", "is not an SQLite database", "Give another path, or move the file away."),
    ("malformed", "is damaged", "Restore it from a copy, or recover what can be read: sqlite3 FILE .recover"),
    ("disk is full", "could not grow: the disk is full", "Free some space and run again; nothing was written."),
    ("readonly", "cannot be written", "Check the permissions of the file and of its directory."),
    ("unable to open", "cannot be opened", "Check that its directory exists and is writable."),
    ("disk I/O", "could not be read or written: the disk reported an error", "Check the disk."),
)


def _refused(error: Exception, url: str) -> StoreError:
    text = str(getattr(error, "orig", error))
    for sign, what, hint in _MESSAGES:
        if sign in text:
            return StoreError(f"The metadata store {url} {what}.", hint=hint, url=url)
    return StoreError(f"The metadata store {url} refused: {text}.", url=url)
