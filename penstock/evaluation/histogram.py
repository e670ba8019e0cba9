"""The score histogram: weight and label weight by slice and prediction bin, kept only where there is any.

Predictions fall into 10,000 bins of equal width between 0 and 1 and one at either end, the bins of TFMA's AUC, so
that sums merge exactly and areas under curves come out the same. Many slices with 10,000 bins each would not fit in
memory as a matrix, but no slice can fill more cells than it has rows: cells are kept as sorted (slice, bin) codes.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["BINS", "Floats", "Histogram", "Ints", "bins_of", "sums_by"]

BINS = 10_002

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

# Cells that may wait unmerged; larger is faster and takes more memory (24 bytes a cell).
_WAITING = 1 << 20


def sums_by(codes: Ints, values: Floats | None, size: int) -> Floats:
    """The sum of the values (their number, if None) for each code from 0 to ``size`` - 1, [size]."""
    return np.bincount(codes, values, size).astype(np.float64, copy=False)


def bins_of(predictions: Floats) -> Ints:
    """The bin of each prediction, 0 to 10,001; not a number is put in bin 0."""
    scaled = np.nan_to_num(np.clip(predictions, -1.0, 2.0), nan=-1.0) * (BINS - 2) + 1.0
    return np.clip(scaled, 0, BINS - 1).astype(np.int64)


class Histogram:
    """Sparse sums over (slice, bin); slices are numbered by whoever fills it."""

    def __init__(self) -> None:
        self._cells: Ints = np.empty(0, np.int64)
        self._weights: Floats = np.empty(0)
        self._labels: Floats = np.empty(0)
        self._waiting: list[tuple[Ints, Floats, Floats]] = []

    @classmethod
    def of_sorted(cls, slices: Ints, bins: Ints, weights: Floats, labels: Floats) -> Histogram:
        """The histogram of cells that are distinct and sorted by slice, then bin."""
        found = cls()
        found._cells, found._weights, found._labels = slices * BINS + bins, weights, labels
        return found

    def add(self, slices: Ints, bins: Ints, weights: Floats, labels: Floats) -> None:
        """Adds rows: their slice, bin, weight, and label times weight."""
        self._wait(*_summed(slices * BINS + bins, weights, labels))

    def merge(self, other: Histogram, renumbered: Ints) -> None:
        """Adds another histogram, whose slice ``i`` is slice ``renumbered[i]`` here."""
        for cells, weights, labels in [(other._cells, other._weights, other._labels), *other._waiting]:
            slices, bins = np.divmod(cells, BINS)
            self._wait(renumbered[slices] * BINS + bins, weights, labels)

    def _wait(self, cells: Ints, weights: Floats, labels: Floats) -> None:
        if len(cells):
            self._waiting.append((cells, weights, labels))
            # Merging when as much waits as is there keeps the total work linear in what was added.
            if sum(len(waiting[0]) for waiting in self._waiting) > max(_WAITING, len(self._cells)):
                self.compact()

    def compact(self) -> None:
        """Merges what waits; what is pickled between workers is then as small as it can be."""
        if self._waiting:
            parts = [(self._cells, self._weights, self._labels), *self._waiting]
            self._waiting = []
            self._cells, self._weights, self._labels = _summed(*map(np.concatenate, zip(*parts, strict=True)))

    @property
    def cells(self) -> tuple[Ints, Ints, Floats, Floats]:
        """Slice, bin, weight and label weight of each cell in use, by slice and then bin."""
        self.compact()
        slices, bins = np.divmod(self._cells, BINS)
        return slices, bins, self._weights, self._labels


def _summed(cells: Ints, weights: Floats, labels: Floats) -> tuple[Ints, Floats, Floats]:
    if not len(cells):
        return cells, weights, labels
    order = np.argsort(cells)
    cells = cells[order]
    starts = np.flatnonzero(np.concatenate(([True], cells[1:] != cells[:-1])))
    return cells[starts], np.add.reduceat(weights[order], starts), np.add.reduceat(labels[order], starts)
