from __future__ import annotations

import math

import numpy as np
import pyarrow as pa
import pytest

from penstock.evaluation.finder.features import Bucket, condition_text, encoded


def test_values_with_enough_rows_are_kept() -> None:
    """Rare and missing values are in no slice; the codes of the others follow one another."""
    features, left_out = encoded({"pay": pa.array(["Cash"] * 4 + ["Card"] * 3 + ["Rare"] + [None] * 2)}, min_rows=2)
    assert not left_out
    assert set(features[0].values) == {"Card", "Cash"}
    named = [features[0].values[code] if code >= 0 else None for code in features[0].codes]
    assert named == ["Cash"] * 4 + ["Card"] * 3 + [None] * 3


def test_numbers_with_many_values_are_cut_at_their_quantiles() -> None:
    """Every bucket holds about the same number of rows, its bounds are those of its numbers, and all are covered."""
    numbers = np.random.default_rng(0).exponential(10, 1_000)
    feature = encoded({"miles": pa.array(numbers)}, min_rows=10)[0][0]
    assert len(feature.values) == 10
    for code, bucket in enumerate(feature.values):
        assert isinstance(bucket, Bucket)
        inside = numbers[feature.codes == code].astype(np.float32)
        assert len(inside) == pytest.approx(100, abs=10)
        assert ((inside >= bucket.low) & (inside < bucket.high)).all()
    assert (feature.codes >= 0).all()


def test_numbers_with_few_values_keep_them() -> None:
    """An hour is not a quantity to cut."""
    feature = encoded({"hour": pa.array(np.arange(2_400) % 24)}, min_rows=10)[0][0]
    assert list(feature.values) == list(range(24))


def test_floats_are_one_value_where_the_evaluator_takes_them_for_one() -> None:
    """By their 32-bit value; not a number is missing."""
    feature = encoded({"x": pa.array([0.1, float(np.float32(0.1)), 2.0, 2.0, math.nan])}, min_rows=2)[0][0]
    assert list(feature.values) == [0.1, 2.0]
    assert feature.codes.tolist() == [0, 0, 1, 1, -1]


@pytest.mark.parametrize(
    ("column", "why"),
    [
        (pa.nulls(9), "no row has a value"),
        (pa.array([[1]] * 9), "not one value a row"),
        (pa.array([str(row) for row in range(9)]), "no value has 2 rows"),
        (pa.array([1] * 9), "no value has 2 rows"),
        (pa.array([], pa.int64()), "no value has 2 rows"),
        (pa.array([math.nan] * 9), "no value has 2 rows"),
    ],
    ids=["missing", "lists", "ids", "constant", "empty", "not a number"],
)
def test_a_column_that_cannot_be_searched_by_is_left_out(column: pa.Array, why: str) -> None:
    """And it is said why."""
    features, left_out = encoded({"x": column}, min_rows=2)
    assert features == []
    assert why in left_out["x"]


def test_infinite_numbers_are_in_the_outer_buckets() -> None:
    """They do not move the quantiles of the others."""
    column = pa.array([*np.linspace(0, 1, 200), math.inf, -math.inf])
    feature = encoded({"x": column}, min_rows=5)[0][0]
    assert feature.codes[-2:].tolist() == [len(feature.values) - 1, 0]


@pytest.mark.parametrize(
    "column",
    [
        pa.array([True, False] * 5),
        pa.array(["a", "b"] * 5).dictionary_encode(),
        pa.array([b"a", b"b"] * 5),
        pa.chunked_array([pa.array(["a"] * 5), pa.array(["b"] * 5)]),
        pa.array([0, 86_400] * 5, pa.timestamp("s")),
    ],
    ids=["truth values", "dictionary", "bytes", "chunks", "times"],
)
def test_every_kind_of_column_has_codes(column: pa.Array) -> None:
    """Two values of five rows each."""
    feature = encoded({"x": column}, min_rows=5)[0][0]
    assert np.bincount(feature.codes).tolist() == [5, 5]


def test_conditions_read_as_a_person_writes_them() -> None:
    """A value with ``=``, a bucket with ``in``."""
    assert condition_text([("a", 1), ("b", Bucket(-math.inf, 2.5))]) == "a=1, b in [-inf, 2.5)"
