from __future__ import annotations

import math

import numpy as np
import pytest

from penstock.evaluation.resampling.factors import factors, standard_error, t_quantile
from penstock.evaluation.resampling.options import ConfidenceIntervals

BOOTSTRAP = ConfidenceIntervals("poisson_bootstrap")
JACKKNIFE = ConfidenceIntervals("jackknife")


@pytest.mark.parametrize("intervals", [BOOTSTRAP, JACKKNIFE, ConfidenceIntervals("poisson_bootstrap", 7)])
def test_a_row_counts_the_same_however_rows_are_cut(intervals: ConfidenceIntervals) -> None:
    """In any order and in any batch."""
    whole = factors(intervals, np.arange(1_000))
    assert whole.shape == (1_000, intervals.samples)
    order = np.random.default_rng(0).permutation(1_000)
    for part in np.array_split(order, 7):
        np.testing.assert_array_equal(factors(intervals, part), whole[part])


def test_the_bootstrap_counts_are_poissons() -> None:
    """Of mean 1, their frequencies those of the distribution, rows and replicates without a bond."""
    drawn = factors(BOOTSTRAP, np.arange(20_000))
    counts = np.bincount(drawn.astype(int).reshape(-1), minlength=9)
    for number in range(6):
        expected = math.exp(-1) / math.factorial(number)
        assert counts[number] / drawn.size == pytest.approx(expected, abs=5 * math.sqrt(expected / drawn.size) + 2e-5)
    bonds = np.corrcoef(drawn, rowvar=False) - np.eye(200)
    assert np.abs(bonds).max() < 6 / math.sqrt(20_000)
    across = np.corrcoef(drawn[:300]) - np.eye(300)
    assert np.abs(across).max() < 6 / math.sqrt(200)


def test_the_jackknife_leaves_every_row_out_once() -> None:
    """In groups of about the same size."""
    drawn = factors(JACKKNIFE, np.arange(20_000))
    assert set(np.unique(drawn)) == {0.0, 1.0}
    assert (drawn == 0).sum(axis=1).tolist() == [1] * 20_000
    assert (drawn == 0).sum(axis=0).tolist() == pytest.approx([1_000] * 20, rel=0.15)


def test_another_seed_draws_other_samples() -> None:
    """And the same seed the same."""
    one, two = (factors(ConfidenceIntervals("poisson_bootstrap", seed=seed), np.arange(100)) for seed in (1, 2))
    assert not np.array_equal(one, two)


def test_the_jackknifes_error_of_a_mean_is_the_textbooks() -> None:
    """With one row in each group, the standard deviation over the root of the number of rows."""
    values = np.random.default_rng(1).random(50)
    left_out = (values.sum() - values) / 49
    error = standard_error(ConfidenceIntervals("jackknife", 50), left_out[np.newaxis])
    assert error[0] == pytest.approx(values.std(ddof=1) / math.sqrt(50))


def test_an_undefined_replicate_leaves_the_error_undefined() -> None:
    """As in TFMA: what is left would be of a chosen part of the samples."""
    values = np.array([[1.0, 2.0, 3.0], [1.0, math.nan, 3.0], [1.0, math.inf, 3.0]])
    error = standard_error(ConfidenceIntervals("poisson_bootstrap", 3), values)
    assert error[0] == 1
    assert np.isnan(error[1:]).all()


def test_the_quantile_is_students() -> None:
    """19 degrees of freedom for 20 groups."""
    assert t_quantile(JACKKNIFE) == pytest.approx(2.093024)


@pytest.mark.parametrize("replicates", [0, 1, 10_001])
def test_a_number_of_replicates_that_tells_nothing_is_refused(replicates: int) -> None:
    """Fewer than two have no spread."""
    with pytest.raises(ValueError, match="between 2 and 10,000"):
        ConfidenceIntervals("jackknife", replicates)
