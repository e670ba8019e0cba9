from __future__ import annotations

from pathlib import Path

import pytest

from penstock.events import NodeState, RunState
from penstock.metadata import Store, open_store, reconciliation
from penstock.metadata.database import Transaction
from penstock.metadata.mlmd import links
from penstock.metadata.mlmd.links import Event, EventType
from penstock.metadata.mlmd.nodes import (
    Artifact,
    ArtifactState,
    Context,
    Execution,
    ExecutionState,
    fetch,
    insert,
    update,
)
from penstock.metadata.mlmd.types import Type, TypeKind, put_type
from penstock.metadata.records import NewArtifact, RunRecord, StoredArtifact
from tests.metadata.conftest import Publish
from tests.metadata.databases import ON_SQLITE


def _run_elsewhere(transaction: Transaction, run: str, *states: ExecutionState) -> list[int]:
    """A run as TFX writes it: executions one after another in the contexts of a pipeline, a run and a node."""
    for kind in ("pipeline", "pipeline_run", "node"):
        put_type(transaction, Type(TypeKind.CONTEXT, kind))
    put_type(transaction, Type(TypeKind.EXECUTION, "tfx.some.component.Step"))
    there = transaction.row("SELECT id FROM Context WHERE name = 'other'")
    pipeline = int(there[0] if there else insert(transaction, [Context(type="pipeline", name="other")])[0].id or 0)
    (of_run,) = insert(transaction, [Context(type="pipeline_run", name=run)])
    links.put_parents(transaction, [(of_run.id or 0, pipeline)])
    made = insert(transaction, [Execution(type="tfx.some.component.Step", state=state) for state in states])
    for number, one in enumerate(made):
        (node,) = insert(transaction, [Context(type="node", name=f"other.step{number}.{run}")])
        links.associate(transaction, [pipeline, of_run.id or 0, node.id or 0], [one.id or 0])
    return [one.id or 0 for one in made]


def test_a_run_of_another_tool_is_noticed_when_the_store_is_opened(store: Store, url: str) -> None:
    """For writing and for reading; while it goes on, and again when it has ended."""
    with store.database.write() as transaction:
        first, second = _run_elsewhere(transaction, "tfx", ExecutionState.COMPLETE, ExecutionState.RUNNING)
    assert [one.id for one in store.runs()] == ["r1"]
    with open_store(url, read_only=True) as reader:
        (run,) = reader.runs("other")
        assert (run.id, run.state, run.origin, run.ended_ms) == ("tfx", RunState.RUNNING, "ml-metadata", None)
        assert [one.state for one in reader.nodes("tfx")] == [NodeState.COMPLETE, NodeState.RUNNING]
    with store.database.write() as transaction:
        transaction.now += 5000
        update(transaction, Execution(**{**fetch(transaction, Execution, [second])[second].__dict__, "state": 4}))
    with open_store(url) as writer:
        (run,) = writer.runs("other")
        assert (run.state, writer.nodes("tfx")[1].state) == (RunState.FAILED, NodeState.FAILED)
        assert (writer.nodes("tfx")[1].seconds or 0) >= 5
    assert first < second


def test_our_own_runs_are_never_touched(store: Store, url: str, publish: Publish) -> None:
    """An execution that a tool puts into a run of ours is in MLMD's tables, and the run stays as it is."""
    publish("Make", {"out": [NewArtifact("Model", "/m")]})
    with store.database.write() as transaction:
        put_type(transaction, Type(TypeKind.EXECUTION, "Alien"))
        (alien,) = insert(transaction, [Execution(type="Alien", state=ExecutionState.RUNNING)])
        (context,) = transaction.row("SELECT id FROM Context WHERE name = 'r1'")
        links.associate(transaction, [context], [alien.id or 0])
    with open_store(url) as again:
        (run,) = again.runs()
        assert (run.id, run.state, run.origin) == ("r1", RunState.RUNNING, None)
        assert [one.node_id for one in again.nodes("r1")] == ["make"]
        assert again.execution(alien.id or 0).component == "Alien"


@pytest.mark.parametrize("read_only", [False, True])
def test_results_that_another_tool_deleted_leave_the_index(
    store: Store, url: str, publish: Publish, read_only: bool
) -> None:
    """An artifact that is no longer LIVE takes its result out of the cache's index; others stay."""
    for name in ("a", "b"):
        publish(name, {"out": [NewArtifact("Model", f"/{name}")]}, key=name)
    with store.database.write() as transaction:
        one = fetch(transaction, Artifact, [1])[1]
        update(transaction, Artifact(**{**one.__dict__, "state": ArtifactState.DELETED}))
    open_store(url, read_only=read_only).close()
    with store.database.read() as transaction:
        assert [row[0] for row in transaction.rows("SELECT key FROM penstock_cache")] == ["b"]


def test_nothing_is_written_where_nothing_is_new(store: Store, url: str, taxi: dict[str, StoredArtifact]) -> None:
    """Opening a store that only Penstock wrote asks a few questions and takes no lock."""
    assert taxi
    with store.database.write():  # held while the other opens
        open_store(url).close()
    assert reconciliation.reconcile(store.database) == reconciliation.Reconciliation()


def test_what_was_seen_is_not_looked_at_again(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """The mark moves on where much is new, and still leaves room for ids that come late."""
    monkeypatch.setattr(reconciliation, "_ROOM_IDS", 3)
    for number in range(6):
        store.begin_execution("r1", f"n{number}", "N")
    reconciliation.reconcile(store.database)
    with store.database.read() as transaction:
        assert reconciliation._marks(transaction)[0] == 6
    with store.database.write() as transaction:
        _run_elsewhere(transaction, "late", ExecutionState.COMPLETE)
    assert reconciliation.reconcile(store.database).runs == ("late",)
    assert reconciliation.reconcile(store.database).runs == ()


@ON_SQLITE
def test_a_reader_that_may_not_write_reads_what_is_there(store: Store, url: str, tmp_path: Path) -> None:
    """Another process holds the file, or the directory is closed: the reader is not hindered."""
    with store.database.write() as transaction:
        _run_elsewhere(transaction, "tfx", ExecutionState.COMPLETE)
    store.close()
    directory = tmp_path / "state"
    directory.chmod(0o555)
    (directory / "metadata.db").chmod(0o444)
    try:
        with open_store(url, read_only=True) as reader:
            assert "r1" in [one.id for one in reader.runs()]
    finally:
        directory.chmod(0o755)


def test_a_run_without_executions_or_contexts_does_no_harm(store: Store, url: str) -> None:
    """A run whose executions are in no pipeline and no node is named after what is known."""
    with store.database.write() as transaction:
        put_type(transaction, Type(TypeKind.EXECUTION, "a.b.Loose"))
        (of_run,) = insert(transaction, [Context(type="pipeline_run", name="loose")])
        (one,) = insert(transaction, [Execution(type="a.b.Loose")])
        links.associate(transaction, [of_run.id or 0], [one.id or 0])
        put_type(transaction, Type(TypeKind.ARTIFACT, "Thing"))
        (thing,) = insert(transaction, [Artifact(type="Thing", uri="/t")])
        links.put_events(transaction, [Event(thing.id or 0, one.id or 0, EventType.OUTPUT)])
    store.begin_run(RunRecord("r2", "taxi"))
    with open_store(url) as again:
        (run,) = again.runs("unknown")
        (node,) = again.nodes(run.id)
        assert (node.node_id, node.component, node.state) == ("Loose", "Loose", NodeState.FAILED)
        assert "UNKNOWN" in node.reason
        assert again.artifact(thing.id or 0).run_id == "loose"
