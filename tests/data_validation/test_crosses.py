from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.data_validation.crosses import CrossSummary


def found(summary: CrossSummary) -> dict[tuple[str, str], Any]:
    return {
        (cross.path_x.step[0], cross.path_y.step[0]): (
            cross.count,
            cross.num_cross_stats.covariance,
            cross.num_cross_stats.correlation,
        )
        for cross in summary.to_protos()
    }


@given(st.integers(0, 60), st.sampled_from([0.0, 1e9]), st.integers(0, 2**32 - 1))
def test_parts_give_numpys_covariance_of_the_whole(cut: int, offset: float, seed: int) -> None:
    """Over the rows that have both values, however they are split, and far from zero too."""
    generator = np.random.default_rng(seed)
    values = offset + generator.normal(size=(3, 60))
    values[generator.random(values.shape) < 0.3] = np.nan
    summary = CrossSummary()
    for part in (values[:, :cut], values[:, cut:]):
        other = CrossSummary()
        other.add(
            pa.record_batch({name: pa.array(row, from_pandas=True) for name, row in zip("cab", part, strict=True)})
        )
        summary.merge(other)
    for (x, y), (count, covariance, correlation) in found(summary).items():
        pair = values[["cab".index(x), "cab".index(y)]]
        pair = pair[:, ~np.isnan(pair).any(axis=0)]
        assert x < y
        assert count == pair.shape[1]
        expected = np.cov(pair, bias=True)
        scale = float(np.sqrt(expected[0, 0] * expected[1, 1]))
        assert covariance == pytest.approx(expected[0, 1], rel=1e-6, abs=1e-6 * scale + 1e-6)
        if count > 2:
            assert correlation == pytest.approx(expected[0, 1] / scale, abs=1e-5)


def test_only_single_numbers_count() -> None:
    """Lists of one number do; strings, several numbers, NaN and infinity don't; a constant has no correlation."""
    summary = CrossSummary()
    summary.add(
        pa.record_batch(
            {
                "a": [1.0, 2.0, 3.0, np.nan, np.inf],
                "b": [[1], [2], [3, 4], [4], [5]],
                "c": [7, 7, 7, 7, None],
                "s": ["x", "y", "z", "x", "y"],
            }
        )
    )
    assert found(summary) == {
        ("a", "b"): (2, pytest.approx(0.25), pytest.approx(1.0)),
        ("a", "c"): (3, 0.0, 0.0),
        ("b", "c"): (3, 0.0, 0.0),
    }


def test_columns_that_come_later_are_taken_in() -> None:
    """A batch with another column spreads the matrices; nothing is lost."""
    one, other = CrossSummary(), CrossSummary()
    one.add(pa.record_batch({"a": [1.0, 2.0], "c": [1.0, 3.0]}))
    other.add(pa.record_batch({"a": [5.0, 6.0], "b": [1.0, 0.0]}))
    one.merge(other)
    assert found(one) == {("a", "b"): (2, -0.25, pytest.approx(-1.0)), ("a", "c"): (2, 0.5, pytest.approx(1.0))}
