from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from penstock.metadata import Store
from penstock.metadata.database import Transaction
from penstock.metadata.lineage import Direction
from penstock.metadata.mlmd.links import Event, EventType, put_events
from penstock.metadata.mlmd.nodes import Artifact, Execution, insert
from penstock.metadata.mlmd.types import Type, TypeKind, put_type
from penstock.metadata.records import Edge, NewArtifact, RunRecord, StoredArtifact
from tests.metadata.databases import ON_SQLITE

Publish = Callable[..., dict[str, list[StoredArtifact]]]


def test_upwards_lies_everything_that_a_model_was_made_from(store: Store, taxi: dict[str, StoredArtifact]) -> None:
    """From the pushed model back to the examples, with every edge between them."""
    found = store.lineage(taxi["pushed_model"].id, "up")
    assert dict(found.artifacts) == {one.id: one for one in taxi.values()}
    assert {one.component for one in found.executions.values()} == {
        "ExampleGen",
        "Transform",
        "Trainer",
        "Evaluator",
        "Pusher",
    }
    trainer = taxi["model"].execution_id or 0
    assert {edge for edge in found.edges if edge.execution_id == trainer} == {
        Edge(taxi["examples"].id, trainer, "input", "examples"),
        Edge(taxi["transform_graph"].id, trainer, "input", "transform_graph"),
        Edge(taxi["model"].id, trainer, "output", "model"),
    }


def test_downwards_lies_everything_that_was_made_from_examples(store: Store, taxi: dict[str, StoredArtifact]) -> None:
    """And nothing above: the transform graph's descendants leave the Transform node out."""
    assert set(store.lineage(taxi["examples"].id, "down").artifacts) == {one.id for one in taxi.values()}
    below = store.lineage(taxi["transform_graph"].id, "down")
    assert {one.component for one in below.executions.values()} == {"Trainer", "Evaluator", "Pusher"}


def test_a_depth_bounds_the_way(store: Store, taxi: dict[str, StoredArtifact]) -> None:
    """It counts executions; none gives the artifact alone."""
    for depth, wanted in [
        (0, {"pushed_model"}),
        (1, {"pushed_model", "model", "blessing"}),
        (2, {"pushed_model", "model", "blessing", "examples", "transform_graph"}),
    ]:
        found = store.lineage(taxi["pushed_model"].id, "up", depth=depth)
        assert set(found.artifacts) == {taxi[name].id for name in wanted}
    assert len(store.lineage(taxi["examples"].id, "down", depth=1).executions) == 3


def test_reuse_and_resolvers_add_nothing(store: Store, publish: Publish, taxi: dict[str, StoredArtifact]) -> None:
    """Where an artifact comes from is the execution that made it, not those that handed it on."""
    before = store.lineage(taxi["model"].id, "up"), store.lineage(taxi["model"].id, "down")
    publish("Echo", {"e": [NewArtifact("Examples", "/9")]}, key="k")
    store.begin_run(RunRecord("r2", "taxi"))
    cached = store.find_cached("k")
    assert cached is not None
    store.reuse("r2", "echo", "Echo", "k", cached, inputs={"m": [taxi["model"].id]})
    store.answer("r2", "latest", "Latest", "a", inputs={"m": [taxi["pushed_model"].id]}, outputs={"m": [taxi["model"]]})
    assert (store.lineage(taxi["model"].id, "up"), store.lineage(taxi["model"].id, "down")) == before


def test_siblings_and_second_inputs_lie_beside_the_way(store: Store, publish: Publish) -> None:
    """Upwards another output of the same execution is left out, downwards another input."""
    a = publish("Gen", {"a": [NewArtifact("Examples", "/a")], "b": [NewArtifact("Schema", "/b")]})
    made = publish("T", {"m": [NewArtifact("Model", "/m")]}, inputs={"a": [a["a"][0].id], "b": [a["b"][0].id]})
    assert set(store.lineage(a["a"][0].id, "up").artifacts) == {a["a"][0].id}
    assert set(store.lineage(a["a"][0].id, "down").artifacts) == {a["a"][0].id, made["m"][0].id}


def test_ladders_of_diamonds_are_walked_once(store: Store) -> None:
    """Forty steps with two ways each would be 2^40 paths; every artifact is visited once, with and without a depth."""
    with store.database.write() as transaction:
        put_type(transaction, Type(TypeKind.ARTIFACT, "Thing"))
        put_type(transaction, Type(TypeKind.EXECUTION, "Step"))
        things = [int(one.id or 0) for one in insert(transaction, [Artifact(type="Thing")] * 82)]
        steps = [int(one.id or 0) for one in insert(transaction, [Execution(type="Step")] * 40)]
        for at, step in enumerate(steps):
            read, made = things[2 * at : 2 * at + 2], things[2 * at + 2 : 2 * at + 4]
            put_events(transaction, [Event(one, step, EventType.INPUT) for one in read])
            put_events(transaction, [Event(one, step, EventType.OUTPUT) for one in made])
    began = time.monotonic()
    for depth in (None, 100):
        assert len(store.lineage(things[-1], "up", depth=depth).artifacts) == 81
        assert len(store.lineage(things[0], "down", depth=depth).artifacts) == 81
    assert time.monotonic() - began < 10


def test_circles_end(store: Store) -> None:
    """Other programs may write an execution that reads what it makes."""
    with store.database.write() as transaction:
        put_type(transaction, Type(TypeKind.ARTIFACT, "Thing"))
        put_type(transaction, Type(TypeKind.EXECUTION, "Step"))
        (thing,) = insert(transaction, [Artifact(type="Thing")])
        (step,) = insert(transaction, [Execution(type="Step")])
        put_events(
            transaction, [Event(thing.id or 0, step.id or 0, one) for one in (EventType.INPUT, EventType.OUTPUT)]
        )
    found = store.lineage(thing.id or 0, "up")
    assert {edge.direction for edge in found.edges} == {"input", "output"}


@ON_SQLITE
@pytest.mark.parametrize("direction", ["up", "down"])
@pytest.mark.parametrize("depth", [None, 10])
def test_no_table_is_read_from_end_to_end(
    store: Store,
    taxi: dict[str, StoredArtifact],
    monkeypatch: pytest.MonkeyPatch,
    direction: Direction,
    depth: int | None,
) -> None:
    """What the walk costs depends on what it finds and not on how much there is: SQLite looks all up in an index."""
    plans: list[str] = []

    def explained(self: Transaction, sql: str, *values: Any) -> Any:
        if not sql.endswith(" LIMIT 1"):  # whether a table has any row, its first one says
            plans.extend(row[3] for row in query(self, f"EXPLAIN QUERY PLAN {sql}", *values))
        return query(self, sql, *values)

    query = Transaction.rows
    monkeypatch.setattr(Transaction, "rows", explained)
    assert len(store.lineage(taxi["model"].id, direction, depth=depth).executions) == (3 if direction == "up" else 2)
    assert len(plans) > 20
    assert {plan for plan in plans if plan.startswith("SCAN")} == {"SCAN seen", "SCAN CONSTANT ROW"}
    assert not [plan for plan in plans if "AUTOMATIC" in plan]
