"""The database: its connections, and transactions that either happen as a whole or not at all."""

from __future__ import annotations

import abc
import contextlib
import functools
import threading
import time
from collections import namedtuple
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, ClassVar

import sqlalchemy
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from penstock.errors import StoreError
from penstock.metadata.location import shown

__all__ = ["Database", "Transaction", "now_ms"]

# The most parameters one statement is given; SQLite's own bound is 32,766, PostgreSQL's 65,535.
_CHUNK = 10_000


def now_ms() -> int:
    """Milliseconds since the epoch."""
    return time.time_ns() // 1_000_000


@functools.lru_cache(maxsize=1024)
def _for_driver(sql: str, driver_style: str) -> str:
    """The statement with the driver's placeholders; statements here are written with question marks."""
    return sql if driver_style == "qmark" else sql.replace("%", "%%").replace("?", "%s")


@functools.lru_cache(maxsize=1024)
def _row_of(columns: tuple[str, ...]) -> Callable[[Sequence[Any]], Any]:
    # Its own _make is a function of Python's, which would cost more than reading the row.
    return functools.partial(tuple.__new__, namedtuple("Row", columns, rename=True))  # noqa: PYI024 - the columns are the query's


class Transaction(abc.ABC):
    """One transaction; its statements are SQL that SQLite and PostgreSQL both take, with ``?`` for each value.

    Attributes:
        raw_bytes: Whether messages are stored as bytes and not as base64 text, see `penstock.metadata.mlmd.values`.
        row_order: The column that every table has and that tells in which order its rows were inserted.
        known: What this process knows of rows that never change (ids of types and contexts).
    """

    raw_bytes: ClassVar[bool]
    row_order: ClassVar[str]

    def __init__(self, connection: Connection, known: dict[Any, Any]) -> None:
        self._connection = connection
        # The driver's own cursor: what SQLAlchemy wraps around each statement costs as much as ten rows.
        self._cursor: Any = connection.connection.cursor()
        self._style: str = connection.dialect.paramstyle
        self.known = known
        self.learned: dict[Any, Any] = {}

    @functools.cached_property
    def now(self) -> int:
        """Milliseconds since the epoch when it was first asked for; everything that is written carries this time."""
        return now_ms()

    @abc.abstractmethod
    def new_ids(self, table: str, count: int) -> Sequence[int]:
        """Reserves ids for rows of one of MLMD's tables, ascending, so that they can be inserted in one batch."""

    @abc.abstractmethod
    def tables(self) -> set[str]:
        """The names of all tables in lower case; those that lie in another schema than the store's with its name."""

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
        return list(map(_row_of(tuple(column[0] for column in cursor.description)), cursor.fetchall()))

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


class Database(abc.ABC):
    """Connections to one store, shared by the threads of a process: many readers, one writer at a time.

    Writers of all processes queue, for up to `busy_seconds`; readers wait for nobody.

    Args:
        url: Where it is; only shown, and never with its password.
        engine: Its connections.
        read_only: Refuse to write.
        path: The file that it lies in, if it lies in one.
    """

    busy_seconds: ClassVar[float] = 30.0

    def __init__(self, url: str, engine: Engine, *, read_only: bool, path: Path | None = None) -> None:
        self.url = shown(url)
        self.path = path
        self.read_only = read_only
        self._engine = engine
        self._driver: Any = engine.dialect.loaded_dbapi
        self._writer = threading.RLock()
        self._known: dict[Any, Any] = {}

    @contextlib.contextmanager
    def read(self) -> Iterator[Transaction]:
        """A transaction that sees one moment of the store and waits for nobody."""
        with self.translated_errors(), self._reading() as transaction:
            yield transaction
        self._known.update(transaction.learned)

    @contextlib.contextmanager
    def write(self, *, durable: bool = False) -> Iterator[Transaction]:
        """A transaction that is the store's only writer; it is committed unless an exception leaves it.

        Args:
            durable: Whether it must survive a power loss, whatever the database is set to do.
        """
        if self.read_only:
            raise StoreError("The metadata store was opened for reading only.", hint="Open it without read_only.")
        with self.translated_errors(), self._writer:
            with self._writing(durable=durable) as transaction:
                yield transaction
            self._known.update(transaction.learned)

    @contextlib.contextmanager
    def translated_errors(self) -> Iterator[None]:
        """Turns the driver's errors into a `StoreError` that says what to do."""
        try:
            yield
        except (IntegrityError, self._driver.IntegrityError) as error:
            raise StoreError(
                f"The metadata store already has such a row ({' '.join(str(getattr(error, 'orig', error)).split())}).",
                hint="Names and external ids are unique within a type.",
                url=self.url,
            ) from error
        except (UnicodeEncodeError, OverflowError) as error:
            raise StoreError(
                f"The metadata store cannot hold a value: {error}.",
                hint="Texts have no half of a surrogate pair, whole numbers fit 64 bits. Nothing was written.",
                url=self.url,
            ) from error
        except (DBAPIError, PoolTimeoutError, self._driver.Error, UnicodeDecodeError) as error:
            raise self._refused(error) from error

    def create_tables(self, transaction: Transaction, *collections: sqlalchemy.MetaData) -> None:
        """Creates the tables that are missing, with their indices."""
        there = transaction.tables()
        for collection in collections:
            missing = [table for table in collection.sorted_tables if table.name.lower() not in there]
            # SQLAlchemy's own check would look for the names as they are spelled here.
            collection.create_all(transaction._connection, missing, checkfirst=False)  # noqa: SLF001 - the two classes are one unit

    def close(self) -> None:
        """Closes all connections."""
        self._engine.dispose()

    @abc.abstractmethod
    def prepare(self) -> None:
        """Does what a database needs once, outside of a transaction, before it is written for the first time."""

    @abc.abstractmethod
    def _reading(self) -> AbstractContextManager[Transaction]: ...

    @abc.abstractmethod
    def _writing(self, *, durable: bool) -> AbstractContextManager[Transaction]: ...

    @abc.abstractmethod
    def _refused(self, error: Exception) -> StoreError: ...
