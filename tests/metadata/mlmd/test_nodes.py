from __future__ import annotations

import dataclasses

import pytest

from penstock.errors import StoreError
from penstock.metadata import Store
from penstock.metadata.database import Transaction
from penstock.metadata.mlmd.nodes import (
    Artifact,
    ArtifactState,
    Context,
    Execution,
    ExecutionState,
    Node,
    fetch,
    insert,
    update,
)
from penstock.metadata.mlmd.queries import find
from penstock.metadata.mlmd.types import Type, TypeKind, put_type
from penstock.metadata.mlmd.values import AnyMessage, Kind, Value

ALL_KINDS: dict[str, Value] = {
    "int": 1,
    "double": 0.1,
    "string": "s",
    "struct": {"a": [1.0, None, "x"]},
    "proto": AnyMessage("type.googleapis.com/x", b"\x00\x01"),
    "bool": False,
}
DECLARED = {name: Kind.of(type(value)) for name, value in ALL_KINDS.items()}


def register(transaction: Transaction) -> None:
    for kind in TypeKind:
        put_type(transaction, Type(kind, "T", DECLARED))


@pytest.mark.parametrize(
    "node",
    [
        Artifact(type="T", uri="/a", state=ArtifactState.LIVE, name="n", external_id="x", properties=ALL_KINDS),
        Execution(type="T", state=ExecutionState.RUNNING, custom_properties=ALL_KINDS),
        Context(type="T", name="c", properties=ALL_KINDS, custom_properties={"more": 2}),
    ],
    ids=lambda node: type(node).__name__,
)
def test_a_node_comes_back_as_it_was_inserted(store: Store, node: Node) -> None:
    """All six kinds of properties, state, name and times of each kind of node."""
    with store.database.write() as transaction:
        register(transaction)
        (stored,) = insert(transaction, [node])
    assert stored.id is not None
    with store.database.read() as transaction:
        assert fetch(transaction, type(node), [stored.id]) == {stored.id: stored}
    assert stored == dataclasses.replace(node, id=stored.id, created_ms=stored.created_ms, updated_ms=stored.created_ms)


def test_ids_are_never_given_out_again(store: Store) -> None:
    """After the last row is deleted by hand the next one has a new id, as with AUTOINCREMENT."""
    with store.database.write() as transaction:
        register(transaction)
        first = insert(transaction, [Artifact(type="T"), Artifact(type="T")])
        transaction.execute("DELETE FROM Artifact WHERE id = ?", first[1].id)
        (second,) = insert(transaction, [Artifact(type="T")])
    assert [first[0].id, first[1].id, second.id] == [1, 2, 3]


@pytest.mark.parametrize(
    ("node", "message"),
    [
        (Artifact(type="Modle"), "no type 'Modle' of artifacts"),
        (Artifact(type="T", properties={"sting": "x"}), "declares no property 'sting'.*\n.*string"),
        (Artifact(type="T", properties={"int": "x"}), "is STRING, but its type declares INT"),
        (Artifact(type="T", properties={"int": 1}, custom_properties={"int": 2}), "property and as a custom property"),
        (Artifact(type="T", custom_properties={"": 1}), "0 characters"),
        (Artifact(type="T", custom_properties={"x" * 256: 1}), "256 characters"),
        (Artifact(type="T", uri="a\0b"), "uri holds a NUL"),
        (Artifact(type="T", name="__MLMD_NULL__"), "MLMD's mark"),
        (Artifact(type="T", name="taken"), "already has such a row"),
        (Context(type="T"), "needs a name"),
    ],
)
def test_nodes_that_would_break_the_store_are_refused_and_nothing_is_written(
    store: Store, node: Node, message: str
) -> None:
    """Each rule of MLMD that its tables do not enforce by themselves, and the unique names that they do."""
    with store.database.write() as transaction:
        register(transaction)
        insert(transaction, [Artifact(type="T", name="taken")])
    with pytest.raises(StoreError, match=message), store.database.write() as transaction:
        insert(transaction, [type(node)(type="T", name="before"), node])
    with store.database.read() as transaction:
        assert find(transaction, type(node), name="before") == []


def test_an_update_replaces_what_it_may_and_only_then_changes_the_time(store: Store) -> None:
    """Properties are replaced as a whole, an artifact's name is kept, and an update without a change is none."""
    with store.database.write() as transaction:
        register(transaction)
        old = Artifact(type="T", name="n", custom_properties={"a": 1, "b": 2}, created_ms=5, updated_ms=5)
        (stored,) = insert(transaction, [old])
    with store.database.write() as transaction:
        assert update(transaction, stored).updated_ms == 5
        update(transaction, dataclasses.replace(stored, name="m", uri="/new", custom_properties={"b": "two"}))
        assert stored.id is not None
        found = fetch(transaction, Artifact, [stored.id])[stored.id]
    assert (found.name, found.uri, found.custom_properties) == ("n", "/new", {"b": "two"})
    assert found.created_ms == 5
    assert found.updated_ms == transaction.now


def test_nodes_are_found_by_what_is_known_of_them(store: Store) -> None:
    """By type, name, uri and external id, in any combination; an unknown type finds nothing."""
    with store.database.write() as transaction:
        register(transaction)
        put_type(transaction, Type(TypeKind.ARTIFACT, "U"))
        one, two = insert(transaction, [Artifact(type="T", uri="/a", name="n"), Artifact(type="U", uri="/a")])
        insert(transaction, [Artifact(type="U", external_id="x")])
    with store.database.read() as transaction:
        assert find(transaction, Artifact, uri="/a") == [one, two]
        assert find(transaction, Artifact, uri="/a", type="U") == [two]
        assert find(transaction, Artifact, type="T", name="n") == [one]
        assert [node.uri for node in find(transaction, Artifact, external_id="x")] == [""]
        assert find(transaction, Artifact, type="V") == []
