from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator
from enum import StrEnum
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from psycopg import DataError

from penstock.errors import NodeError, StoreError
from penstock.gates import Verdict
from penstock.metadata import Store, open_store
from penstock.metadata.mlmd.links import Event, EventType, events, put_events
from penstock.metadata.mlmd.nodes import Artifact, Context, Execution, fetch, insert
from penstock.metadata.mlmd.queries import find
from penstock.metadata.mlmd.types import Type, TypeKind, put_type
from penstock.metadata.mlmd.values import AnyMessage, Kind, Value, from_row, to_row
from penstock.metadata.records import NewArtifact
from tests.metadata.databases import BOTH, new_url

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


@pytest.fixture(scope="module", params=BOTH)
def shared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """One store for all examples of a property test."""
    with open_store(new_url(request, tmp_path_factory.mktemp("values"))) as opened:
        with opened.database.write() as transaction:
            for kind in TypeKind:
                put_type(transaction, Type(kind, "Thing"))
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


TEXTS = st.text(st.characters(exclude_categories=[]), max_size=300) | HOSTILE | st.text(min_size=250, max_size=260)
NUMBERS = st.integers(-(2**70), 2**70)


@given(name=TEXTS, other=TEXTS, uri=TEXTS, key=TEXTS, index=NUMBERS, ms=NUMBERS)
@example(name="x" * 256, other="", uri="", key="", index=0, ms=0)
@example(name="x", other="x", uri="'); DROP TABLE Artifact; --", key="'", index=2**31, ms=2**63)
@example(name="\U0001f600" * 255, other="\U0001f600" * 255, uri="x" * 5000, key="k", index=-1, ms=-1)
def test_hostile_names_come_back_exactly_or_are_refused_before_anything_is_written(
    shared: Store, name: str, other: str, uri: str, key: str, index: int, ms: int
) -> None:
    """Names, properties' names, external ids, URIs, events' paths and times of every kind of node."""
    before = _count(shared)
    common: dict[str, Any] = {"type": "Thing", "name": name, "created_ms": ms, "custom_properties": {other: name}}
    # Names are unique within a type, so what an example wrote is taken back: the next may have the same.
    with contextlib.suppress(UndoError), shared.database.write() as transaction:
        try:
            (artifact,) = insert(transaction, [Artifact(**common, uri=uri)])
            (execution,) = insert(transaction, [Execution(**common)])
            (context,) = insert(transaction, [Context(**common)])
            event = Event(int(artifact.id or 0), int(execution.id or 0), EventType.INPUT, (key, index))
            put_events(transaction, [event])
        except (StoreError, OverflowError, DataError):
            texts = [name, other, uri, key]
            marked = any("\0" in one or one == "__MLMD_NULL__" or has_surrogate(one) for one in texts)
            lengths = not 0 < len(name) <= 255 or not 0 < len(other) <= 255 or name.startswith("mlmd-struct::")
            assert marked or lengths or not -(2**31) <= index < 2**31 or not -(2**63) <= ms < 2**63
            raise UndoError from None
        for node in (artifact, execution, context):
            (found,) = fetch(transaction, type(node), [int(node.id or 0)]).values()
            assert (found.name, found.custom_properties, found.created_ms) == (name, {other: name}, ms)
            assert find(transaction, type(node), name=name) == [found]
        assert find(transaction, Artifact, uri=uri)[-1].uri == uri
        assert events(transaction, execution_ids=[int(execution.id or 0)])[0].path == (key, index)
        raise UndoError
    assert _count(shared) == before


class UndoError(Exception):
    """Takes a transaction back."""


@pytest.mark.parametrize("hostile", ["a\0b", "\ud800", "__MLMD_NULL__", "'); DROP TABLE Artifact; --", "\\"])
def test_sentences_are_never_refused(store: Store, hostile: str) -> None:
    """Reasons, notes, errors, verdicts and logs hold what user code said: a mark stands for what cannot be kept."""
    kept = hostile.replace("\0", "\ufffd").replace("\ud800", "?")
    store.skip("r1", "skipped", "N", hostile)
    lease = store.begin_execution("r1", "fails", "N", reason=hostile)
    store.fail(lease, error=NodeError(hostile))
    lease = store.begin_execution("r1", "ends", "N", parameters={"p": ["\ud800", "\0"]})
    store.publish(lease, outputs={}, verdicts=[Verdict(hostile, "pass", hostile)], note=hostile)
    store.log("r1", None, "INFO", hostile)
    assert {node.node_id: node.reason or node.note for node in store.nodes("r1")} == dict.fromkeys(
        ["skipped", "fails", "ends"], kept
    )
    assert [line.text for line in store.logs("r1")] == [kept]


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 1 / 3, 5e-324, 1.7976931348623157e308, 2**53])
def test_metrics_are_kept_exactly(store: Store, value: float) -> None:
    """Doubles as they are, NaN and infinities included."""
    lease = store.begin_execution("r1", "n", "N")
    store.publish(lease, outputs={}, metrics=[("loss", value, 2**62), ("\U0001f600", value, None)])
    found = store.metrics(lease.execution_id)
    assert [(one.name, one.step, repr(one.value)) for one in found] == [
        ("loss", 2**62, repr(float(value))),
        ("\U0001f600", None, repr(float(value))),
    ]


@pytest.mark.parametrize(
    "metric",
    [("a\0", 1.0, None), ("\ud800", 1.0, None), ("big", 10**400, None), ("step", 1.0, 2**63)],
    ids=lambda one: "",
)
def test_a_metric_that_cannot_be_kept_is_refused_as_a_whole(
    store: Store, metric: tuple[str, float, int | None]
) -> None:
    """Nothing of what was to be published with it is there, and the lease is still held."""
    lease = store.begin_execution("r1", "n", "N")
    with pytest.raises(StoreError):
        store.publish(lease, outputs={"o": [NewArtifact("Thing", "/o")]}, metrics=[("good", 1.0, 1), metric])
    assert (store.artifacts(), store.metrics(lease.execution_id)) == ([], [])
    store.publish(lease, outputs={})


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
