from __future__ import annotations

import pickle

import numpy as np
import pytest

from penstock.data_validation.distribution import SKETCH_ERROR, Distribution, weighted_quantiles


def filled(values: np.ndarray, parts: int, exact_distinct: int = 65_536, *, backwards: bool = False) -> Distribution:
    distributions = []
    for part in np.array_split(values, parts):
        distribution = Distribution(exact_distinct)
        distribution.add(*np.unique(part, return_counts=True))
        distributions.append(distribution)
    whole = Distribution(exact_distinct)
    for distribution in reversed(distributions) if backwards else distributions:
        whole.merge(pickle.loads(pickle.dumps(distribution)))  # noqa: S301  # as Beam moves it between workers
    return whole


def test_few_distinct_values_are_counted_exactly() -> None:
    """However the numbers are split, the counts are theirs, in ascending order."""
    values = np.random.default_rng(1).integers(0, 50, 10_000).astype(float)
    expected = np.unique(values, return_counts=True)
    for parts in (1, 2, 37):
        exact = filled(values, parts).exact()
        assert exact is not None
        assert np.array_equal(exact[0], expected[0])
        assert np.array_equal(exact[1], expected[1])


@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("parts", [1, 3, 50])
def test_many_distinct_values_are_sketched_within_the_stated_error(parts: int, backwards: bool) -> None:
    """Each quantile's rank is off by at most the sketch's error, however the numbers are split and merged."""
    values = np.random.default_rng(2).normal(size=40_000)
    distribution = filled(values, parts, exact_distinct=1000, backwards=backwards)
    assert distribution.exact() is None
    boundaries, cumulative = distribution.quantiles(100)
    assert cumulative[-1] == len(values)
    ranks = np.searchsorted(np.sort(values), boundaries) / len(values)
    assert np.max(np.abs(ranks - np.arange(101) / 100)) <= 2 * SKETCH_ERROR


def test_whether_it_is_exact_depends_on_the_numbers_only() -> None:
    """The same numbers are exact, or sketched, whether they come in one part or in many."""
    for distinct in (99, 100, 101, 300):
        values = np.tile(np.arange(distinct, dtype=float), 5)
        kinds = {filled(values, parts, exact_distinct=100).exact() is None for parts in (1, 2, 5, 50)}
        assert kinds == {distinct > 100}


def test_infinities_are_the_outermost_quantiles() -> None:
    """Infinite values count at both ends, in exact mode and in sketched mode."""
    values = np.arange(1000, dtype=float)
    for limit in (10, 10_000):
        boundaries, cumulative = filled(values, 3, limit).quantiles(4, below=500, above=500)
        assert boundaries[0] == -np.inf
        assert boundaries[-1] == np.inf
        assert cumulative[-1] == 2000
        assert boundaries[2] == pytest.approx(500, abs=10)


def test_weighted_quantiles_of_a_few_values() -> None:
    """Boundaries lie where the cumulative count passes equal shares of the total."""
    boundaries, cumulative = weighted_quantiles(np.array([1.0, 2.0, 5.0]), np.array([1, 1, 2]), 4)
    assert boundaries.tolist() == [1.0, 2.0, 5.0, 5.0, 5.0]
    assert cumulative.tolist() == [1.0, 2.0, 4.0, 4.0, 4.0]
