from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.errors import DataError, UsageError
from penstock.evaluation.slices import (
    OVERALL,
    SliceKey,
    SliceSpec,
    assign,
    check_columns,
    parse,
    slice_text,
    sort_key,
)

BATCH = pa.record_batch(
    {
        "hour": pa.array([0, 4, None, 4], pa.int64()),
        "pay": pa.array(["Cash", None, "Card", "Card"]),
        "fare": pa.array([0.1, 0.1, float("nan"), 2.5], pa.float64()),
        "pool": pa.array([True, False, True, None]),
        "empty": pa.nulls(4),
    }
)


def rows_of(batch: pa.RecordBatch, *values: Any) -> dict[SliceKey, list[int]]:
    """The rows of each slice."""
    rows: dict[SliceKey, list[int]] = {}
    for one in assign(parse(values), batch):
        for row, code in enumerate(one.codes.tolist()):
            if code >= 0:
                rows.setdefault(one.keys[code], []).append(row)
    return rows


def test_the_empty_spec_is_the_whole_set() -> None:
    """Every row is in the slice of the empty key."""
    assert rows_of(BATCH, []) == {OVERALL: [0, 1, 2, 3]}


def test_a_row_without_a_value_is_in_no_slice_of_that_feature() -> None:
    """Nulls form no slice, alone or crossed."""
    assert rows_of(BATCH, ["hour"]) == {(("hour", 0),): [0], (("hour", 4),): [1, 3]}
    assert rows_of(BATCH, ["pay", "hour"]) == {
        (("hour", 0), ("pay", "Cash")): [0],
        (("hour", 4), ("pay", "Card")): [3],
    }


def test_a_mapping_keeps_one_value() -> None:
    """Alone, beside a feature, and written as text for a number."""
    assert rows_of(BATCH, {"hour": 4}) == {(("hour", 4),): [1, 3]}
    assert rows_of(BATCH, {"hour": "4"}) == {(("hour", 4),): [1, 3]}
    assert rows_of(BATCH, [{"hour": 4}, "pay"]) == {(("hour", 4), ("pay", "Card")): [3]}
    assert rows_of(BATCH, {"hour": 5}) == {}
    assert rows_of(BATCH, {"fare": 0.1}) == {(("fare", 0.1),): [0, 1]}


def test_keys_hold_plain_values() -> None:
    """Floats are 32-bit ones in their shortest form, not a number is missing, truth values are 0 and 1."""
    assert rows_of(BATCH, ["fare"]) == {(("fare", 0.1),): [0, 1], (("fare", 2.5),): [3]}
    found = rows_of(BATCH, ["pool"])
    assert found == {(("pool", 1),): [0, 2], (("pool", 0),): [1]}
    assert [type(value) for ((_, value),) in found] == [int, int]


def test_a_column_of_nothing_gives_no_slice() -> None:
    """Not even when it is crossed with one that has values."""
    assert rows_of(BATCH, ["empty"], ["hour", "empty"]) == {}


def test_a_slice_of_two_specs_is_counted_once() -> None:
    """What an earlier spec has claimed is left out of the later one."""
    assert rows_of(BATCH, ["hour"], {"hour": 4}) == {(("hour", 0),): [0], (("hour", 4),): [1, 3]}
    held = rows_of(BATCH, {"hour": 4}, ["hour"])
    assert held == {(("hour", 4),): [1, 3], (("hour", 0),): [0]}


def test_a_column_of_lists_is_refused() -> None:
    """The error names the column."""
    with pytest.raises(DataError, match="'tags' holds lists"):
        assign(parse([["tags"]]), pa.record_batch({"tags": pa.array([[1], [2]])}))


@pytest.mark.parametrize("value", [["hour", "hour"], ["hour", {"hour": 1}], [3]])
def test_a_spec_that_makes_no_sense_is_refused(value: Any) -> None:
    """A feature named twice, or something that is no name."""
    with pytest.raises(UsageError, match="slices:"):
        parse([value])


def test_an_unknown_feature_is_named_with_the_nearest() -> None:
    """The check compares with the columns before anything runs."""
    with pytest.raises(UsageError, match="no column 'huor'") as caught:
        check_columns(parse([["huor"]]), ["hour", "pay"])
    assert caught.value.hint == "Did you mean 'hour'?"


def test_slices_read_and_sort_as_a_person_expects() -> None:
    """The whole set first, numbers by size, text after."""
    keys: list[SliceKey] = [
        (("hour", 10),),
        (("hour", 9), ("pay", "Cash")),
        (("pay", "Cash"),),
        OVERALL,
        (("hour", 9),),
    ]
    assert [slice_text(key) for key in sorted(keys, key=sort_key)] == [
        "",
        "hour=9",
        "hour=10",
        "pay=Cash",
        "hour=9, pay=Cash",
    ]


VALUES = st.one_of(st.none(), st.integers(0, 3))


@given(
    rows=st.lists(st.tuples(VALUES, VALUES, st.sampled_from([None, "x", "y", "é"])), max_size=40),
    specs=st.lists(st.lists(st.sampled_from(["a", "b", "c"]), unique=True, max_size=3), min_size=1, max_size=4),
)
def test_slices_are_those_of_a_loop_over_the_rows(
    rows: list[tuple[int | None, int | None, str | None]], specs: list[list[str]]
) -> None:
    """Any columns, any specs: each row is in just the slice that its own values name."""
    columns: dict[str, Any] = dict(zip("abc", zip(*rows, strict=True) if rows else ([], [], []), strict=True))
    batch = pa.record_batch(
        {
            "a": pa.array(columns["a"], pa.int64()),
            "b": pa.array(columns["b"], pa.int64()),
            "c": pa.array(columns["c"], pa.string()),
        }
    )
    parsed = parse(specs)
    expected: dict[SliceKey, list[int]] = {}
    for spec in parsed:
        for index, row in enumerate(rows):
            named = dict(zip("abc", row, strict=True))
            key = tuple((name, named[name]) for name in spec.columns)
            if all(value is not None for _, value in key):
                expected.setdefault(key, []).append(index)  # type: ignore[arg-type]  # no None is left
    assert rows_of(batch, *specs) == expected


def test_codes_beyond_the_lookup_table_are_sorted_instead() -> None:
    """Two columns of 3,000 values each cross to 3,000 slices, though 9 million could be."""
    rng = np.random.default_rng(0)
    first, second = rng.permutation(3000), rng.permutation(3000)
    (one,) = assign(parse([["a", "b"]]), pa.record_batch({"a": first, "b": second}))
    assert len(one.keys) == 3000
    assert [one.keys[code] for code in one.codes] == [
        (("a", a), ("b", b)) for a, b in zip(first.tolist(), second.tolist(), strict=True)
    ]


def test_a_spec_says_itself() -> None:
    """As the CLI prints it."""
    assert [str(spec) for spec in parse([[], ["b", "a"], [{"a": 1}, "b"]])] == ["overall", "a, b", "b, a=1"]
    assert SliceSpec(("a",)).matches((("a", 1),))
    assert not SliceSpec(("a",)).matches(OVERALL)
