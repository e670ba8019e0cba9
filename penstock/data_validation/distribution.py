"""How finite numbers are distributed, in bounded memory: `Distribution`."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from tfx_bsl import sketches

__all__ = ["EXACT_DISTINCT", "SKETCH_ERROR", "Distribution", "weighted_quantiles"]

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64] | npt.NDArray[np.float64]

EXACT_DISTINCT: Final = 65_536
"""Up to so many distinct values everything is exact; beyond them a sketch answers."""

SKETCH_ERROR: Final = 0.001
"""The sketch's quantiles are off by at most this share of the ranks."""

_SKETCH_CAPACITY: Final = 2**32


class Distribution:
    """Counts of finite numbers: exact while there are few distinct ones, a quantiles sketch after that.

    Which of the two it is depends only on the numbers, never on how they were split and merged: a part has never
    more distinct values than the whole.
    """

    def __init__(self, exact_distinct: int = EXACT_DISTINCT) -> None:
        self._exact_distinct = exact_distinct
        self._parts: list[tuple[Floats, Counts]] = []
        self._pending = 0
        self._sketch: sketches.QuantilesSketch | None = None

    def add(self, values: Floats, counts: Counts) -> None:
        """Adds distinct finite ``values[i]``, each ``counts[i]`` times or with that weight, which is above 0."""
        if len(values) == 0:
            return
        if self._sketch is not None:
            _add_to_sketch(self._sketch, values, counts)
            return
        self._parts.append((values, counts))
        self._pending += len(values)
        if self._pending > 2 * self._exact_distinct:
            self._compact()

    def merge(self, other: Distribution) -> None:
        """Takes in the numbers behind ``other``, which must not be used after."""
        for values, counts in other._parts:
            self.add(values, counts)
        if other._sketch is not None:
            self._to_sketch()
            assert self._sketch is not None
            self._sketch.Merge(other._sketch)

    def exact(self) -> tuple[Floats, Counts] | None:
        """The distinct values in ascending order and their counts, or nothing if there are too many."""
        self._compact()
        if self._sketch is not None:
            return None
        return self._parts[0] if self._parts else (np.empty(0), np.empty(0, np.int64))

    def quantiles(self, buckets: int, *, below: float = 0, above: float = 0) -> tuple[Floats, Floats]:
        """``buckets + 1`` boundaries at equal ranks, and how many numbers are up to each.

        Args:
            buckets: How many parts of equal count, two or more.
            below: Count, or weight, of the negative infinities, which are numbers too.
            above: The same of the positive ones.
        """
        infinite = np.array([-np.inf] * bool(below) + [np.inf] * bool(above))
        extra = np.array([below] * bool(below) + [above] * bool(above))
        exact = self.exact()
        if exact is not None:
            values, counts = np.concatenate([infinite, exact[0]]), np.concatenate([extra, exact[1]])
            order = np.argsort(values, kind="stable")
            return weighted_quantiles(values[order], counts[order], buckets)
        sketch = _new_sketch()
        sketch.Merge(self._sketch)
        if len(infinite):
            _add_to_sketch(sketch, infinite, extra)
        boundaries, cumulative = sketch.GetQuantilesAndCumulativeWeights(buckets)
        return (
            boundaries.flatten().to_numpy(zero_copy_only=False),
            cumulative.flatten().to_numpy(zero_copy_only=False),
        )

    def _compact(self) -> None:
        if len(self._parts) > 1:
            values = np.concatenate([part for part, _ in self._parts])
            counts = np.concatenate([part for _, part in self._parts])
            distinct, at = np.unique(values, return_inverse=True)
            summed = np.zeros(len(distinct), dtype=counts.dtype)
            np.add.at(summed, at, counts)
            self._parts = [(distinct, summed)]
            self._pending = len(distinct)
        if self._pending > self._exact_distinct:
            self._to_sketch()

    def _to_sketch(self) -> None:
        if self._sketch is None:
            self._sketch = _new_sketch()
        for values, counts in self._parts:
            _add_to_sketch(self._sketch, values, counts)
        self._parts = []
        self._pending = 0


def weighted_quantiles(values: Floats, counts: Counts, buckets: int) -> tuple[Floats, Floats]:
    """Boundaries at equal ranks of ascending ``values`` taken ``counts`` times, and the cumulative count at each."""
    cumulative = np.cumsum(counts)
    ranks = np.arange(buckets + 1) * (cumulative[-1] / buckets)
    at = np.minimum(np.searchsorted(cumulative, ranks, side="right"), len(values) - 1)
    return values[at].astype(np.float64), cumulative[at].astype(np.float64)


def _new_sketch() -> sketches.QuantilesSketch:
    return sketches.QuantilesSketch(SKETCH_ERROR, _SKETCH_CAPACITY, 1)


def _add_to_sketch(sketch: sketches.QuantilesSketch, values: Floats, counts: Counts) -> None:
    sketch.AddValues(pa.array(values, pa.float64()), pa.array(counts.astype(np.float64)))
