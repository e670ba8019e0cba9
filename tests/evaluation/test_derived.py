"""Slices that no column holds: buckets and expressions."""

from __future__ import annotations

import math
from typing import Any

import pyarrow as pa
import pytest

from penstock.errors import DataError, UsageError
from penstock.evaluation.slices import assign, check_columns, parse, with_quantiles

BATCH = pa.record_batch(
    {
        "miles": pa.array([0.5, 1.0, 4.9, 5.0, None, math.nan, -3.0, 99.0]),
        "hour": pa.array([3, 3, 4, 4, 5, None, 7, 8]),
        "pay": pa.array(["Cash", "Card", "Cash", None, "Cash", "Cash", "Card", "Card"]),
        "trip id": pa.array(range(8)),
    }
)


def rows(*specs: Any) -> dict[Any, list[int]]:
    """The rows of each slice."""
    found: dict[Any, list[int]] = {}
    for one in assign(parse(specs), BATCH):
        for row, code in enumerate(one.codes.tolist()):
            if code >= 0:
                found.setdefault(one.keys[code], []).append(row)
    return found


def test_a_number_falls_into_its_bucket() -> None:
    """The lower bound belongs to it, the upper one to the next; what is missing is in none."""
    assert rows({"column": "miles", "buckets": [1, 5]}) == {
        (("miles_bucket", "(-inf, 1)"),): [0, 6],
        (("miles_bucket", "[1, 5)"),): [1, 2],
        (("miles_bucket", "[5, inf)"),): [3, 7],
    }


def test_buckets_cross_with_features_and_values() -> None:
    """Under the name given to them."""
    found = rows([{"column": "miles", "buckets": [5], "name": "far"}, {"pay": "Card"}])
    assert found == {
        (("far", "(-inf, 5)"), ("pay", "Card")): [1, 6],
        (("far", "[5, inf)"), ("pay", "Card")): [7],
    }


def test_quantiles_cut_the_rows_into_equal_parts() -> None:
    """Bounds come from the numbers that there are; equal ones become one."""
    (spec,) = with_quantiles(parse([{"column": "hour", "quantiles": 4}]), lambda _: [1, 2, 3, 4, 5, math.nan])
    assert [one.bounds for one in spec.derived if hasattr(one, "bounds")] == [(2.0, 3.0, 4.0)]
    (same,) = with_quantiles(parse([{"column": "hour", "quantiles": 4}]), lambda _: [7, 7, 7])
    assert [one.bounds for one in same.derived if hasattr(one, "bounds")] == [(7.0,)]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("hour > 3", [2, 3, 4, 6, 7]),
        ("3 < hour <= 5", [2, 3, 4]),
        ("miles >= 5 and pay == 'Card'", [7]),
        ("miles >= 5 or pay == 'Cash'", [0, 2, 3, 4, 5, 7]),
        ("not pay == 'Cash'", [1, 6, 7]),
        ("pay in ['Card', 'Visa']", [1, 6, 7]),
        ("pay not in ['Card']", [0, 2, 4, 5]),
        ("hour is None", [5]),
        ("pay is not None and hour * 2 + 1 == 7", [0, 1]),
        ("hour / 2 == 3.5", [6]),
        ("miles < -1", [6]),
        ("col('trip id') < 2", [0, 1]),
    ],
)
def test_an_expression_holds_the_rows_where_it_is_true(expression: str, expected: list[int]) -> None:
    """As in Python, but that what is missing is neither true nor false."""
    assert rows({"expression": expression, "name": "it"}) == {(("it", "true"),): expected}


def test_an_expression_that_is_no_truth_value_gives_a_slice_for_each_value() -> None:
    """Named by its text if by nothing else."""
    assert rows({"expression": "hour - 3"})[(("hour - 3", 1),)] == [2, 3]


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"expression": "hour >"}, "is no expression"),
        ({"expression": "__import__('os').system('true')"}, "is not known"),
        ({"expression": "hour.real > 1"}, "is not known"),
        ({"expression": "[x for x in hour]"}, "is not known"),
        ({"expression": "hour ** 999999999"}, "is not known"),
        ({"expression": "(lambda: 1)()"}, "is not known"),
        ({"expression": "hour > 1", "nam": "x"}, "'nam' in .* is not known"),
        ({"column": "miles", "buckets": [5, 1]}, "must be ascending"),
        ({"column": "miles", "buckets": []}, "must be ascending"),
        ({"column": "miles", "quantiles": 1}, "must be 2 or more"),
        ({"buckets": [1]}, "need a column"),
        ({"hour": [1, 2]}, "to something that is no value"),
        (["hour", {"column": "miles", "buckets": [1], "name": "hour"}], "stands twice"),
    ],
)
def test_what_is_no_slice_says_so(spec: Any, message: str) -> None:
    """Before anything is read; nothing of it is executed."""
    with pytest.raises(UsageError, match=message):
        parse([spec])


def test_names_are_held_against_the_columns() -> None:
    """Those that are read must be there, those that are made must not."""
    columns = BATCH.schema.names
    with pytest.raises(UsageError, match="no column 'huor'"):
        check_columns(parse([{"expression": "huor > 3"}]), columns)
    with pytest.raises(UsageError, match="'pay' is the name of a column"):
        check_columns(parse([{"expression": "hour > 3", "name": "pay"}]), columns)
    with pytest.raises(UsageError, match="'late' is derived in two ways"):
        check_columns(parse([{"expression": f"hour > {at}", "name": "late"} for at in (3, 4)]), columns)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"column": "pay", "buckets": [1]}, "need a number, and it is of type string"),
        ({"expression": "pay > 3"}, "cannot be computed"),
        ({"expression": "hour in ['a']"}, "cannot be computed"),
        ({"expression": "not hour"}, "cannot be computed"),
    ],
)
def test_types_that_do_not_fit_are_named(spec: Any, message: str) -> None:
    """With the column or the expression."""
    with pytest.raises(DataError, match=message):
        rows(spec)
