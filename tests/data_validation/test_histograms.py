from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.data_validation.distribution import Distribution
from penstock.data_validation.histograms import quantiles_histogram, standard_histogram


def distribution(values: np.ndarray, exact_distinct: int = 65_536) -> Distribution:
    result = Distribution(exact_distinct)
    result.add(*np.unique(values, return_counts=True))
    return result


def counts(histogram: object) -> list[float]:
    return [bucket.sample_count for bucket in histogram.buckets]  # type: ignore[attr-defined]


def test_equal_widths_are_exact_where_counts_are() -> None:
    """Ten buckets between the extremes; a number on a bound belongs to the bucket below it."""
    values = np.array([0.0, 1.0, 1.0, 5.0, 10.0])
    histogram = standard_histogram(distribution(values), 0.0, 10.0)
    assert counts(histogram) == [3, 0, 0, 0, 1, 0, 0, 0, 0, 1]
    assert [bucket.high_value for bucket in histogram.buckets] == list(range(1, 11))


def test_equal_widths_from_the_sketch_are_near_the_truth() -> None:
    """With too many distinct numbers to count, each bucket is within half a percent of the total."""
    values = np.random.default_rng(3).normal(size=50_000)
    low, high = float(values.min()), float(values.max())
    histogram = standard_histogram(distribution(values, exact_distinct=10), low, high)
    truth, _ = np.histogram(values, bins=10)
    assert np.max(np.abs(np.array(counts(histogram)) - truth)) <= 0.005 * len(values)
    assert sum(counts(histogram)) == pytest.approx(len(values))


def test_infinities_have_buckets_of_their_own() -> None:
    """They stand at the ends and leave the width of the others alone; NaNs are counted apart."""
    histogram = standard_histogram(distribution(np.array([1.0, 2.0])), 1.0, 2.0, below=3, above=4, nan=5)
    assert counts(histogram) == [3, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 4]
    assert histogram.buckets[0].high_value == -math.inf
    assert histogram.buckets[-1].low_value == math.inf
    assert histogram.num_nan == 5


def test_one_value_is_one_bucket() -> None:
    """A range of no width is a single bucket; no finite number at all leaves only the infinite ones."""
    assert counts(standard_histogram(distribution(np.full(7, 3.0)), 3.0, 3.0)) == [7]
    assert counts(standard_histogram(Distribution(), math.inf, -math.inf, above=2)) == [2]


def test_the_widest_range_does_not_overflow() -> None:
    """The extremes of float64 still have ten finite buckets."""
    values = np.array([-1.7e308, 0.0, 1.7e308])
    histogram = standard_histogram(distribution(values), -1.7e308, 1.7e308)
    assert all(math.isfinite(bucket.low_value) for bucket in histogram.buckets)
    assert sum(counts(histogram)) == 3


@given(st.lists(st.integers(-5, 5), min_size=1, max_size=200))
def test_quantile_buckets_hold_everything_once(values: list[int]) -> None:
    """The counts of ten quantile buckets sum to the number of values and lie between the extremes."""
    histogram = quantiles_histogram(distribution(np.array(values, dtype=float)))
    assert len(histogram.buckets) == 10
    assert sum(counts(histogram)) == pytest.approx(len(values))
    assert histogram.buckets[0].low_value == min(values)
    assert histogram.buckets[-1].high_value == max(values)
