"""What is kept of a column of numbers: `NumberSummary`."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from tensorflow_metadata.proto.v0 import statistics_pb2

from penstock.data_validation.distribution import Distribution
from penstock.data_validation.histograms import FINE_QUANTILES, quantiles_histogram, standard_histogram
from penstock.data_validation.moments import Moments
from penstock.data_validation.observed import QUANTILES_STATISTIC

__all__ = ["NumberSummary"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


class Measured:
    """Moments, infinities and distribution of numbers that count once each, or by their weights."""

    def __init__(self) -> None:
        self.moments = Moments()
        self.distribution = Distribution()
        self.below: float = 0
        self.above: float = 0

    def add(self, distinct: Floats, counts: Ints | Floats) -> None:
        """Adds distinct numbers in ascending order, no NaN among them."""
        if len(distinct) == 0:
            return
        self.moments.merge(Moments.of(distinct, counts))
        start, stop = 0, len(distinct)
        if distinct[0] == -np.inf:
            self.below += counts[0].item()
            start = 1
        if distinct[-1] == np.inf:
            self.above += counts[-1].item()
            stop -= 1
        self.distribution.add(distinct[start:stop], counts[start:stop])

    def merge(self, other: Measured) -> None:
        """Takes in the numbers behind ``other``, which must not be used after."""
        self.moments.merge(other.moments)
        self.distribution.merge(other.distribution)
        self.below += other.below
        self.above += other.above

    def histograms(self, low: float, high: float, nan: int) -> list[statistics_pb2.Histogram]:
        """The standard and the quantiles histogram; ``low`` and ``high`` are the finite extremes."""
        return [
            standard_histogram(self.distribution, low, high, below=self.below, above=self.above, nan=nan),
            quantiles_histogram(self.distribution, below=self.below, above=self.above, nan=nan),
        ]

    def middle(self) -> float:
        """The number with half of the count, or weight, up to it."""
        return float(self.distribution.quantiles(1000, below=self.below, above=self.above)[0][500])


class NumberSummary:
    """Moments, extremes and distribution of numbers; NaNs are counted and left out of all else.

    Args:
        weighted: Whether the numbers come with weights.
    """

    def __init__(self, *, weighted: bool = False) -> None:
        self.plain = Measured()
        self.weighted = Measured() if weighted else None
        self.nan = self.zeros = 0
        self.low, self.high = math.inf, -math.inf

    def add(self, values: Floats | Ints, weights: Floats | None = None) -> None:
        """Adds the values of a batch, none missing."""
        known = ~np.isnan(values) if values.dtype.kind == "f" else None
        if known is not None and not known.all():
            self.nan += len(values) - int(np.count_nonzero(known))
            values = values[known]
            weights = weights if weights is None else weights[known]
        # One sort pays for all the rest: extremes, zeros, infinities and a histogram are read off distinct values.
        if self.weighted is None or weights is None:
            unique, counts = np.unique(values, return_counts=True)
        else:
            unique, at, counts = np.unique(values, return_inverse=True, return_counts=True)
        # Adding zero makes -0.0 into 0.0, so that it does not depend on the order which of the two equals is kept.
        distinct: Floats = unique.astype(np.float64, copy=False) + 0.0
        self.zeros += int(counts[distinct == 0].sum())
        finite = distinct[np.isfinite(distinct)] if values.dtype.kind == "f" else distinct
        if len(finite):
            self.low, self.high = min(self.low, float(finite[0])), max(self.high, float(finite[-1]))
        self.plain.add(distinct, counts)
        if self.weighted is not None and weights is not None:
            sums = np.bincount(at, weights=weights, minlength=len(distinct))
            self.weighted.add(distinct[sums > 0], sums[sums > 0])

    def merge(self, other: NumberSummary) -> None:
        """Takes in the numbers behind ``other``, which must not be used after."""
        self.plain.merge(other.plain)
        if self.weighted is not None and other.weighted is not None:
            self.weighted.merge(other.weighted)
        self.nan += other.nan
        self.zeros += other.zeros
        self.low, self.high = min(self.low, other.low), max(self.high, other.high)

    def to_proto(self) -> statistics_pb2.NumericStatistics:
        """As a proto without common statistics; without any number it has no members but the count of NaNs."""
        result = statistics_pb2.NumericStatistics()
        plain = self.plain
        if plain.moments.count == 0:
            if self.nan:
                result.histograms.add(type=statistics_pb2.Histogram.STANDARD, num_nan=self.nan)
                result.histograms.add(type=statistics_pb2.Histogram.QUANTILES, num_nan=self.nan)
            return result
        result.mean = plain.moments.mean
        result.std_dev = plain.moments.std_dev
        result.num_zeros = self.zeros
        result.min = -math.inf if plain.below else self.low if self.low <= self.high else math.inf
        result.max = math.inf if plain.above else self.high if self.low <= self.high else -math.inf
        result.median = self._median()
        result.histograms.extend(plain.histograms(self.low, self.high, self.nan))
        if self.weighted is not None and self.weighted.moments.count:
            weighted = result.weighted_numeric_stats
            weighted.mean = self.weighted.moments.mean
            weighted.std_dev = self.weighted.moments.std_dev
            weighted.median = self.weighted.middle()
            weighted.histograms.extend(self.weighted.histograms(self.low, self.high, self.nan))
        return result

    def fine_quantiles(self) -> statistics_pb2.CustomStatistic | None:
        """A finer quantiles histogram than the format has room for, as a custom statistic; nothing without numbers."""
        plain = self.plain
        if plain.moments.count == 0:
            return None
        histogram = quantiles_histogram(
            plain.distribution, FINE_QUANTILES, below=plain.below, above=plain.above, nan=self.nan
        )
        return statistics_pb2.CustomStatistic(name=QUANTILES_STATISTIC, histogram=histogram)

    def _median(self) -> float:
        plain = self.plain
        exact = plain.distribution.exact()
        if exact is None:
            return plain.middle()
        values = np.concatenate([[-np.inf], exact[0], [np.inf]])
        cumulative = np.cumsum(np.concatenate([[plain.below], exact[1], [plain.above]]))
        count = int(plain.moments.count)
        low, high = values[np.searchsorted(cumulative, [(count - 1) // 2, count // 2], side="right")]
        return float(low if low == high else (low + high) / 2)
