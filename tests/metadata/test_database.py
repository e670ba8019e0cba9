from __future__ import annotations

import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from penstock.errors import StoreError
from penstock.metadata import Store, open_store
from penstock.metadata.database import Database
from penstock.metadata.records import NewArtifact, RunRecord
from tests.metadata.databases import ON_SQLITE


@ON_SQLITE
def test_the_file_is_in_wal_mode_so_that_readers_never_wait(store: Store, url: str, tmp_path: Path) -> None:
    """A reader sees the last committed state while a writer is at work."""
    with store.database.write() as transaction:
        transaction.execute("UPDATE penstock_run SET pipeline = 'changed'")
        with open_store(url, read_only=True) as reader:
            assert reader.run("r1").pipeline == "taxi"
            assert (tmp_path / "state" / "metadata.db-wal").exists()
    assert store.run("r1").pipeline == "changed"


def test_a_transaction_that_fails_changes_nothing(store: Store) -> None:
    """Whatever the exception, and the store can be used afterwards."""
    with pytest.raises(ZeroDivisionError), store.database.write() as transaction:
        transaction.execute("DELETE FROM penstock_run")
        1 / 0  # noqa: B018 - any exception will do
    assert store.run().id == "r1"


@ON_SQLITE
def test_a_writer_that_waits_too_long_says_so(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message says that another process holds the lock, and how long was waited."""
    monkeypatch.setattr(Database, "busy_seconds", 0.1)
    with closing(sqlite3.connect(tmp_path / "state" / "metadata.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with open_store(store.url) as impatient, pytest.raises(StoreError, match="locked by another process"):
            impatient.begin_run(RunRecord("r2", "taxi"))


@ON_SQLITE
def test_a_full_disk_is_named_and_nothing_is_written(store: Store) -> None:
    """SQLite's own limit of pages stands for the disk's."""
    with pytest.raises(StoreError, match=r"the disk is full\.\nFree some space"), store.database.write() as transaction:
        (pages,) = transaction.row("PRAGMA page_count")
        transaction.row(f"PRAGMA max_page_count = {pages + 5}")
        transaction.execute("UPDATE penstock_run SET plan = ?", "x" * 1_000_000)
    assert store.run("r1").plan is None


def test_threads_share_a_store(store: Store) -> None:
    """Eight threads publish and read at once; every result is there, whole."""
    barrier = threading.Barrier(8)

    def work(thread: int) -> None:
        barrier.wait()
        for number in range(10):
            lease = store.begin_execution("r1", f"node{thread}", f"Component{thread}")
            new = NewArtifact("Model", f"/{thread}/{number}", digest=f"{thread}.{number}")
            made = store.publish(lease, outputs={"model": [new]}, key=f"{thread}.{number}")["model"][0]
            assert store.artifact(made.id).uri == f"/{thread}/{number}"
            assert store.find_cached(f"{thread}.{number}") is not None

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    assert {artifact.digest for artifact in store.artifacts(limit=100)} == {
        f"{t}.{n}" for t in range(8) for n in range(10)
    }


def test_long_lists_of_keys_are_asked_for_in_parts(store: Store) -> None:
    """More ids than a statement may have parameters."""
    with store.database.read() as transaction:
        found = transaction.rows_in("SELECT id FROM Type WHERE id IN ({}) AND type_kind = ?", range(100_000), 1)
    assert [row[0] for row in found] == [1, 2, 3, 4]
