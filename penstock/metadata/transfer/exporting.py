"""Gives a store out as one SQLite file of MLMD's schema, with the same ids, whatever database it is in."""

from __future__ import annotations

import base64
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Table

from penstock.errors import StoreError
from penstock.metadata.database import Transaction
from penstock.metadata.location import file_of, shown
from penstock.metadata.mlmd.tables import MLMD
from penstock.metadata.sqlite import SqliteDatabase
from penstock.metadata.store import Store
from penstock.metadata.tables import OWN

__all__ = ["Exported", "export_store"]

Progress = Callable[[int, int, str], None]
_PAGE = 20_000
# What concerns processes at work on the store itself: in the copy it would have their payloads swept away.
_LEFT_OUT = ("penstock_lease", "penstock_place")
_BESIDE = ("-wal", "-shm", "-journal")


@dataclass(frozen=True)
class Exported:
    """What an export wrote: the file, its size in bytes, and how many rows of each table."""

    path: Path
    bytes: int
    rows: Mapping[str, int]


def export_store(
    store: Store, url: str, *, own: bool = True, overwrite: bool = False, progress: Progress | None = None
) -> Exported:
    """Writes one moment of a store to a file, which is there as a whole or not at all.

    Args:
        store: The store; runs may go on in it meanwhile.
        url: ``sqlite:///path/file.db``.
        own: Keep Penstock's own tables (cache, digests, runs, verdicts), so that Penstock can go on with the file.
        overwrite: Replace a file that is there.
        progress: Is told how much is done, of how much, and what comes next.

    Raises:
        StoreError: The file is there, is the store itself, or cannot be written.
    """
    path = file_of(url)
    if path is None:
        raise StoreError(f"An export is a file, and {shown(url)} is none.", hint="Use sqlite:///path/file.db.")
    _check(store, path, url, overwrite=overwrite)
    try:
        descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".partial", dir=path.parent)
        os.close(descriptor)
    except OSError as error:
        raise StoreError(
            f"{path} cannot be written: {error.strerror}.", hint="Choose another place.", url=url
        ) from error
    partial = Path(name)
    try:
        rows = _write(store, partial, own=own, tell=progress or (lambda _done, _total, _text: None))
        partial.chmod(0o666 & ~_umask())
        with partial.open("rb") as file:
            os.fsync(file.fileno())
        _check(store, path, url, overwrite=overwrite)
        partial.replace(path)
    except OSError as error:
        raise StoreError(
            f"{path} cannot be written: {error.strerror}.", hint="Choose another place.", url=url
        ) from error
    finally:
        partial.unlink(missing_ok=True)
    return Exported(path, path.stat().st_size, rows)


def _check(store: Store, path: Path, url: str, *, overwrite: bool) -> None:
    own = store.database.path
    if own is not None and own.exists() and path.exists() and path.samefile(own):
        raise StoreError(f"{path} is the store itself.", hint="Name another file.", url=url)
    if not path.parent.is_dir():
        raise StoreError(f"There is no directory {path.parent}.", hint="Make it first.", url=url)
    if path.exists() and not overwrite:
        raise StoreError(f"{path} is there already.", hint="Name another file, or give --overwrite.", url=url)
    for suffix in _BESIDE:
        beside = path.with_name(path.name + suffix)
        if beside.exists():
            raise StoreError(
                f"{beside} is there: another program has {path.name} open, or died with it.",
                hint="Name another file. SQLite would mix it with the new one.",
                url=url,
            )


def _write(store: Store, path: Path, *, own: bool, tell: Progress) -> dict[str, int]:
    tables = [*MLMD.tables.values(), *(OWN.tables.values() if own else ())]
    target = SqliteDatabase(f"sqlite:///{path}")
    written: dict[str, int] = {}
    try:
        with store.database.read() as source, target.write() as transaction:
            target.create_tables(transaction, MLMD, *((OWN,) if own else ()))
            kept = [table for table in tables if table.name not in _LEFT_OUT]
            counts = {table.name: source.row(f"SELECT count(*) FROM {table.name}")[0] for table in kept}
            done, total = 0, sum(counts.values())
            for table in kept:
                written[table.name] = 0
                for page in _pages(source, table):
                    tell(done, total, table.name)
                    _insert(source, transaction, table, page)
                    written[table.name] += len(page)
                    done += len(page)
            tell(total, total, "writing")
    finally:
        target.close()
    return written


def _pages(source: Transaction, table: Table) -> Iterator[Sequence[Any]]:
    """All rows of a table in the order of its key, so many at a time."""
    columns = ", ".join(column.name for column in table.columns)
    keys = [column.name for column in table.primary_key.columns]
    if not keys:
        yield from _paths(source, columns)
        return
    at = [position for position, column in enumerate(table.columns) if column.name in keys]
    names = ", ".join(table.columns[position].name for position in at)
    marks = ", ".join("?" * len(at))
    page = source.rows(f"SELECT {columns} FROM {table.name} ORDER BY {names} LIMIT ?", _PAGE)
    while page:
        yield page
        last = tuple(page[-1][position] for position in at)
        page = source.rows(
            f"SELECT {columns} FROM {table.name} WHERE ({names}) > ({marks}) ORDER BY {names} LIMIT ?", *last, _PAGE
        )


def _paths(source: Transaction, columns: str) -> Iterator[Sequence[Any]]:
    """The steps of events' paths, which have no key but an order within each event."""
    last = source.row("SELECT max(event_id) FROM EventPath")[0] or 0
    for start in range(0, last, _PAGE):
        page = source.rows(
            f"SELECT {columns} FROM EventPath WHERE event_id > ? AND event_id <= ?"
            f" ORDER BY event_id, {source.row_order}",
            start,
            start + _PAGE,
        )
        if page:
            yield page


def _insert(source: Transaction, target: Transaction, table: Table, page: Sequence[Any]) -> None:
    names = [column.name for column in table.columns]
    rows: list[tuple[Any, ...]] = [tuple(row) for row in page]
    if source.raw_bytes and "proto_value" in names:
        at = names.index("proto_value")
        rows = [(*row[:at], _as_text(row[at]), *row[at + 1 :]) for row in rows]
    target.many(f"INSERT INTO {table.name} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})", rows)


def _as_text(message: bytes | None) -> str | None:
    """SQLite keeps messages as base64, see `penstock.metadata.mlmd.values`."""
    return None if message is None else base64.b64encode(bytes(message)).decode()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
