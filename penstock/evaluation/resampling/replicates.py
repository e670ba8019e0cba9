"""The sums of every slice in every replicate; mergeable in any order, and exact where weights are whole numbers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from penstock.evaluation.accumulator import Accumulator, Layout
from penstock.evaluation.histogram import BINS, Floats, Histogram, Ints, bins_of
from penstock.evaluation.resampling.factors import Factors

__all__ = ["Replicates", "add_products"]


class Replicates:
    """What an `Accumulator` sums, for slices numbered from 0, once for each replicate.

    Attributes:
        layout: What is summed.
        slices: How many slices there are.
        replicates: How many replicates.
        base: Rows, weight and label weight, [slices, 3, replicates].
        sums: For each model its columns of `Accumulator.sums`, [slices, columns, replicates].
        histograms: For each model its score histogram.
    """

    def __init__(self, layout: Layout, slices: int, replicates: int) -> None:
        self.layout = layout
        self.slices = slices
        self.replicates = replicates
        self._rows = Accumulator(layout)
        columns = self._rows.sums[0].shape[1]
        self.base: Floats = np.zeros((slices, 3, replicates))
        self.sums: list[Floats] = [np.zeros((slices, columns, replicates)) for _ in layout.models]
        self.histograms = [_Cells(replicates) for _ in layout.models]

    def add(
        self, codes: Ints, labels: Floats, predictions: Sequence[Floats], weights: Floats | None, factors: Factors
    ) -> None:
        """Adds rows.

        Args:
            codes: Their slices, ascending, [rows].
            labels: [rows].
            predictions: For each model, [rows].
            weights: [rows]; None where every row weighs 1.
            factors: How often they count in each replicate, [rows, replicates].
        """
        weights = np.ones(len(labels)) if weights is None else weights
        weighted = labels * weights
        add_products(self.base, [np.ones(len(labels)), weights, weighted], codes, factors)
        for model, prediction in enumerate(predictions):
            add_products(self.sums[model], self._rows.per_row(labels, prediction, weights, weighted), codes, factors)
            if self.layout.histogram:
                self.histograms[model].add(codes * BINS + bins_of(prediction), weights, weighted, factors)

    def merge(self, other: Replicates) -> None:
        """Adds what another has summed of the same slices."""
        self.base += other.base
        self.sums = [mine + theirs for mine, theirs in zip(self.sums, other.sums, strict=True)]
        for cells, added in zip(self.histograms, other.histograms, strict=True):
            cells.merge(added)

    def accumulator(self) -> Accumulator:
        """An accumulator in which every slice of every replicate is a slice: ``s`` of ``r`` is r x slices + s."""
        found = Accumulator(self.layout)
        found.slices = {(("", number),): number for number in range(self.slices * self.replicates)}
        found.rows, found.weights, found.labels = (self.base[:, column].T.reshape(-1) for column in range(3))
        found.sums = [sums.transpose(2, 0, 1).reshape(len(found.rows), -1) for sums in self.sums]
        if self.layout.histogram:
            found.histograms = [cells.flat(self.slices) for cells in self.histograms]
        return found


def add_products(sums: Floats, columns: Sequence[Floats], codes: Ints, factors: Factors) -> None:
    """To the sums of slices adds columns times factors.

    Args:
        sums: [slices, columns, replicates].
        columns: Each [rows].
        codes: The rows' slices, ascending, [rows].
        factors: [rows, replicates].
    """
    from scipy.sparse import csr_array

    doubled = factors.astype(np.float64)
    bounds = np.searchsorted(codes, np.arange(len(sums) + 1))
    rows = np.arange(len(codes))
    for index, column in enumerate(columns):
        sums[:, index] += csr_array((column, rows, bounds), (len(sums), len(codes))) @ doubled


class _Cells:
    """Weight and label weight by (slice, bin) and replicate, sorted; in single precision, for there are many."""

    def __init__(self, replicates: int) -> None:
        self._replicates = replicates
        self._cells: Ints = np.empty(0, np.int64)
        self._weights: Factors = np.empty((0, replicates), np.float32)
        self._labels: Factors = np.empty((0, replicates), np.float32)

    def add(self, cells: Ints, weights: Floats, labels: Floats, factors: Factors) -> None:
        order = np.argsort(cells, kind="stable")
        sums = [(column[order], order, factors) for column in (weights, labels)]
        self._cells, self._weights, self._labels = self._with(*_summed(cells[order], *sums))

    def merge(self, other: _Cells) -> None:
        self._cells, self._weights, self._labels = self._with(other._cells, other._weights, other._labels)

    def _with(self, cells: Ints, weights: Factors, labels: Factors) -> tuple[Ints, Factors, Factors]:
        if not len(self._cells):
            return cells, weights, labels
        both = np.concatenate((self._cells, cells))
        order = np.argsort(both, kind="stable")
        ones = np.ones(len(both))
        sums = [(ones, order, np.concatenate(pair)) for pair in ((self._weights, weights), (self._labels, labels))]
        return _summed(both[order], *sums)

    def flat(self, slices: int) -> Histogram:
        """A histogram in which slice ``s`` of replicate ``r`` is slice r x slices + s; without cells of no weight."""
        of_slice, bins = np.divmod(self._cells, BINS)
        weights, labels = (np.ascontiguousarray(one.T) for one in (self._weights, self._labels))
        replicate, cell = np.nonzero(weights)
        picked = (one[replicate, cell].astype(np.float64) for one in (weights, labels))
        return Histogram.of_sorted(replicate * slices + of_slice[cell], bins[cell], *picked)


def _summed(cells: Ints, *sums: tuple[Floats, Ints, Factors]) -> tuple[Ints, Factors, Factors]:
    """The distinct ones of sorted cells, and for each value times factors of its rows summed: values, rows, factors."""
    from scipy.sparse import csr_array

    starts = np.flatnonzero(np.concatenate(([True], cells[1:] != cells[:-1]))) if len(cells) else np.empty(0, int)
    bounds = np.append(starts, len(cells))
    weights, labels = (
        csr_array((values.astype(np.float32), rows, bounds), (len(starts), len(factors))) @ factors
        for values, rows, factors in sums
    )
    return cells[starts], weights, labels
