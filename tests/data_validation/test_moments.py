from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.data_validation.moments import Moments

# The square of a number under 1e-154 is no longer a full float64, so that nobody's deviation of such is exact.
NUMBERS = st.floats(-1e6, 1e6).map(lambda number: number if abs(number) > 1e-100 else 0.0)


def of(values: list[float]) -> Moments:
    distinct, counts = np.unique(np.array(values, dtype=np.float64), return_counts=True)
    return Moments.of(distinct, counts)


@given(
    st.lists(st.lists(NUMBERS, max_size=20), min_size=1, max_size=6),
    st.floats(-1e9, 1e9),
    st.randoms(use_true_random=False),
)
def test_parts_merge_into_the_whole_in_any_order(parts: list[list[float]], shift: float, random: object) -> None:
    """Merging gives NumPy's mean and deviation of all numbers, to 1e-9 of their size, wherever they lie."""
    parts = [[value + shift for value in part] for part in parts]
    whole = np.array([value for part in parts for value in part])
    random.shuffle(parts)  # type: ignore[attr-defined]
    merged = Moments()
    for part in parts:
        merged.merge(of(part))
    assert merged.count == len(whole)
    if len(whole):
        size = float(np.max(np.abs(whole))) or 1.0
        assert merged.mean == pytest.approx(float(whole.mean()), abs=1e-9 * size, rel=1e-9)
        assert merged.std_dev == pytest.approx(float(whole.std()), abs=1e-9 * size, rel=1e-9)


def test_a_large_offset_does_not_swallow_the_deviation() -> None:
    """Numbers a billion away from zero keep their standard deviation through many merges."""
    values = 1e9 + np.arange(1000) % 7
    merged = Moments()
    for part in np.split(values, 100):
        merged.merge(of(part.tolist()))
    assert merged.std_dev == pytest.approx(float(values.std()), rel=1e-9)


def test_nothing_has_no_deviation() -> None:
    """The deviation of no numbers is NaN, and so is that of infinite ones; the mean of those is infinite."""
    assert math.isnan(Moments().std_dev)
    infinite = of([1.0, math.inf])
    infinite.merge(of([2.0]))
    assert infinite.mean == math.inf
    assert math.isnan(infinite.std_dev)
