from __future__ import annotations

from penstock.errors import NodeError
from penstock.events import NodeState
from penstock.metadata import Store
from penstock.metadata.records import NewArtifact, RunRecord
from penstock.storage.input_files import FileFacts

FACTS = FileFacts("/data/trips.csv", 2**63 + 1, 2**64 - 1, 10, 1_700_000_000_000_000_001, 2)


def _execute(store: Store, run: str, node: str, key: str, *, size: int = 0, fail: bool = False) -> int:
    lease = store.begin_execution(run, node, "Maker", key=key, reason=f"because of {key}")
    if fail:
        store.fail(lease, error=NodeError("It broke."))
    else:
        made = NewArtifact("Examples", f"/p/{key}", digest=key, size=size)
        store.publish(lease, outputs={"examples": [made]}, key=key)
    return lease.execution_id


def test_executions_come_with_what_their_keys_were_made_of(store: Store) -> None:
    """The newest first, by pipeline, node or component, before another; without parts they are left out."""
    store.begin_run(RunRecord("other", "other"))
    for key in ("k1", "k2", "k3"):
        store.put_key(key, {"parameters": {"key": key}})
    first = _execute(store, "r1", "Make", "k1")
    second = _execute(store, "r1", "Make", "k2", fail=True)
    third = _execute(store, "other", "Make", "k3")
    _execute(store, "r1", "Make", "unknown")
    found = store.keyed_executions(pipeline="taxi", node="Make", limit=9)
    assert [(one.id, one.key, one.state) for one in found] == [(second, "k2", "FAILED"), (first, "k1", "COMPLETE")]
    assert found[0].parts == {"parameters": {"key": "k2"}}
    assert [one.id for one in store.keyed_executions(component="Maker", limit=9)] == [third, second, first]
    assert [one.id for one in store.keyed_executions(node="Make", before=second)] == [first]
    assert store.keyed_executions(component="Other") == []


def test_the_parts_of_a_key_are_kept_once(store: Store) -> None:
    """The same key again changes nothing: its parts are what they were."""
    store.put_key("k", {"a": 1}, {"s1": {"f": "1"}})
    store.put_key("k", {"a": 2}, {"s1": {"f": "1"}, "s2": {"g": "2"}})
    _execute(store, "r1", "Make", "k")
    assert store.keyed_executions(node="Make")[0].parts == {"a": 1}
    assert store.sources(["s1", "s2", "s3"]) == {"s1": {"f": "1"}, "s2": {"g": "2"}}


def test_a_node_keeps_the_reason_it_began_with(store: Store) -> None:
    """A node that is complete says why it ran; one that failed says how."""
    _execute(store, "r1", "Good", "k1")
    _execute(store, "r1", "Bad", "k2", fail=True)
    reasons = {node.node_id: (node.state, node.reason) for node in store.nodes("r1")}
    assert reasons == {"Good": (NodeState.COMPLETE, "because of k1"), "Bad": (NodeState.FAILED, "It broke.")}


def test_costs_are_of_those_who_did_the_work(store: Store) -> None:
    """Bytes are those of all outputs; failures and reuse do not count."""
    _execute(store, "r1", "Make", "k1", size=100)
    for run in ("r2", "r3"):
        store.begin_run(RunRecord(run, "taxi"))
    cached = store.find_cached("k1")
    assert cached is not None
    store.reuse("r2", "Make", "Maker", "k1", cached, "unchanged")
    _execute(store, "r3", "Make", "k2", size=300)
    costs = store.costs("taxi", "Make")
    assert [cost.bytes for cost in costs] == [300, 100]
    assert all(cost.seconds >= 0 for cost in costs)
    assert store.costs("taxi", "Other") == []


def test_a_file_is_remembered_with_all_its_facts(store: Store) -> None:
    """Only when nothing that the file system says of it differs; a later digest takes the place of the first."""
    store.remember_files({FACTS: "d1"})
    assert store.recall_files([FACTS]) == {"/data/trips.csv": "d1"}
    for field in ("device", "inode", "size", "mtime_ns", "ctime_ns"):
        changed = FACTS._replace(**{field: getattr(FACTS, field) - 1})
        assert store.recall_files([changed]) == {}, field
    store.remember_files({FACTS._replace(size=11): "d2"})
    assert store.recall_files([FACTS]) == {}
    assert store.recall_files([FACTS._replace(size=11)]) == {"/data/trips.csv": "d2"}
