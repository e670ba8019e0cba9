from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from penstock.artifacts import Examples, Model
from penstock.errors import StoreError
from penstock.events import NodeState
from penstock.gates import Verdict
from penstock.metadata import Store
from penstock.metadata.records import Lease, MetricRecord, NewArtifact, RunRecord, StoredArtifact

Publish = Callable[..., dict[str, list[StoredArtifact]]]


def test_what_is_published_is_what_is_read(store: Store) -> None:
    """Artifacts with properties and content, in the order of each output; the execution that made them."""
    examples = Examples("/p/1", properties={"span": 3}, custom_properties={"rows": 10, "note": "x", "ok": True})
    examples.splits = ["train", "eval"]
    lease = store.begin_execution("r1", "gen", "ExampleGen", parameters={"a": [1, None], "b": 2**70, "c": "x"})
    outputs = store.publish(
        lease,
        outputs={
            "examples": [NewArtifact.of(examples, digest="d", size=5), NewArtifact("Examples", "/p/2")],
            "nothing": [],
        },
        key="k",
    )
    assert list(outputs) == ["examples", "nothing"]
    first, second = outputs["examples"]
    assert [store.artifact(first.id), store.artifact(second.id)] == [first, second]
    assert (first.state, first.digest, first.size, first.algorithm) == ("LIVE", "d", 5, "sha256")
    assert (first.pipeline, first.run_id, first.node_id, first.output) == ("taxi", "r1", "gen", "examples")
    loaded = first.load()
    assert isinstance(loaded, Examples)
    assert (loaded.splits, loaded.custom_properties, loaded.id) == (
        ["train", "eval"],
        {"rows": 10, "note": "x", "ok": True},
        first.id,
    )
    execution = store.execution(lease.execution_id)
    assert (execution.component, execution.state, execution.key) == ("ExampleGen", "COMPLETE", "k")
    assert execution.parameters == {"a": [1, None], "b": 2**70, "c": "x"}
    assert execution.outputs == {"examples": [first.id, second.id]}


def test_inputs_are_recorded_by_name_and_place(store: Store, publish: Publish) -> None:
    """Also an artifact that is read under two names."""
    one, two = publish("Gen", {"examples": [NewArtifact("Examples", "/1"), NewArtifact("Examples", "/2")]})["examples"]
    lease = store.begin_execution("r1", "n", "N", inputs={"a": [two.id, one.id], "b": [one.id]})
    assert store.execution(lease.execution_id).inputs == {"a": [two.id, one.id], "b": [one.id]}
    with pytest.raises(StoreError, match="no artifact 99"):
        store.begin_execution("r1", "n", "N", inputs={"a": [99]})


@pytest.mark.parametrize(
    ("outputs", "rest", "message"),
    [
        ({"m": [NewArtifact("Model", "/1", custom_properties={"x": math.nan})]}, {}, "NaN"),
        ({"m": [NewArtifact("Model", "/\0")]}, {}, "NUL"),
        ({"m": [NewArtifact("Model", "/1", {"span": 1})]}, {}, "Model declares no property 'span'"),
        ({"m": [NewArtifact("Examples", "/1", {"span": "1"})]}, {}, "declares INT"),
        ({"m": [NewArtifact("Examples", "/1", declares={"span": str})]}, {}, "with span as INT, not STRING"),
        ({}, {"verdicts": [Verdict("c", "pass", evidence={"x": {1}})]}, "The verdict on c cannot be stored"),
    ],
)
def test_results_that_cannot_be_stored_leave_nothing_behind(
    store: Store, publish: Publish, outputs: Mapping[str, list[NewArtifact]], rest: dict[str, Any], message: str
) -> None:
    """The good half of the results is not there either, and the lease is still held."""
    publish("Gen", {"e": [NewArtifact("Examples", "/0", {"span": 1})]})
    lease = store.begin_execution("r1", "n", "N")
    with pytest.raises(StoreError, match=message):
        store.publish(lease, outputs={"good": [NewArtifact("Schema", "/s")], **outputs}, key="k", **rest)
    assert [artifact.type for artifact in store.artifacts()] == ["Examples"]
    assert store.find_cached("k") is None
    store.heartbeat(lease)
    store.publish(lease, outputs={})


def test_types_come_from_the_artifact_class_or_from_the_values(store: Store, publish: Publish) -> None:
    """Without declarations of its own a type has its class's; an unknown type has what it is given."""
    made = publish(
        "Gen", {"e": [NewArtifact("Examples", "/1", {"version": 2})], "x": [NewArtifact("Odd", "/2", {"w": 0.5})]}
    )
    assert made["e"][0].properties == {"version": 2}
    assert store.artifact(made["x"][0].id).properties == {"w": 0.5}
    assert type(made["x"][0].load()).__name__ == "Artifact"


def test_the_contexts_are_named_as_tfx_names_them(store: Store, taxi: dict[str, StoredArtifact]) -> None:
    """Pipeline, run and node, each with its artifacts and executions; the run lies within the pipeline."""
    with store.database.read() as transaction:
        found = transaction.rows(
            "SELECT t.name, c.name, (SELECT count(*) FROM Attribution a WHERE a.context_id = c.id),"
            " (SELECT count(*) FROM Association a WHERE a.context_id = c.id), p.name"
            " FROM Context c JOIN Type t ON t.id = c.type_id LEFT JOIN ParentContext l ON l.context_id = c.id"
            " LEFT JOIN Context p ON p.id = l.parent_context_id ORDER BY c.id"
        )
    assert len(taxi) == 5
    assert [tuple(row) for row in found] == [
        ("pipeline", "taxi", 5, 5, None),
        ("pipeline_run", "r1", 5, 5, "taxi"),
        ("node", "taxi.examplegen", 1, 1, None),
        ("node", "taxi.transform", 2, 1, None),
        ("node", "taxi.trainer", 3, 1, None),
        ("node", "taxi.evaluator", 3, 1, None),
        ("node", "taxi.pusher", 3, 1, None),
    ]


def test_results_are_found_by_their_key_while_every_artifact_is_live(store: Store, publish: Publish) -> None:
    """The newest under a key wins; one deleted artifact hides the whole."""
    verdict = Verdict("auc", "undefined", observed=math.inf, message="no rows")
    old = publish("A", {"m": [NewArtifact("Model", "/1")]}, key="k")["m"][0]
    new = publish(
        "A",
        {"m": [NewArtifact("Model", "/2"), NewArtifact("Model", "/3")]},
        key="k",
        verdicts=[verdict],
        blocked=True,
        note="n",
    )
    found = store.find_cached("k")
    assert found is not None
    assert found.outputs == new
    assert (found.run_id, found.verdicts, found.blocked, found.note) == ("r1", (verdict,), True, "n")
    assert store.find_cached("other") is None
    with store.database.write() as transaction:
        transaction.execute("UPDATE Artifact SET state = 4 WHERE id = ?", old.id)
    assert store.find_cached("k") is not None
    with store.database.write() as transaction:
        transaction.execute("UPDATE Artifact SET state = 4 WHERE id = ?", new["m"][1].id)
    assert store.find_cached("k") is None
    store.begin_run(RunRecord("r2", "taxi"))
    assert store.reuse("r2", "a", "A", "k", found) is None
    assert store.answer("r2", "a", "A", "q", inputs={}, outputs=found.outputs) is None
    assert store.nodes("r2") == []


def test_a_reuse_gives_the_same_artifacts_again(store: Store, publish: Publish) -> None:
    """The node is REUSED with the verdicts, metrics and the block of the execution that did the work."""
    source = publish("Gen", {"e": [NewArtifact("Examples", "/0")]})["e"][0]
    verdict, metric = Verdict("auc", "fail", observed=0.5), MetricRecord("loss", math.nan, 3)
    made = publish(
        "A",
        {"m": [NewArtifact("Model", "/1")]},
        inputs={"e": [source.id]},
        key="k",
        verdicts=[verdict],
        metrics=[metric],
        blocked=True,
    )
    for name in ("r2", "r3"):
        store.begin_run(RunRecord(name, "taxi"))
        cached = store.find_cached("k")
        assert cached is not None
        execution_id = store.reuse(name, "a", "A", "k", cached, reason="unchanged") or 0
        (node,) = store.nodes(name)
        assert (node.state, node.reason, node.blocked) == (NodeState.REUSED, "unchanged", True)
        execution = store.execution(execution_id)
        assert (execution.state, execution.source_id) == ("CACHED", cached.execution_id)
        assert execution.inputs == {"e": [source.id]}
        assert execution.outputs == {"m": [made["m"][0].id]}
        assert [(one.node_id, one.verdict) for one in store.verdicts(name)] == [("a", verdict)]
        (found,) = store.metrics(execution_id)
        assert (found.name, math.isnan(found.value), found.step) == ("loss", True, 3)
    assert store.artifacts(run="r3") == [store.artifact(made["m"][0].id)]
    assert store.artifact(made["m"][0].id).run_id == "r1"


def test_a_reuse_records_what_it_would_have_read(store: Store, publish: Publish) -> None:
    """An equal artifact of another id, where the launcher says so."""
    one, two = (publish("Gen", {"e": [NewArtifact("Examples", "/0", digest="same")]})["e"][0] for _ in range(2))
    publish("A", {"m": [NewArtifact("Model", "/1")]}, inputs={"e": [one.id]}, key="k")
    cached = store.find_cached("k")
    assert cached is not None
    execution_id = store.reuse("r1", "a2", "A", "k", cached, inputs={"e": [two.id]}, parameters={"p": 1}) or 0
    found = store.execution(execution_id)
    assert (found.inputs, found.parameters) == ({"e": [two.id]}, {"p": 1})


def test_metrics_keep_exact_numbers(store: Store) -> None:
    """Infinities and NaN, which SQLite has not, and doubles to the last bit, in the order recorded."""
    values = [math.inf, -math.inf, math.nan, 1e-9, 1 / 3, 5e-324]
    lease = store.begin_execution("r1", "n", "N")
    store.publish(lease, outputs={}, metrics=[("loss", value, step) for step, value in enumerate(values)])
    found = store.metrics(lease.execution_id)
    assert str([metric.value for metric in found]) == str(values)
    assert [metric.step for metric in found] == list(range(6))


def test_verdicts_keep_every_member(store: Store) -> None:
    """Interval, baseline, n and message, and numbers that JSON has not."""
    full = Verdict("auc", "fail", "hour=4", 0.7, 0.8, ">=", -math.inf, (0.6, 0.75), 123, "Too low.", {"rows": [1, 2]})
    lease = store.begin_execution("r1", "gate", "Gate")
    store.publish(lease, outputs={}, verdicts=[full, Verdict("x", "pass")])
    assert [one.verdict for one in store.verdicts("r1")] == [full, Verdict("x", "pass")]


def test_the_answer_of_a_resolver_is_no_new_artifact(store: Store, taxi: dict[str, StoredArtifact]) -> None:
    """The first answer completes the node, the same key later counts as reused; no answer is an answer too."""
    model = taxi["model"]
    asked: dict[str, Any] = {"inputs": {"other": [model.id]}, "reason": "Model 3"}
    for name, reused in (("r2", False), ("r3", True)):
        store.begin_run(RunRecord(name, "taxi"))
        assert store.answer(name, "latest", "Latest", "k", outputs={"model": [model]}, **asked) is reused
        assert store.answer(name, "none", "Latest", "none", outputs={"model": []}, inputs={}) is reused
        states = {node.node_id: node.state for node in store.nodes(name)}
        wanted = NodeState.REUSED if reused else NodeState.COMPLETE
        assert states == {"latest": wanted, "none": wanted}
    assert len(store.artifacts()) == 5
    assert store.artifact(model.id).node_id == "trainer"
    assert store.artifacts(run="r3") == [store.artifact(model.id)]


@pytest.mark.parametrize("act", ["heartbeat", "publish", "fail"])
def test_who_lost_the_lease_changes_nothing(store: Store, act: str) -> None:
    """A wrong fence is refused for every act, names the node, and leaves neither artifact nor state."""
    lease = store.begin_execution("r1", "trainer", "Trainer")
    stale = Lease(lease.execution_id, lease.fence - 1, "r1", "trainer", 60)
    calls: dict[str, Callable[[], object]] = {
        "heartbeat": lambda: store.heartbeat(stale),
        "publish": lambda: store.publish(stale, outputs={"m": [NewArtifact("Model", "/1")]}, key="k"),
        "fail": lambda: store.fail(stale),
    }
    with pytest.raises(StoreError, match="trainer of run r1 no longer holds its lease"):
        calls[act]()
    assert store.artifacts() == []
    assert store.find_cached("k") is None
    assert store.nodes("r1")[0].state is NodeState.RUNNING
    store.publish(lease, outputs={"m": [NewArtifact.of(Model("/1"))]})
    with pytest.raises(StoreError, match="no longer holds"):
        store.publish(lease, outputs={"m": [NewArtifact("Model", "/1")]})
    assert len(store.artifacts()) == 1


def test_fences_rise_over_the_whole_store(store: Store) -> None:
    """A later lease has a higher number than every earlier one."""
    fences = [store.begin_execution("r1", f"n{at}", "N").fence for at in range(5)]
    assert fences == sorted(set(fences))
