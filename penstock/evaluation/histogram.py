"""The score histogram: weight and label weight by slice and prediction bin, kept only where there is any.

Predictions fall into 10,000 bins of equal width between 0 and 1 and one at either end, the bins of TFMA's AUC, so
that sums merge exactly and areas under curves come out the same. Many slices with 10,000 bins each would not fit in
memory as a matrix, but no slice can fill more cells than it has rows: cells are kept as sorted (slice, bin) codes.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["BINS", "Floats", "Histogram", "Ints", "bins_of", "sums_by"]

BINS = 10_002

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

# Cells that may wait unmerged; larger is faster and takes more memory (12 to 24 bytes a cell).
_WAITING = 1 << 20

# Cells that are sorted at once: sorting takes several times their own memory.
_SORTED = 1 << 21

_Cells = tuple[npt.NDArray[np.unsignedinteger], npt.NDArray[np.floating], npt.NDArray[np.floating]]


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
        self._merged: _Cells = (np.empty(0, np.uint32), np.empty(0, np.float32), np.empty(0, np.float32))
        self._waiting: list[_Cells] = []

    @classmethod
    def of_sorted(cls, slices: Ints, bins: Ints, weights: Floats, labels: Floats) -> Histogram:
        """The histogram of cells that are distinct and sorted by slice, then bin."""
        found = cls()
        found._merged = (slices * BINS + bins).astype(np.uint64), weights, labels
        return found

    def add(self, slices: Ints, bins: Ints, weights: Floats, labels: Floats) -> None:
        """Adds rows: their slice, bin, weight, and label times weight."""
        self._wait(*_summed(slices * BINS + bins, weights, labels))

    def merge(self, other: Histogram, renumbered: Ints) -> None:
        """Adds another histogram, whose slice ``i`` is slice ``renumbered[i]`` here."""
        for cells, weights, labels in [other._merged, *other._waiting]:
            slices, bins = np.divmod(cells.astype(np.int64), BINS)
            codes = renumbered[slices] * BINS + bins
            order = slice(None) if (np.diff(codes) > 0).all() else np.argsort(codes)
            self._wait(codes[order], weights[order], labels[order])

    def _wait(self, cells: Ints, weights: npt.NDArray[np.floating], labels: npt.NDArray[np.floating]) -> None:
        if len(cells):
            wide = np.uint32 if cells[-1] < 1 << 32 else np.uint64
            self._waiting.append((cells.astype(wide), _narrowed(weights), _narrowed(labels)))
            # Merging when as much waits as is there keeps the total work linear in what was added.
            if sum(len(waiting[0]) for waiting in self._waiting) > max(_WAITING, len(self._merged[0])):
                self.compact()

    def compact(self) -> None:
        """Merges what waits; what is pickled between workers is then as small as it can be."""
        if not self._waiting:
            return
        parts = [self._merged, *self._waiting]
        self._waiting = []
        longest = max(parts, key=lambda part: len(part[0]))[0]
        # Every part is sorted, so that a range of codes is a run in each.
        times = -(-sum(len(part[0]) for part in parts) // _SORTED)
        cuts = longest[[len(longest) * at // times for at in range(1, times)]]
        runs = [[0, *np.searchsorted(part[0], cuts).tolist(), len(part[0])] for part in parts]
        merged = []
        for at in range(times):
            pieces = [
                tuple(column[run[at] : run[at + 1]] for column in part) for part, run in zip(parts, runs, strict=True)
            ]
            merged.append(_summed(*map(np.concatenate, zip(*pieces, strict=True))))
        cells, weights, labels = map(np.concatenate, zip(*merged, strict=True))
        self._merged = (cells, _narrowed(weights), _narrowed(labels))

    @property
    def cells(self) -> tuple[Ints, Ints, Floats, Floats]:
        """Slice, bin, weight and label weight of each cell in use, by slice and then bin."""
        return self.part(0, len(self))

    def __len__(self) -> int:
        """The number of cells in use."""
        self.compact()
        return len(self._merged[0])

    def part(self, start: int, stop: int) -> tuple[Ints, Ints, Floats, Floats]:
        """A run of `cells`, without a copy of all of them."""
        self.compact()
        cells, weights, labels = (column[start:stop] for column in self._merged)
        slices, bins = np.divmod(cells.astype(np.int64), BINS)
        return slices, bins, weights.astype(np.float64), labels.astype(np.float64)

    def start_of(self, number: int) -> int:
        """Where the cells of a slice begin in `cells`; where they would if it had any."""
        self.compact()
        cells = self._merged[0]
        first = number * BINS
        # In the cells' own type: of another one, NumPy would make a copy of all of them.
        return len(cells) if first > np.iinfo(cells.dtype).max else int(np.searchsorted(cells, cells.dtype.type(first)))


def _narrowed(values: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
    """In half the memory, where nothing is lost: counts of rows without weights are small whole numbers."""
    if values.dtype == np.float32 and (not len(values) or values.max() < 1 << 23):
        return values
    narrow = values.astype(np.float32)
    whole = len(values) == 0 or (values.max() < 1 << 23 and bool((values == np.floor(values)).all()))
    return narrow if whole else values.astype(np.float64, copy=False)


def _summed(cells: Any, weights: Any, labels: Any) -> tuple[Any, Floats, Floats]:
    """The sum for each distinct code, sorted by code."""
    if not len(cells):
        return cells, weights, labels
    order = np.argsort(cells)
    cells = cells[order]
    starts = np.flatnonzero(np.concatenate(([True], cells[1:] != cells[:-1])))
    weights, labels = weights[order].astype(np.float64), labels[order].astype(np.float64)
    return cells[starts], np.add.reduceat(weights, starts), np.add.reduceat(labels, starts)
