"""How often each row counts in each replicate: a function of the row's number alone.

However the rows are cut into batches and workers, the same row counts the same, so that sums of parts are the sums of
the whole. The bits come from SplitMix64 (Steele, Lea and Flood, Fast splittable pseudorandom number generators, 2014).
"""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import numpy.typing as npt

from penstock.data.row_hashes import mixed
from penstock.evaluation.histogram import Floats, Ints
from penstock.evaluation.resampling.options import ConfidenceIntervals

__all__ = ["Factors", "factors", "standard_error", "t_quantile"]

Factors = npt.NDArray[np.float32]
_LANES = 4  # 16 bits of each hash are enough for one Poisson number: rarer ones than 1 in 65,536 do not matter


def factors(intervals: ConfidenceIntervals, rows: Ints) -> Factors:
    """How often each row counts in each replicate.

    Args:
        intervals: A method that resamples.
        rows: The rows' numbers in the split, [rows].

    Returns:
        [rows, replicates]: numbers of a Poisson distribution of mean 1 (Hanley and MacGibbon, Creating non-parametric
        bootstrap samples using Poisson frequencies, 2006), or for the jackknife 0 in the one group a row is in.
    """
    start = mixed(np.asarray(rows, np.uint64) + np.uint64(intervals.seed % 2**32 << 32))
    if intervals.method == "jackknife":
        group = (start % np.uint64(intervals.samples)).astype(np.int64)
        return (group[:, np.newaxis] != np.arange(intervals.samples)).astype(np.float32)
    streams = np.arange(-(-intervals.samples // _LANES), dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    bits = mixed(start[:, np.newaxis] + streams).view(np.uint16)
    return _poisson()[bits[:, : intervals.samples]]


@cache
def _poisson() -> Factors:
    """For each 16 bits a number of the Poisson distribution of mean 1: its quantiles."""
    cumulative = np.cumsum([math.exp(-1) / math.factorial(number) for number in range(9)])
    return np.searchsorted(cumulative, (np.arange(65_536) + 0.5) / 65_536).astype(np.float32)


def standard_error(intervals: ConfidenceIntervals, values: Floats) -> Floats:
    """The standard error of a metric from its values on the replicates.

    Args:
        intervals: The method.
        values: [slices, replicates].

    Returns:
        [slices]; not a number where any replicate is undefined, as in TFMA.
    """
    with np.errstate(invalid="ignore"):
        spread: Floats = values.var(axis=1, ddof=1)
    if intervals.method == "jackknife":
        # The delete-a-group jackknife: (G - 1) / G times the sum of squares.
        spread = spread * (intervals.samples - 1) ** 2 / intervals.samples
    return np.sqrt(spread)


def t_quantile(intervals: ConfidenceIntervals) -> float:
    """Student's 0.975 quantile, with one degree of freedom less than replicates, as in TFMA."""
    from scipy.special import stdtrit

    return float(stdtrit(intervals.samples - 1, 0.975))
