from __future__ import annotations

import math
from enum import StrEnum
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from penstock.errors import StoreError
from penstock.metadata import Store
from penstock.metadata.mlmd.nodes import Artifact, fetch, insert
from penstock.metadata.mlmd.types import Type, TypeKind, put_type
from penstock.metadata.mlmd.values import AnyMessage, Kind, Value, from_row, to_row

HOSTILE = st.sampled_from(
    [
        "__MLMD_NULL__",
        "mlmd-struct::",
        "mlmd-struct::CgA=",
        "a\0b",
        "'); DROP TABLE Artifact; --",
        '\\n\\"\\\\',
        "%s %(x)s ? :name",
        "\ud800",
        "\U0001f600 e\u0301",
        "",
    ]
)
VALUES = (
    st.integers(-(2**65), 2**65)
    | st.floats()
    | st.booleans()
    | st.text(st.characters(exclude_categories=[]))
    | HOSTILE
    | st.builds(AnyMessage, st.text(max_size=10), st.binary(max_size=50))
    | st.dictionaries(st.text(max_size=5), st.floats() | HOSTILE | st.none() | st.booleans(), max_size=3)
)


def is_refused(value: Any) -> bool:
    """The rule in other words: what MLMD's tables could not give back, or would choke its client."""
    match value:
        case bool():
            return False
        case int():
            return not -(2**63) <= value < 2**63
        case float():
            return math.isnan(value)
        case str():
            marks = "\0" in value or value == "__MLMD_NULL__" or value.startswith("mlmd-struct::")
            return marks or has_surrogate(value)
        case AnyMessage():
            return "\0" in value.type_url or value.type_url == "__MLMD_NULL__" or has_surrogate(value.type_url)
        case dict():
            leaves = [*value.keys(), *value.values()]
            return any(
                has_surrogate(leaf) if isinstance(leaf, str) else isinstance(leaf, float) and not math.isfinite(leaf)
                for leaf in leaves
            )
    raise AssertionError(value)


def has_surrogate(text: str) -> bool:
    return any("\ud800" <= char <= "\udfff" for char in text)


@pytest.mark.parametrize(
    "value",
    [0, 2**63 - 1, -(2**63), math.inf, 1e-320, "x" * 10_000_000, 5e-324, 0.1 + 0.2],
    ids=lambda value: f"{value!r:.9}",
)
def test_extreme_values_come_back_exactly(store: Store, value: Any) -> None:
    """The ends of the ranges, subnormal numbers and ten million characters are what they were."""
    assert _round_trip(store, value) == value


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """One store for all examples of a property test."""
    from penstock.metadata import open_store

    with open_store(f"sqlite:///{tmp_path_factory.mktemp('values')}/metadata.db") as opened:
        yield opened


@given(value=VALUES)
@example(value=math.nan)
@example(value=2**63)
@example(value="\ud800")
@example(value={"a": math.inf})
def test_hostile_values_come_back_exactly_or_are_refused_before_anything_is_written(shared: Store, value: Any) -> None:
    """Every value round-trips with its type, or is refused and leaves no row; which of the two is a stated rule."""
    before = _count(shared)
    if is_refused(value):
        with pytest.raises(StoreError, match="property 'value'"):
            _round_trip(shared, value)
        assert _count(shared) == before
    else:
        found = _round_trip(shared, value)
        assert found == value
        assert type(found) is type(value)


def _round_trip(store: Store, value: Any) -> Any:
    with store.database.write() as transaction:
        put_type(transaction, Type(TypeKind.ARTIFACT, "Thing"))
        (stored,) = insert(transaction, [Artifact(type="Thing", custom_properties={"value": value})])
    assert stored.id is not None
    with store.database.read() as transaction:
        return fetch(transaction, Artifact, [stored.id])[stored.id].custom_properties["value"]


def _count(store: Store) -> tuple[int, int]:
    with store.database.read() as transaction:
        return transaction.row("SELECT (SELECT count(*) FROM Artifact), (SELECT count(*) FROM ArtifactProperty)")


def test_numpy_numbers_and_string_enumerations_are_plain_values() -> None:
    """What calculations return is stored as the Python value it stands for."""

    class Mode(StrEnum):
        FAST = "fast"

    for number, plain in [(np.int64(3), 3), (np.float32(0.5), 0.5)]:
        found = from_row(to_row(cast("Value", number), "x"))
        assert found == plain
        assert type(found) is type(plain)
    assert type(from_row(to_row(Mode.FAST, "x"))) is str


@pytest.mark.parametrize("value", [None, [1], b"bytes", object(), np.bool_(True)])
def test_values_without_a_kind_are_refused_by_name(value: Any) -> None:
    """The message says which property and which type."""
    with pytest.raises(StoreError, match=f"The property 'p' cannot hold {type(value).__name__}"):
        to_row(value, "The property 'p'")


def test_an_integer_is_taken_where_a_double_is_declared() -> None:
    """Python writes 1 for 1.0; anything else of another kind is refused."""
    assert from_row(to_row(1, "x", declared=Kind.DOUBLE)) == 1.0
    refused: list[tuple[Value, Kind]] = [
        (1.0, Kind.INT),
        (True, Kind.INT),
        (1, Kind.STRING),
        ("1", Kind.INT),
        (1, Kind.BOOLEAN),
    ]
    for value, declared in refused:
        with pytest.raises(StoreError, match=f"declares {declared.name}"):
            to_row(value, "x", declared=declared)


def test_deep_structures_are_checked_where_it_hurts() -> None:
    """Integers that a double cannot hold, foreign keys and foreign types are refused anywhere inside."""
    refused: list[tuple[Any, str]] = [
        ({"a": [{"b": 2**53 + 1}]}, "exactly"),
        ({1: 2}, "key 1"),
        ({"a": {"b": {3}}}, "set"),
    ]
    for value, message in refused:
        with pytest.raises(StoreError, match=message):
            to_row(value, "x")
