"""Histograms of numbers in the form of ``tensorflow_metadata``: equal counts, and equal widths."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
from tensorflow_metadata.proto.v0 import statistics_pb2

from penstock.data_validation.distribution import Distribution

__all__ = ["BUCKETS", "FINE_QUANTILES", "quantiles_histogram", "standard_histogram"]

Floats = npt.NDArray[np.float64]

BUCKETS: Final = 10

FINE_QUANTILES: Final = 100
"""Buckets of the finer quantiles histogram that distances between distributions are taken from."""

_FINE_BUCKETS: Final = 1000
"""Buckets of equal count from which a histogram of equal widths is put together."""


def quantiles_histogram(
    distribution: Distribution, buckets: int = BUCKETS, *, below: float = 0, above: float = 0, nan: int = 0
) -> statistics_pb2.Histogram:
    """Buckets of about equal count; infinite values are buckets' bounds like any other."""
    result = statistics_pb2.Histogram(type=statistics_pb2.Histogram.QUANTILES, num_nan=nan)
    boundaries, cumulative = distribution.quantiles(buckets, below=below, above=above)
    _fill(result, boundaries[:-1], boundaries[1:], _weights(boundaries, cumulative))
    return result


def standard_histogram(
    distribution: Distribution, low: float, high: float, *, below: float = 0, above: float = 0, nan: int = 0
) -> statistics_pb2.Histogram:
    """Ten buckets of equal width between the finite extremes, in one pass over the data.

    The range is known only when all has been seen, so the counts come from the distribution afterwards: exactly where
    it is exact, else by spreading each of a thousand quantile buckets evenly over its width. A bucket holds its upper
    bound, the first its lower one too. Infinite values stand in buckets of their own at the ends.

    Args:
        distribution: The finite values.
        low: The least of them.
        high: The greatest of them; below ``low`` if there are none.
        below: Number, or weight, of the negative infinities.
        above: Number, or weight, of the positive infinities.
        nan: Number of NaNs.
    """
    result = statistics_pb2.Histogram(type=statistics_pb2.Histogram.STANDARD, num_nan=nan)
    if below:
        result.buckets.add(low_value=-np.inf, high_value=-np.inf, sample_count=below)
    if low == high:
        result.buckets.add(low_value=low, high_value=high, sample_count=_total(distribution))
    elif low < high:
        edges = _edges(low, high)
        _fill(result, edges[:-1], edges[1:], _counts_between(distribution, edges))
    if above:
        result.buckets.add(low_value=np.inf, high_value=np.inf, sample_count=above)
    return result


def _edges(low: float, high: float) -> Floats:
    share = np.linspace(0.0, 1.0, BUCKETS + 1)
    # high - low may overflow where neither of the two products does.
    edges = np.linspace(low, high, BUCKETS + 1) if np.isfinite(high - low) else low * (1 - share) + high * share
    return np.asarray(edges, dtype=np.float64)


def _total(distribution: Distribution) -> float:
    return float(distribution.quantiles(2)[1][-1])


def _counts_between(distribution: Distribution, edges: Floats) -> Floats:
    exact = distribution.exact()
    if exact is not None:
        values, counts = exact
        return np.asarray(np.bincount(_bucket_of(values, edges), weights=counts, minlength=BUCKETS))
    boundaries, cumulative = distribution.quantiles(_FINE_BUCKETS)
    low, high, weights = boundaries[:-1], boundaries[1:], _weights(boundaries, cumulative)
    points = low == high
    result = np.bincount(_bucket_of(low[points], edges), weights=weights[points], minlength=BUCKETS)
    low, high, weights = low[~points], high[~points], weights[~points]
    below_edge = np.clip((edges[:, None] - low) / (high - low), 0.0, 1.0) @ weights
    return np.asarray(result + np.diff(below_edge))


def _bucket_of(values: Floats, edges: Floats) -> npt.NDArray[np.int64]:
    return np.clip(np.searchsorted(edges, values, side="left") - 1, 0, len(edges) - 2)


def _weights(boundaries: Floats, cumulative: Floats) -> Floats:
    """Count in each bucket between boundaries; what falls on one upper bound is shared by the buckets that have it."""
    weights = np.diff(cumulative)
    high = boundaries[1:]
    starts = np.flatnonzero(np.concatenate([[True], high[1:] != high[:-1]]))
    lengths = np.diff(np.concatenate([starts, [len(high)]]))
    weights = np.repeat(np.add.reduceat(weights, starts) / lengths, lengths)
    # The least value itself lies at the lower end of the first bucket, and of its copies if it fills several.
    copies = max(1, int(np.argmin(np.append((boundaries[:-1] == boundaries[0]) & (high == high[0]), False))))
    weights[:copies] += cumulative[0] / copies
    return np.asarray(weights)


def _fill(histogram: statistics_pb2.Histogram, low: Floats, high: Floats, counts: Floats) -> None:
    for lower, upper, count in zip(low.tolist(), high.tolist(), counts.tolist(), strict=True):
        histogram.buckets.add(low_value=lower, high_value=upper, sample_count=count)
