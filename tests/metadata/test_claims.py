from __future__ import annotations

import subprocess
import sys
import threading
from dataclasses import replace

import pytest

from penstock.errors import StoreError
from penstock.events import NodeState
from penstock.metadata import Store
from penstock.metadata.executions import Attempt
from penstock.metadata.owners import process_owner
from penstock.metadata.records import Abandoned, Holder, Lease, NewArtifact, RunRecord
from tests.metadata.databases import ON_SQLITE

ATTEMPT = Attempt("r1", "trainer", "Trainer", key="k", places=lambda number: (f"/place/{number}", f"/tmp/{number}"))


def taken(found: object) -> Lease:
    """A claim that succeeded."""
    assert isinstance(found, Lease)
    return found


@pytest.fixture
def dead_owner() -> str:
    """The owner that a process was which has died."""
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    owner = process_owner(process.pid)
    process.communicate(b"\n")
    return owner


def set_owner(store: Store, lease: Lease, owner: str) -> None:
    """As if another process had begun the execution."""
    with store.database.write() as transaction:
        for table in ("penstock_lease", "penstock_place"):
            transaction.execute(f"UPDATE {table} SET owner = ? WHERE execution_id = ?", owner, lease.execution_id)


def test_a_key_is_claimed_once(store: Store) -> None:
    """Who comes second is told who computes it; another key is free; who does not care begins in any case."""
    lease = taken(store.claim(ATTEMPT))
    assert store.holder("k") == Holder(lease.execution_id, "r1", "trainer")
    assert store.claim(replace(ATTEMPT, node_id="other")) == Holder(lease.execution_id, "r1", "trainer")
    assert taken(store.claim(replace(ATTEMPT, key="l"))).fence > lease.fence
    assert taken(store.claim(ATTEMPT, alone=False)).fence > lease.fence
    assert taken(store.claim(replace(ATTEMPT, key=None))).execution_id


def test_a_result_that_the_claimant_has_not_seen_is_told(store: Store) -> None:
    """Published since it looked: it looks again. One that it has seen and cannot use does not keep it waiting."""
    lease = taken(store.claim(ATTEMPT))
    store.publish(lease, outputs={"model": [NewArtifact("Model", "/1")]}, key="k")
    assert store.holder("k") is None
    assert store.claim(ATTEMPT) is None
    assert store.claim(ATTEMPT, known=lease.execution_id + 1) is None
    again = taken(store.claim(ATTEMPT, known=lease.execution_id))
    store.publish(again, outputs={"model": [NewArtifact("Model", "/2")]}, key="k")
    assert store.claim(ATTEMPT, known=lease.execution_id) is None


def test_a_failed_holder_leaves_the_key_free(store: Store) -> None:
    """Whoever asks next computes it."""
    store.fail(taken(store.claim(ATTEMPT)), NodeState.FAILED)
    assert store.holder("k") is None
    assert taken(store.claim(ATTEMPT))


def test_a_dead_holder_loses_the_key_and_cannot_publish(store: Store, dead_owner: str) -> None:
    """It is buried when the key is claimed: its execution is failed, and its lease taken back."""
    store.begin_run(RunRecord("r2", "taxi"))
    dead = taken(store.claim(ATTEMPT))
    set_owner(store, dead, dead_owner)
    assert store.holder("k") is None
    lease = taken(store.claim(replace(ATTEMPT, run_id="r2")))
    assert lease.fence > dead.fence
    assert store.execution(dead.execution_id).state == "FAILED"
    with pytest.raises(StoreError, match="no longer holds its lease"):
        store.publish(dead, outputs={"model": [NewArtifact("Model", "/1")]}, key="k")
    assert store.find_cached("k") is None
    assert store.holder("k") == Holder(lease.execution_id, "r2", "trainer")


def test_a_holder_that_stopped_renewing_loses_the_key(store: Store) -> None:
    """Also if its process lives: it was stopped for longer than its lease."""
    stopped = taken(store.claim(ATTEMPT, lease_seconds=-1))
    assert store.holder("k") is None
    assert taken(store.claim(ATTEMPT)).fence > stopped.fence
    with pytest.raises(StoreError, match="no longer holds its lease"):
        store.heartbeat(stopped)


def test_of_many_at_once_one_gets_the_key(store: Store) -> None:
    """Eight threads claim it at one moment."""
    barrier = threading.Barrier(8)
    found: list[object] = []

    def claim() -> None:
        barrier.wait()
        found.append(store.claim(ATTEMPT))

    threads = [threading.Thread(target=claim) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (lease,) = [one for one in found if isinstance(one, Lease)]
    assert found.count(Holder(lease.execution_id, "r1", "trainer")) == 7


def test_where_an_execution_writes_is_known_until_it_publishes(store: Store, dead_owner: str) -> None:
    """It is garbage only if it ended without publishing, and its process is dead."""
    published, failed, cleared, running = (taken(store.claim(ATTEMPT, alone=False)) for _ in range(4))
    store.publish(published, outputs={})
    store.fail(failed)
    store.fail(cleared, cleared=True)
    assert store.abandoned() == []
    for lease in (published, failed, cleared, running):
        set_owner(store, lease, dead_owner)
    number = failed.execution_id
    left = Abandoned(number, f"/place/{number}", f"/tmp/{number}")
    assert store.abandoned() == [left]
    store.recover()
    assert [one.execution_id for one in store.abandoned()] == [number, running.execution_id]
    store.forget_places([number, running.execution_id])
    assert store.abandoned() == []


def test_of_a_process_on_another_host_it_is_garbage_after_a_day(store: Store) -> None:
    """Whether such a process lives cannot be told."""
    lease = taken(store.claim(ATTEMPT, lease_seconds=-1))
    set_owner(store, lease, "elsewhere:1:1")
    store.recover()
    assert store.abandoned() == []
    with store.database.write() as transaction:
        day = 24 * 3600 * 1000
        transaction.execute("UPDATE Execution SET last_update_time_since_epoch = ?", transaction.now - day - 1)
    assert [one.execution_id for one in store.abandoned()] == [lease.execution_id]


@ON_SQLITE
def test_what_is_begun_is_on_the_disk(store: Store) -> None:
    """A durable transaction waits for the disk, as no other does, and says so to its connection alone."""
    with store.database.write(durable=True) as transaction:
        assert transaction.row("PRAGMA synchronous")[0] == 2
    with store.database.write() as transaction:
        assert transaction.row("PRAGMA synchronous")[0] == 1
