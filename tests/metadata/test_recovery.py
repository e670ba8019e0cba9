from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

from penstock.errors import StoreError
from penstock.events import NodeState, RunState
from penstock.metadata import Store
from penstock.metadata.database import now_ms
from penstock.metadata.owners import is_alive, process_owner
from penstock.metadata.records import NewArtifact, Recovery, RunRecord


@pytest.fixture
def dead_owner() -> str:
    """The owner that a process was which has died."""
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    owner = process_owner(process.pid)
    assert is_alive(owner) is True
    process.communicate(b"\n")
    return owner


def test_a_process_is_told_from_a_later_one_of_its_number(dead_owner: str) -> None:
    """By the time it started; of another host nothing is known."""
    host, pid, start = process_owner().rsplit(":", 2)
    assert is_alive(process_owner()) is True
    assert is_alive(f"{host}:{pid}:{int(start) + 1}") is False
    assert is_alive(dead_owner) is False
    assert is_alive(f"elsewhere:{os.getpid()}:{start}") is None
    assert [is_alive(one) for one in (None, "", "x", "a:b:c")] == [None] * 4


def test_a_process_that_has_ended_but_was_not_waited_for_is_dead() -> None:
    """A zombie does no work any more."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    owner = process_owner(process.pid)
    deadline = time.monotonic() + 20
    while is_alive(owner) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert is_alive(owner) is False
    process.wait()


def test_what_is_alive_is_left_alone(store: Store) -> None:
    """A run of this process with a lease that is kept."""
    lease = store.begin_execution("r1", "n", "N")
    assert store.recover() == Recovery()
    store.publish(lease, outputs={})


def test_a_lease_that_ran_out_is_lost(store: Store) -> None:
    """Its execution, node and run are failed, with the reason; who comes back too late cannot publish."""
    store.begin_run(RunRecord("r2", "taxi", owner="elsewhere:1:1"))
    lease = store.begin_execution("r2", "trainer", "Trainer", owner="elsewhere:1:1", lease_seconds=60)
    assert store.recover() == Recovery()
    store.heartbeat(lease)
    assert store.recover(now_ms() + 59_000) == Recovery()
    assert store.recover(now_ms() + 61_000) == Recovery((lease.execution_id,), ("r2",))
    (node,) = store.nodes("r2")
    assert (node.state, store.run("r2").state) == (NodeState.FAILED, RunState.FAILED)
    assert "its lease ran out 1 s ago (elsewhere:1:1)" in node.reason
    assert store.execution(lease.execution_id).state == "FAILED"
    with pytest.raises(StoreError, match="no longer holds its lease"):
        store.publish(lease, outputs={"m": [NewArtifact("Model", "/1")]})
    assert store.artifacts() == []
    assert store.recover(now_ms() + 61_000) == Recovery()
    assert store.run("r1").state is RunState.RUNNING


def test_what_a_dead_process_left_is_failed_at_once(store: Store, dead_owner: str) -> None:
    """Without waiting for its lease, and also a run that died between two nodes."""
    store.begin_run(RunRecord("r2", "taxi", owner=dead_owner))
    store.begin_run(RunRecord("r3", "taxi", owner=dead_owner))
    store.begin_run(RunRecord("r4", "taxi", owner=dead_owner))
    store.end_run("r4", RunState.COMPLETE)
    lease = store.begin_execution("r2", "n", "N", owner=dead_owner, lease_seconds=3600)
    assert store.recover() == Recovery((lease.execution_id,), ("r2", "r3"))
    assert f"its process died ({dead_owner})" in store.nodes("r2")[0].reason
    assert {run.id: run.state for run in store.runs()} == {
        "r1": RunState.RUNNING,
        "r2": RunState.FAILED,
        "r3": RunState.FAILED,
        "r4": RunState.COMPLETE,
    }


def test_recovery_takes_no_lock_where_nothing_is_dead(store: Store) -> None:
    """It is done at every start, also while another run writes."""
    with store.database.write():
        assert store.recover() == Recovery()
