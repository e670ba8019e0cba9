"""A store in a database of PostgreSQL, 15 or later, of its own."""

from __future__ import annotations

import contextlib
import functools
import re
import time
from collections.abc import Iterator
from typing import Any

import sqlalchemy
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import OperationalError

from penstock.errors import StoreError
from penstock.metadata.database import Database, Transaction
from penstock.metadata.libpq import psycopg
from penstock.metadata.location import has_password, shown

__all__ = ["PostgresDatabase"]

OLDEST = 15
# One lock for all writers makes a writer alone, as on SQLite: whatever it has looked up still holds when it commits.
# The number is Penstock's own choice; such locks are those of one database.
_WRITER = 0x50454E53544F434B
_NOW = "CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT) AS now"
_BEGIN = (
    "SELECT set_config('lock_timeout', ?, true), CASE WHEN ? AND current_setting('synchronous_commit') = 'off'"
    f" THEN set_config('synchronous_commit', 'on', true) END, pg_advisory_xact_lock(?), {_NOW}"
)
# A server that vanishes is noticed within a minute, and not after hours.
_DEFAULTS = {
    "connect_timeout": 10,
    "fallback_application_name": "penstock",
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
}
_FORM = (
    "Use postgresql://user:password@host:port/database?sslmode=verify-full;"
    " in a password, characters such as @ / ? # % are written %40 %2F %3F %23 %25."
)


class PostgresTransaction(Transaction):
    """A transaction on PostgreSQL."""

    raw_bytes = True
    row_order = "ctid"

    @functools.cached_property
    def now(self) -> int:
        """By the server's clock: leases of several hosts are held against one."""
        return int(self.row(f"SELECT {_NOW}")[0])

    def new_ids(self, table: str, count: int) -> list[int]:
        rows = self.rows(
            "SELECT nextval(pg_get_serial_sequence(?, 'id')) FROM generate_series(1, CAST(? AS INTEGER))",
            table.lower(),
            count,
        )
        return sorted(row[0] for row in rows)

    def tables(self) -> set[str]:
        rows = self.rows(
            "SELECT CASE WHEN schemaname = current_schema() THEN tablename ELSE schemaname || '.' || tablename END"
            " FROM pg_catalog.pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
        )
        return {row[0] for row in rows}


class PostgresDatabase(Database):
    """A store on a server; readers see one snapshot and never wait, writers queue at an advisory lock.

    A commit survives a power loss as far as the server is set to see to it (``synchronous_commit``); one that is asked
    to be ``durable`` always does. When the server was restarted, connections are made anew, for up to `busy_seconds`.

    Args:
        url: ``postgresql://user@host:port/database?sslmode=verify-full``, as libpq reads it: its other options, its
            environment variables and ``~/.pgpass`` hold too.
        read_only: Refuse to write.
    """

    def __init__(self, url: str, *, read_only: bool = False) -> None:
        parameters = _parsed(url)
        self.name = str(parameters.get("dbname") or parameters.get("user") or "")
        self._was_connected = False

        def connect() -> Any:
            connection = psycopg.connect(**parameters)
            try:
                _check_server(connection, shown(url))
            except StoreError:
                connection.close()
                raise
            return connection

        engine = sqlalchemy.create_engine(
            "postgresql+psycopg://",
            creator=connect,
            pool_size=8,
            max_overflow=8,
            pool_timeout=self.busy_seconds,
            pool_pre_ping=True,
            use_native_hstore=False,
        )
        super().__init__(url, engine, read_only=read_only)
        self._readers = engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)

    @contextlib.contextmanager
    def _reading(self) -> Iterator[Transaction]:
        with self._connected(self._readers) as connection, connection.begin():
            yield PostgresTransaction(connection, self._known)

    @contextlib.contextmanager
    def _writing(self, *, durable: bool) -> Iterator[Transaction]:
        with self._connected(self._engine) as connection, connection.begin():
            wait = f"{round(self.busy_seconds * 1000)}ms"
            transaction = PostgresTransaction(connection, self._known)
            transaction.now = transaction.row(_BEGIN, wait, durable, _WRITER).now
            yield transaction

    @contextlib.contextmanager
    def _connected(self, engine: Engine) -> Iterator[Connection]:
        deadline = time.monotonic() + self.busy_seconds
        while True:
            try:
                connection = engine.connect()
            except OperationalError as error:
                if not self._was_connected or time.monotonic() > deadline or not _AWAY.search(str(error.orig)):
                    raise
                time.sleep(0.2)
            else:
                break
        self._was_connected = True
        with connection:
            yield connection

    def prepare(self) -> None:
        """Does nothing: everything is done in transactions here."""

    def _refused(self, error: Exception) -> StoreError:
        cause = getattr(error, "orig", error)
        text = " ".join(str(cause).split())
        state = getattr(cause, "sqlstate", None) or ""
        for pattern, *words in _MESSAGES:
            if pattern.search(f"{state} {text}"):
                what, hint = (
                    one.format(text=text, name=self.name, seconds=f"{self.busy_seconds:.0f}") for one in words
                )
                return StoreError(f"The metadata store {self.url} {what}.", hint=hint, url=self.url)
        return StoreError(f"The metadata store {self.url} refused: {text}.", url=self.url)


def _parsed(url: str) -> dict[str, Any]:
    """The parameters of a connection, by libpq's names; what it says of a wrong URL may hold half of a password."""
    try:
        parameters = dict(psycopg.conninfo.conninfo_to_dict(url))
    except psycopg.ProgrammingError as error:
        reason = "" if has_password(url) else f": {' '.join(str(error).split())}"
        raise StoreError(
            f"The metadata store {shown(url)} has a wrong URL{reason}.", hint=_FORM, url=shown(url)
        ) from None
    name, host, port = (str(parameters.get(key) or "") for key in ("dbname", "host", "port"))
    if "@" in name + host or not re.fullmatch(r"[\d,]*", port):
        raise StoreError(f"The metadata store {shown(url)} has a wrong URL.", hint=_FORM, url=shown(url))
    if not name and "service" not in parameters:
        raise StoreError(f"The metadata store {shown(url)} names no database.", hint=_FORM, url=shown(url))
    return {**_DEFAULTS, **parameters}


def _check_server(connection: psycopg.Connection[Any], url: str) -> None:
    version = connection.info.server_version // 10_000
    if version < OLDEST:
        raise StoreError(
            f"The metadata store {url} is on a server of PostgreSQL {version}.",
            hint=f"Penstock needs {OLDEST} or later.",
            url=url,
        )
    encoding = connection.info.parameter_status("server_encoding")
    if encoding != "UTF8":
        raise StoreError(
            f"The metadata store {url} is a database with the encoding {encoding}, which cannot hold every text.",
            hint="Make it anew: CREATE DATABASE ... ENCODING 'UTF8' TEMPLATE template0.",
            url=url,
        )


_AWAY = re.compile(
    r"Connection refused|No such file or directory|timeout|timed out|starting up|shutting down|recovery mode"
    r"|No route to host|unreachable|resolve host|translate host|server closed the connection|terminating connection"
    r"|connection is (lost|closed)|unexpected eof"
)
_MESSAGES = tuple(
    (re.compile(pattern), what, hint)
    for pattern, what, hint in (
        (
            "^55P03",
            "is locked by another process",
            "It was waited for {seconds} s. Stop the other process, or try again.",
        ),
        (
            "^(40P01|40001)",
            "was written by another program to the same rows at the same time",
            "Nothing was written. Run again.",
        ),
        (
            "password authentication failed|no password supplied",
            "does not let the user in: the password is wrong or missing",
            "Check user and password in the URL; ~/.pgpass and PGPASSWORD count too.",
        ),
        ("role .* does not exist", "does not let the user in: {text}", "Check the user in the URL."),
        (
            "database .* does not exist",
            "is not there: its server has no database {name}",
            "Make it, for Penstock alone: createdb {name}.",
        ),
        (
            "no pg_hba.conf entry|no encryption",
            "does not let the user in from here: {text}",
            "Its administrator has to allow it in pg_hba.conf; if only connections with TLS are, add ?sslmode=require.",
        ),
        (
            "^57P01|connection is lost|connection is closed|consuming input failed|unexpected eof",
            "broke the connection off: {text}",
            "What was being written was not, unless it was the commit that was broken off. Run again.",
        ),
        (
            "SSL|certificate",
            "cannot be reached by TLS: {text}",
            "Check sslmode and sslrootcert in the URL, and the server's certificate.",
        ),
        (
            "^42501",
            "does not allow the user to do that: {text}",
            "To make and write a store a user needs a database of its own: CREATE DATABASE {name} OWNER ...",
        ),
        ("^25006", "can only be read", "Give the URL of the primary server, not of a standby."),
        ("^53100|No space left", "could not grow: the disk is full", "Free some space and run again."),
        (
            "^53300|too many clients|too many connections|connection slots|QueuePool",
            "has no connection left",
            "Raise max_connections, or run fewer processes at once.",
        ),
        (_AWAY.pattern, "cannot be reached: {text}", "Check host and port in the URL, and that the server runs."),
    )
)
