from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.errors import StoreError
from penstock.metadata import Store, open_store
from penstock.metadata.mlmd.nodes import Artifact, ArtifactState, Context, Execution, ExecutionState, insert, update
from penstock.metadata.mlmd.queries import Where, find
from penstock.metadata.mlmd.types import Type, TypeKind, put_type
from penstock.metadata.mlmd.values import Kind
from tests.metadata.databases import BOTH, new_url

DECLARED = {"span": Kind.INT, "auc": Kind.DOUBLE, "split": Kind.STRING, "good": Kind.BOOLEAN, "tree": Kind.STRUCT}


@pytest.fixture
def five(store: Store) -> Store:
    """Five artifacts with the ids 1 to 5, made at 100, 200, 200, 300 and 400 ms; others beside them."""
    with store.database.write() as transaction:
        for kind in TypeKind:
            put_type(transaction, Type(kind, "T", DECLARED))
        insert(
            transaction,
            [
                Artifact(
                    type="T", uri="/1", state=ArtifactState.LIVE, created_ms=100, properties={"span": 1, "auc": 1}
                ),
                Artifact(type="T", uri="/2", name="two", created_ms=200, properties={"span": 2, "auc": 0.5}),
                Artifact(type="T", state=ArtifactState.LIVE, created_ms=200, custom_properties={"span": 2.0}),
                Artifact(type="T", created_ms=300, properties={"split": "eval", "good": False, "tree": {"a": 1}}),
                Artifact(type="T", external_id="five", created_ms=400, properties={"auc": math.inf, "good": True}),
            ],
        )
        insert(transaction, [Execution(type="T", state=ExecutionState.FAILED), Execution(type="T")])
        insert(transaction, [Context(type="T", name="c")])
    return store


@pytest.mark.parametrize(
    ("where", "ids"),
    [
        (Where("id", ">=", 4), [4, 5]),
        (Where("state", "=", ArtifactState.LIVE), [1, 3]),
        (Where("state", "<>", 2), [2, 4, 5]),
        (Where("created_ms", "<", 200), [1]),
        (Where("updated_ms", ">", 1000), [1, 2, 3, 4, 5]),
        (Where("uri", "=", ""), [3, 4, 5]),
        (Where("uri", "<>", "/1"), [2, 3, 4, 5]),
        (Where("name", "=", None), [1, 3, 4, 5]),
        (Where("external_id", "<>", None), [5]),
        (Where("properties.span", "=", 2), [2]),
        (Where("properties.span", ">", 0.5), [1, 2]),
        (Where("custom_properties.span", "=", 2), [3]),
        (Where("properties.auc", ">=", 1), [1, 5]),
        (Where("properties.auc", "=", math.inf), [5]),
        (Where("properties.split", "=", "eval"), [4]),
        (Where("properties.split", "<>", "train"), [4]),
        (Where("properties.good", "=", False), [4]),
        (Where("properties.good", "<>", None), [4, 5]),
        (Where("properties.auc", "=", None), [3, 4]),
        (Where("properties.a.b", "=", 1), []),
        (Where("properties.'; --", "=", "' OR 1 = 1"), []),
    ],
    ids=lambda one: f"{one.field} {one.operator} {one.value!r}" if isinstance(one, Where) else "",
)
def test_nodes_are_found_by_any_field(five: Store, where: Where, ids: list[int]) -> None:
    """Fields of their own and properties of each kind; a property that is not there fits no comparison."""
    with five.database.read() as transaction:
        assert [one.id for one in find(transaction, Artifact, type="T", where=[where])] == ids


def test_conditions_hold_together_and_for_every_kind_of_node(five: Store) -> None:
    """All of them at once; executions have a state, contexts have none."""
    with five.database.read() as transaction:
        both = [Where("state", "=", ArtifactState.LIVE), Where("properties.span", "<=", 1)]
        assert [one.id for one in find(transaction, Artifact, where=both)] == [1]
        failed = find(transaction, Execution, where=[Where("state", "=", ExecutionState.FAILED)])
        assert [one.state for one in failed] == [ExecutionState.FAILED]
        assert [one.name for one in find(transaction, Context, type="T", where=[Where("name", "=", "c")])] == ["c"]


@pytest.mark.parametrize(
    ("where", "message"),
    [
        (Where("uir", "=", "/1"), r"Artifacts have no field 'uir'.*\nDid you mean 'uri'"),
        (Where("property.span", "=", 1), "Artifacts have no field 'property.span'"),
        (Where("id; --", "=", 1), "no field"),
        (Where("id", "; --", 1), "no operator"),  # type: ignore[arg-type]
        (Where("uri", "<", "/1"), "have no order here"),
        (Where("properties.good", ">", False), "have no order here"),
        (Where("properties.tree", "=", {"a": 1}), "cannot be compared with a STRUCT"),
        (Where("properties.auc", "=", math.nan), "NaN"),
        (Where("properties.span", "=", 2**63), "does not fit 64 bits"),
        (Where("id", "<", 2**63), "does not fit 64 bits"),
        (Where("uri", "=", "a\0"), "NUL"),
        (Where("properties.split", "=", "\ud800"), "surrogate"),
        (Where("properties.", "=", 1), "0 characters"),
    ],
    ids=lambda one: (
        f"{one.field} {one.operator} {one.value!r}".encode(errors="replace").decode() if isinstance(one, Where) else ""
    ),
)
def test_what_cannot_be_asked_is_refused(five: Store, where: Where, message: str) -> None:
    """With the fields there are; nothing of it is ever SQL."""
    with five.database.read() as transaction, pytest.raises(StoreError, match=message):
        find(transaction, Artifact, where=[where])


@pytest.mark.parametrize(
    ("order", "descending", "ids"),
    [
        ("id", False, [1, 2, 3, 4, 5]),
        ("id", True, [5, 4, 3, 2, 1]),
        ("created_ms", False, [1, 2, 3, 4, 5]),
        ("created_ms", True, [5, 4, 3, 2, 1]),
        ("updated_ms", False, [1, 3, 4, 5, 2]),
        ("updated_ms", True, [2, 5, 4, 3, 1]),
    ],
)
def test_pages_follow_one_another(five: Store, order: Any, descending: bool, ids: list[int]) -> None:
    """Whatever their size, and whatever is inserted between two of them: each of the five comes once."""
    with five.database.write() as transaction:
        (two,) = find(transaction, Artifact, name="two")
        transaction.now += 1000
        update(transaction, dataclasses.replace(two, uri="/changed"))
    for size in range(1, 6):
        pages: list[int] = []
        last: Artifact | None = None
        while True:
            with five.database.read() as transaction:
                page = find(transaction, Artifact, type="T", order=order, descending=descending, limit=size, after=last)
            if not page:
                break
            pages += [int(one.id or 0) for one in page]
            last = page[-1]
            if len(pages) == size:
                at = 10**15 if descending else 1
                with five.database.write() as transaction:
                    insert(transaction, [Artifact(type="T", name=f"late {size}", created_ms=at, updated_ms=at)])
        assert [one for one in pages if one <= 5] == ids


@pytest.fixture(scope="module", params=BOTH)
def shared_thing(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A store of 40 artifacts for all examples of a property test."""
    with open_store(new_url(request, tmp_path_factory.mktemp("pages"))) as opened:
        with opened.database.write() as transaction:
            put_type(transaction, Type(TypeKind.ARTIFACT, "T", DECLARED))
            times = [7 * at % 5 + 1 for at in range(40)]
            insert(
                transaction,
                [Artifact(type="T", properties={"span": 3 * at % 50}, created_ms=ms) for at, ms in enumerate(times)],
            )
        yield opened


@given(data=st.data())
@settings(max_examples=20)
def test_a_page_is_what_python_would_cut_out(shared_thing: Store, data: st.DataObject) -> None:
    """Conditions, order and pages agree with the same done by hand over all nodes."""
    with shared_thing.database.read() as transaction:
        every = find(transaction, Artifact)
        least = data.draw(st.integers(0, 50))
        order = data.draw(st.sampled_from(["id", "created_ms"]))
        descending = data.draw(st.booleans())
        wanted = sorted(
            (one for one in every if isinstance(one.properties["span"], int) and one.properties["span"] >= least),
            key=lambda one: (getattr(one, order), one.id or 0),
            reverse=descending,
        )
        where = [Where("properties.span", ">=", least)]
        found: list[Artifact] = []
        while page := find(
            transaction,
            Artifact,
            where=where,
            order=order,  # type: ignore[arg-type]
            descending=descending,
            limit=data.draw(st.integers(1, 20)),
            after=found[-1] if found else None,
        ):
            found += page
        assert found == wanted
