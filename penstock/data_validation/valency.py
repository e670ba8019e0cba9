"""How many examples have a feature, and how many values they have of it: `Valency`."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from tensorflow_metadata.proto.v0 import statistics_pb2

from penstock.data_validation.distribution import Distribution
from penstock.data_validation.histograms import quantiles_histogram, standard_histogram

__all__ = ["Valency"]


class Valency:
    """Presence and lengths of the lists at one nest level; a missing list has no length, an empty one has 0.

    A weight is that of the example in which a list lies.
    """

    def __init__(self) -> None:
        self.present = self.values = 0
        self.low: float = math.inf
        self.high: float = -math.inf
        self.lengths = Distribution()
        self.weighted_present = self.weighted_values = 0.0

    def add(self, lengths: npt.NDArray[np.int64], weights: npt.NDArray[np.float64] | None = None) -> None:
        """Adds the lengths of the lists that are there, with their weights if examples have any."""
        self._add(*np.unique(lengths, return_counts=True))
        if weights is not None:
            self.weighted_present += float(weights.sum())
            self.weighted_values += float((lengths * weights).sum())

    def add_ones(self, count: int, weights: npt.NDArray[np.float64] | None = None) -> None:
        """Adds ``count`` lists of one value."""
        self._add(np.ones(1, np.int64), np.array([count]))
        if weights is not None:
            total = float(weights.sum())
            self.weighted_present += total
            self.weighted_values += total

    def merge(self, other: Valency) -> None:
        """Takes in the lists behind ``other``, which must not be used after."""
        self.present += other.present
        self.values += other.values
        self.low, self.high = min(self.low, other.low), max(self.high, other.high)
        self.lengths.merge(other.lengths)
        self.weighted_present += other.weighted_present
        self.weighted_values += other.weighted_values

    def quantiles(self) -> statistics_pb2.Histogram:
        """Quantiles histogram of the lengths; there must be a list."""
        return quantiles_histogram(self.lengths)

    def histogram(self) -> statistics_pb2.Histogram:
        """Histogram of the lengths in buckets of equal width; there must be a list."""
        return standard_histogram(self.lengths, self.low, self.high)

    def presence(self, outer: float) -> statistics_pb2.PresenceAndValencyStatistics:
        """As a proto, ``outer`` being the number of places in which there might be a list."""
        result = statistics_pb2.PresenceAndValencyStatistics()
        result.num_missing = int(outer) - self.present
        result.num_non_missing = self.present
        if self.present:
            result.min_num_values, result.max_num_values = int(self.low), int(self.high)
            result.tot_num_values = self.values
        return result

    def weighted_presence(self, outer: float) -> statistics_pb2.WeightedCommonStatistics:
        """As a proto, ``outer`` being the weight of all places in which there might be a list."""
        result = statistics_pb2.WeightedCommonStatistics()
        result.num_missing = outer - self.weighted_present
        result.num_non_missing = self.weighted_present
        result.tot_num_values = self.weighted_values
        if self.weighted_present:
            result.avg_num_values = self.weighted_values / self.weighted_present
        return result

    def _add(self, lengths: npt.NDArray[np.int64], counts: npt.NDArray[np.int64]) -> None:
        count = int(counts.sum())
        if count == 0:
            return
        self.present += count
        self.values += int((lengths * counts).sum())
        self.low, self.high = min(self.low, float(lengths[0])), max(self.high, float(lengths[-1]))
        self.lengths.add(lengths.astype(np.float64), counts)
