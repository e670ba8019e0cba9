"""Making a store, and checking one that is there: versions, tables and seed types."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from penstock.errors import StoreError
from penstock.metadata.database import Database, Transaction
from penstock.metadata.location import file_of, shown
from penstock.metadata.migrations import check_version, migrate, version_of
from penstock.metadata.mlmd.tables import MLMD, SCHEMA_VERSION, SEEDS, TABLE_NAMES
from penstock.metadata.reconciliation import is_due, reconcile
from penstock.metadata.tables import OWN, OWN_VERSION

__all__ = ["exists", "opened"]

_UPGRADE = (
    "Take in what it holds, from another store: penstock store import FILE. Or make it version"
    f" {SCHEMA_VERSION} with ml-metadata 1.17 and enable_upgrade_migration; older programs cannot read it then."
)


@contextlib.contextmanager
def _closed_on_error(database: Database) -> Iterator[None]:
    try:
        yield
    except BaseException:
        database.close()
        raise


def opened(url: str, *, read_only: bool, create: bool) -> Database:
    """Opens a store, makes what it lacks, and refuses what it does not know.

    Any number of processes may do this at once: the first makes the tables in one transaction, the others wait.
    """
    database = _database(url, read_only=read_only, create=create)
    given, url = url, database.url
    with _closed_on_error(database):
        with database.read() as transaction:
            there = bool(transaction.tables())
            complete = _is_complete(transaction, url, read_only=read_only)
        if not there and (read_only or not create):
            raise StoreError(f"There is no metadata store at {url}.", hint="Run a pipeline first.", url=url)
        if read_only:
            if not complete:
                raise StoreError(f"{url} has no tables of Penstock's yet.", hint="Open it once for writing.", url=url)
            _reconcile_beside(database, given)
            return database
        database.prepare()
        if not complete:
            with database.write() as transaction:
                if not _is_complete(transaction, url):
                    _complete(database, transaction)
        reconcile(database)
    return database


def _reconcile_beside(reader: Database, url: str) -> None:
    """Sets right what other programs changed, for a reader: as far as this process may write there."""
    with reader.read() as transaction:
        due = is_due(transaction)
    if due:
        with contextlib.suppress(StoreError):
            writer = _database(url, read_only=False, create=False)
            try:
                reconcile(writer)
            finally:
                writer.close()


def exists(url: str) -> bool:
    """Whether there is a store at a URL; what is there may still be refused."""
    path = file_of(url)
    if path is not None:
        return path.exists()
    database = _database(url, read_only=True, create=False)
    try:
        with database.read() as transaction:
            return bool(transaction.tables())
    finally:
        database.close()


def _database(url: str, *, read_only: bool, create: bool) -> Database:
    # Each imports a driver, which a store of the other kind does not need.
    if file_of(url) is not None:
        from penstock.metadata.sqlite import SqliteDatabase

        return SqliteDatabase(url, read_only=read_only, create=create)
    try:
        from penstock.metadata.postgresql import PostgresDatabase
    except ImportError as error:
        raise StoreError(
            f"The metadata store {shown(url)} needs psycopg, which cannot be imported: {error}.",
            hint="Install the extra: pip install 'penstock[postgres]'.",
            url=shown(url),
        ) from error
    return PostgresDatabase(url, read_only=read_only)


def _complete(database: Database, transaction: Transaction) -> None:
    """Brings an older store to the present version, and makes what a new one or MLMD's own lacks."""
    version = version_of(transaction) if "penstock_env" in transaction.tables() else None
    if version is not None and version < OWN_VERSION:
        migrate(database, transaction, version)
    else:
        database.create_tables(transaction, MLMD, OWN)
        _add_rows(transaction)


def _is_complete(transaction: Transaction, url: str, *, read_only: bool = False) -> bool:
    """Whether nothing is missing; raises for a store of another version, or a database of something else."""
    names = transaction.tables()
    needed = {name.lower(): name for name in TABLE_NAMES}
    theirs = names & needed.keys()
    if not names:
        return False
    if not theirs:
        raise StoreError(
            f"{url} is a database of another program: it has the tables {', '.join(sorted(names)[:5])}.",
            hint="Give the metadata store a place of its own.",
            url=url,
        )
    if "mlmdenv" not in theirs:
        raise StoreError(
            f"{url} is a metadata store older than MLMD's schema versions, or damaged.",
            hint=_UPGRADE,
            url=url,
        )
    _check_schema(transaction, url)
    version = version_of(transaction) if "penstock_env" in names else None
    if version is not None:
        check_version(version, url, read_only=read_only)
    missing = sorted(needed.keys() - names)
    if missing:
        lacks = f"The metadata store {url} lacks the table {needed[missing[0]]}."
        raise StoreError(lacks, hint="Restore it from a copy.", url=url)
    seeds = transaction.row("SELECT count(*) FROM Type WHERE name LIKE 'mlmd.%'")
    return version == OWN_VERSION and names.issuperset(OWN.tables) and seeds is not None and seeds[0] >= len(SEEDS)


def _check_schema(transaction: Transaction, url: str) -> None:
    versions = sorted(row[0] for row in transaction.rows("SELECT schema_version FROM MLMDEnv"))
    if versions != [SCHEMA_VERSION]:
        found = ", ".join(map(str, versions)) or "none"
        newer = any(version > SCHEMA_VERSION for version in versions)
        raise StoreError(
            f"The metadata store {url} has MLMD's schema version {found}; this Penstock knows {SCHEMA_VERSION}.",
            hint="Use a newer Penstock, or another store." if newer else _UPGRADE,
            url=url,
        )


def _add_rows(transaction: Transaction) -> None:
    if transaction.row("SELECT 1 FROM MLMDEnv") is None:
        transaction.execute("INSERT INTO MLMDEnv (schema_version) VALUES (?)", SCHEMA_VERSION)
    known = {tuple(row) for row in transaction.rows("SELECT name, type_kind FROM Type WHERE version IS NULL")}
    missing = [seed for seed in SEEDS if seed not in known]
    transaction.many("INSERT INTO Type (name, type_kind) VALUES (?, ?)", missing)
    rows = [("schema_version", str(OWN_VERSION)), ("fence", "0")]
    transaction.many("INSERT INTO penstock_env (key, value) VALUES (?, ?) ON CONFLICT DO NOTHING", rows)
