from __future__ import annotations

import pytest

from penstock.errors import StoreError
from penstock.metadata import Store, open_store
from penstock.metadata.mlmd.types import Type, TypeKind, get_type, get_types, put_type
from penstock.metadata.mlmd.values import Kind

MODEL = Type(TypeKind.ARTIFACT, "Net", {"layers": Kind.INT}, base="mlmd.Model", description="A network")


def test_a_type_is_registered_once(store: Store) -> None:
    """Registering it again, with fewer properties or the same, gives the same row."""
    with store.database.write() as transaction:
        first = put_type(transaction, MODEL)
        assert put_type(transaction, MODEL) == first
        assert put_type(transaction, Type(TypeKind.ARTIFACT, "Net")) == first
    with store.database.read() as transaction:
        found = get_type(transaction, TypeKind.ARTIFACT, "Net")
    assert found == first
    assert (found.properties, found.base) == ({"layers": Kind.INT}, "mlmd.Model")


def test_types_of_one_name_differ_by_kind_and_version(store: Store) -> None:
    """The name alone does not identify a type."""
    with store.database.write() as transaction:
        ids = {
            put_type(transaction, one).id
            for one in (MODEL, Type(TypeKind.EXECUTION, "Net"), Type(TypeKind.ARTIFACT, "Net", version="2"))
        }
    assert len(ids) == 3


def test_properties_are_added_also_to_a_type_that_this_process_remembers(store: Store, url: str) -> None:
    """What another process added meanwhile is neither lost nor added twice."""
    with store.database.write() as transaction:
        put_type(transaction, MODEL)
    wider = Type(TypeKind.ARTIFACT, "Net", {"layers": Kind.INT, "name": Kind.STRING})
    with open_store(url) as other, other.database.write() as transaction:
        put_type(transaction, wider)
    with store.database.write() as transaction:
        found = put_type(transaction, wider)
    assert dict(found.properties) == {"layers": Kind.INT, "name": Kind.STRING}


def test_a_property_never_changes_its_kind(store: Store) -> None:
    """The message names the type, the property and both kinds."""
    with store.database.write() as transaction:
        put_type(transaction, MODEL)
    with (
        store.database.write() as transaction,
        pytest.raises(StoreError, match="Net is in the store with layers as INT"),
    ):
        put_type(transaction, Type(TypeKind.ARTIFACT, "Net", {"layers": Kind.STRING}))


@pytest.mark.parametrize(
    ("wanted", "rules", "message"),
    [
        (
            Type(TypeKind.ARTIFACT, "Net", {"layers": Kind.INT, "b": Kind.INT}),
            {"can_add": False},
            "without the property b",
        ),
        (Type(TypeKind.ARTIFACT, "Net"), {"can_omit": False}, "with the property layers"),
        (Type(TypeKind.ARTIFACT, "Net", base="mlmd.Dataset"), {}, "with the base mlmd.Model, not mlmd.Dataset"),
    ],
)
def test_who_is_strict_about_a_type_is_told_how_it_differs(
    store: Store, wanted: Type, rules: dict[str, bool], message: str
) -> None:
    """As MLMD's ``can_add_fields`` and ``can_omit_fields``; a base is never changed. The type stays as it was."""
    with store.database.write() as transaction:
        first = put_type(transaction, MODEL, can_add=False, can_omit=False)
        assert put_type(transaction, MODEL, can_add=False, can_omit=False) == first
        with pytest.raises(StoreError, match=f"The type Net is in the store {message}"):
            put_type(transaction, wanted, **rules)
    with store.database.read() as transaction:
        assert get_type(transaction, TypeKind.ARTIFACT, "Net") == first


def test_what_a_type_cannot_hold_is_refused(store: Store) -> None:
    """Versions and external ids are names; descriptions are text."""
    for wrong in ({"version": "x" * 256}, {"external_id": "x" * 256}, {"description": "a\0"}, {"input_type": "\ud800"}):
        with store.database.write() as transaction, pytest.raises(StoreError, match="of the type X"):
            put_type(transaction, Type(TypeKind.ARTIFACT, "X", **wrong))  # type: ignore[arg-type]


def test_an_unknown_base_type_is_refused(store: Store) -> None:
    """Bases are MLMD's own types of the same kind."""
    for base in ("mlmd.Modle", "mlmd.Train"):
        with (
            pytest.raises(StoreError, match=r"which MLMD has not.*\n.*mlmd\.Dataset"),
            store.database.write() as transaction,
        ):
            put_type(transaction, Type(TypeKind.ARTIFACT, "X", base=base))


def test_listings_leave_mlmds_own_types_out(store: Store) -> None:
    """They are given only where asked for."""
    with store.database.write() as transaction:
        put_type(transaction, MODEL)
        names = [one.name for one in get_types(transaction, TypeKind.ARTIFACT)]
        assert names == ["Net"]
        assert len(get_types(transaction, TypeKind.ARTIFACT, seeds=True)) == 5


def test_what_a_failed_transaction_learned_is_forgotten(store: Store) -> None:
    """A type whose registration was rolled back is registered when it is needed again."""

    class StopError(Exception):
        pass

    with pytest.raises(StopError), store.database.write() as transaction:
        put_type(transaction, MODEL)
        raise StopError
    with store.database.read() as transaction:
        assert get_type(transaction, TypeKind.ARTIFACT, "Net") is None
    with store.database.write() as transaction:
        assert put_type(transaction, MODEL).id is not None
