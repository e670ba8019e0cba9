from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tensorflow_metadata.proto.v0 import statistics_pb2

from penstock.data_validation.distances import align_histograms, jensen_shannon, l_infinity
from penstock.data_validation.observed import observed_features

Summarise = Callable[..., statistics_pb2.DatasetFeatureStatistics]
COUNTS = st.dictionaries(st.sampled_from("abcde"), st.integers(1, 1000).map(float), min_size=1)


@given(COUNTS, COUNTS)
def test_l_infinity_is_the_greatest_change_of_a_share(one: dict[str, float], other: dict[str, float]) -> None:
    """It is symmetric, 0 for equal shares, at most 1, and the value it names has it."""
    value, distance = l_infinity(one, other)
    shares = [counts.get(value, 0) / sum(counts.values()) for counts in (one, other)]
    assert distance == pytest.approx(abs(shares[0] - shares[1]))
    assert distance == pytest.approx(l_infinity(other, one)[1])
    assert 0 <= distance <= 1
    assert l_infinity(one, {key: 3 * count for key, count in one.items()})[1] == pytest.approx(0)


@given(
    st.lists(st.tuples(st.integers(0, 99), st.integers(0, 99)), min_size=2).filter(
        lambda p: all(map(sum, zip(*p, strict=True)))
    )
)
def test_jensen_shannon_is_symmetric_and_bounded(pairs: list[tuple[int, int]]) -> None:
    """Between 0 and 1 whichever way round, and 0 from itself."""
    one, other = (np.array(side, dtype=float) for side in zip(*pairs, strict=True))
    assert -1e-12 <= jensen_shannon(one, other) <= 1 + 1e-12
    assert jensen_shannon(one, other) == pytest.approx(jensen_shannon(other, one))
    assert jensen_shannon(one, 7 * one) == pytest.approx(0)


def test_jensen_shannon_of_a_known_pair() -> None:
    """Half against all: 1 - 3/4 log2 3 + ... worked out by hand."""
    expected = 0.5 * (0.5 * np.log2(0.5 / 0.75) + 0.5 * np.log2(0.5 / 0.25)) + 0.5 * np.log2(1 / 0.75)
    assert jensen_shannon(np.array([1.0, 1.0]), np.array([5.0, 0.0])) == pytest.approx(expected)


def divergence(summarise: Summarise, now: np.ndarray, then: np.ndarray) -> float:
    histograms = [observed_features(summarise({"x": values}))["x"].histogram for values in (now, then)]
    return jensen_shannon(*align_histograms(*histograms))  # type: ignore[arg-type]


def test_samples_of_one_distribution_are_near_each_other(summarise: Summarise) -> None:
    """Heavy tails, clumps at round values and a single outlier do not look like drift."""
    generator = np.random.default_rng(8)
    fares = generator.lognormal(2, 0.7, 20_000).round()
    fares += np.where(generator.random(20_000) < 0.2, generator.random(20_000) / 4, 0)
    outlier = np.append(fares[10_000:], 5000.0)
    assert divergence(summarise, fares[:10_000], fares[10_000:]) < 0.005
    assert divergence(summarise, outlier, fares[:10_000]) < 0.005


def test_a_shift_and_a_wrong_unit_are_far(summarise: Summarise) -> None:
    """Fares a fifth higher stand out from the noise, cents for dollars are nearly disjoint."""
    fares = np.random.default_rng(7).lognormal(2, 0.7, 20_000)
    assert divergence(summarise, fares[:10_000] * 1.2, fares[10_000:]) > 0.01
    assert divergence(summarise, fares[:10_000] * 100, fares[10_000:]) > 0.8


def test_nan_and_infinities_are_places_too(summarise: Summarise) -> None:
    """Values that turned into NaN, or to infinity, moved."""
    values = np.arange(1000.0)
    broken, endless = values.copy(), values.copy()
    broken[::2] = np.nan
    endless[::2] = np.inf
    assert divergence(summarise, broken, values) > 0.2
    assert divergence(summarise, endless, values) > 0.2
    assert divergence(summarise, broken, broken) == pytest.approx(0)
    assert divergence(summarise, endless, endless) == pytest.approx(0)
