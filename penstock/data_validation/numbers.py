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


class NumberSummary:
    """Moments, extremes and distribution of numbers; NaNs are counted and left out of all else."""

    def __init__(self) -> None:
        self.moments = Moments()
        self.distribution = Distribution()
        self.nan = self.zeros = self.below = self.above = 0
        self.low, self.high = math.inf, -math.inf

    def add(self, values: npt.NDArray[np.float64] | npt.NDArray[np.int64]) -> None:
        """Adds the values of a batch, none missing."""
        nan = int(np.count_nonzero(np.isnan(values))) if values.dtype.kind == "f" else 0
        self.nan += nan
        # One sort pays for all the rest: extremes, zeros, infinities and a histogram are read off distinct values.
        unique, counts = np.unique(values[~np.isnan(values)] if nan else values, return_counts=True)
        distinct: npt.NDArray[np.float64] = unique.astype(np.float64, copy=False)
        self.moments.merge(Moments.of(distinct, counts))
        self.zeros += int(counts[distinct == 0].sum())
        self.below += int(counts[distinct == -np.inf].sum())
        self.above += int(counts[distinct == np.inf].sum())
        finite = np.isfinite(distinct)
        distinct, counts = distinct[finite], counts[finite]
        if len(distinct):
            self.low, self.high = min(self.low, float(distinct[0])), max(self.high, float(distinct[-1]))
        self.distribution.add(distinct, counts)

    def merge(self, other: NumberSummary) -> None:
        """Takes in the numbers behind ``other``, which must not be used after."""
        self.moments.merge(other.moments)
        self.distribution.merge(other.distribution)
        self.nan += other.nan
        self.zeros += other.zeros
        self.below += other.below
        self.above += other.above
        self.low, self.high = min(self.low, other.low), max(self.high, other.high)

    def to_proto(self) -> statistics_pb2.NumericStatistics:
        """As a proto without common statistics; without any number it has no members but the count of NaNs."""
        result = statistics_pb2.NumericStatistics()
        if self.moments.count == 0:
            if self.nan:
                result.histograms.add(type=statistics_pb2.Histogram.STANDARD, num_nan=self.nan)
                result.histograms.add(type=statistics_pb2.Histogram.QUANTILES, num_nan=self.nan)
            return result
        infinite = {"below": self.below, "above": self.above}
        result.mean = self.moments.mean
        result.std_dev = self.moments.std_dev
        result.num_zeros = self.zeros
        result.min = -math.inf if self.below else self.low if self.low <= self.high else math.inf
        result.max = math.inf if self.above else self.high if self.low <= self.high else -math.inf
        result.median = self._median()
        result.histograms.append(standard_histogram(self.distribution, self.low, self.high, nan=self.nan, **infinite))
        result.histograms.append(quantiles_histogram(self.distribution, nan=self.nan, **infinite))
        return result

    def fine_quantiles(self) -> statistics_pb2.CustomStatistic | None:
        """A finer quantiles histogram than the format has room for, as a custom statistic; nothing without numbers."""
        if self.moments.count == 0:
            return None
        histogram = quantiles_histogram(
            self.distribution, FINE_QUANTILES, below=self.below, above=self.above, nan=self.nan
        )
        return statistics_pb2.CustomStatistic(name=QUANTILES_STATISTIC, histogram=histogram)

    def _median(self) -> float:
        exact = self.distribution.exact()
        if exact is None:
            return float(self.distribution.quantiles(1000, below=self.below, above=self.above)[0][500])
        values = np.concatenate([[-np.inf], exact[0], [np.inf]])
        cumulative = np.cumsum(np.concatenate([[self.below], exact[1], [self.above]]))
        middle = [(self.moments.count - 1) // 2, self.moments.count // 2]
        low, high = values[np.searchsorted(cumulative, middle, side="right")]
        return float(low if low == high else (low + high) / 2)
