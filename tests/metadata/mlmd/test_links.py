from __future__ import annotations

from dataclasses import replace

import pytest

from penstock.errors import StoreError
from penstock.metadata import Store
from penstock.metadata.mlmd import links
from penstock.metadata.mlmd.links import Event, EventType
from penstock.metadata.mlmd.nodes import Artifact, Context, Execution, insert
from penstock.metadata.mlmd.queries import find
from penstock.metadata.mlmd.types import Type, TypeKind, put_type


@pytest.fixture
def nodes(store: Store) -> None:
    """Artifacts 1 and 2, executions 1 and 2, and three more contexts than the store has."""
    with store.database.write() as transaction:
        for kind in TypeKind:
            put_type(transaction, Type(kind, "T"))
        insert(transaction, [Artifact(type="T"), Artifact(type="T")])
        insert(transaction, [Execution(type="T"), Execution(type="T")])
        insert(transaction, [Context(type="T", name=name) for name in "abc"])


@pytest.mark.usefixtures("nodes")
def test_events_come_back_with_their_paths_in_order(store: Store) -> None:
    """A path of keys and indices keeps its order and its kinds, a zero and an empty key included."""
    new = [
        Event(1, 1, EventType.OUTPUT, ("z", 0, "a", 1)),
        Event(2, 1, EventType.INPUT, (), at_ms=0),
        Event(1, 2, EventType.INPUT, ("", 3)),
    ]
    with store.database.write() as transaction:
        now, ids = transaction.now, links.put_events(transaction, new)
    stored = [
        replace(event, id=event_id, at_ms=now if event.at_ms is None else event.at_ms)
        for event_id, event in zip(ids, new, strict=True)
    ]
    with store.database.read() as transaction:
        assert links.events(transaction, execution_ids=[1]) == stored[:2]
        assert links.events(transaction, artifact_ids=[1]) == [stored[0], stored[2]]
    assert [one.at_ms for one in stored] == [now, 0, now]


@pytest.mark.usefixtures("nodes")
@pytest.mark.parametrize(
    ("new", "message"),
    [
        (Event(9, 1, EventType.INPUT), "no artifact 9"),
        (Event(1, 9, EventType.INPUT), "no execution 9"),
        (Event(1, 1, EventType.OUTPUT), "already has such a row"),
    ],
)
def test_events_of_nothing_or_twice_are_refused(store: Store, new: Event, message: str) -> None:
    """Both ends must be there, and an execution has one event of a type with an artifact."""
    with store.database.write() as transaction:
        links.put_events(transaction, [Event(1, 1, EventType.OUTPUT)])
    with pytest.raises(StoreError, match=message), store.database.write() as transaction:
        links.put_events(transaction, [Event(2, 2, EventType.OUTPUT), new])
    with store.database.read() as transaction:
        assert links.events(transaction, artifact_ids=[2]) == []


@pytest.mark.usefixtures("nodes")
def test_contexts_hold_nodes_once(store: Store) -> None:
    """Putting a node into a context again changes nothing, and both ends find each other."""
    with store.database.write() as transaction:
        ids = {context.name: int(context.id or 0) for context in find(transaction, Context, type="T")}
        for _ in range(2):
            links.attribute(transaction, [ids["a"], ids["b"]], [1, 2])
            links.associate(transaction, [ids["a"]], [2])
    with store.database.read() as transaction:
        assert [context.name for context in links.contexts_of(transaction, artifact_id=2)] == ["a", "b"]
        assert [context.name for context in links.contexts_of(transaction, execution_id=2)] == ["a"]
        assert [node.id for node in find(transaction, Artifact, context_id=ids["b"])] == [1, 2]
        assert [node.id for node in find(transaction, Execution, context_id=ids["b"])] == []


@pytest.mark.usefixtures("nodes")
def test_contexts_never_lie_within_themselves(store: Store) -> None:
    """A circle is refused at any length; parents and children are found."""
    with store.database.write() as transaction:
        a, b, c = (int(context.id or 0) for context in find(transaction, Context, type="T"))
        links.put_parents(transaction, [(b, a), (c, b)])
        assert [context.name for context in links.parents(transaction, c)] == ["b"]
        assert [context.name for context in links.children(transaction, a)] == ["b"]
    for pair in [(a, c), (a, a)]:
        with pytest.raises(StoreError, match="lies below it"), store.database.write() as transaction:
            links.put_parents(transaction, [pair])
