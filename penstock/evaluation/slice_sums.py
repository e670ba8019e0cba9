"""What every accumulator of an evaluation keeps: the slices met, their rows and weights, and sums for each model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import numpy as np

from penstock.evaluation.histogram import Floats, Ints, sums_by
from penstock.evaluation.slices import SliceKey

__all__ = ["SliceSums", "by_slice"]


class SliceSums:
    """Rows, weights and sums of each slice; merges in any order.

    Attributes:
        slices: The slices met, each with its number, which indexes the arrays.
        rows: Rows in each slice, [slices].
        weights: Their weight, [slices].
        sums: For each model, [slices, columns].
        counts: Numbers of rows by what became of them.
        error: The first error met.
    """

    def __init__(self, models: int, columns: int) -> None:
        self.slices: dict[SliceKey, int] = {}
        self.rows: Floats = np.zeros(0)
        self.weights: Floats = np.zeros(0)
        self.sums: list[Floats] = [np.zeros((0, columns)) for _ in range(models)]
        self.counts: dict[str, int] = {}
        self.error: dict[str, object] | None = None

    def merge(self, other: Self) -> None:
        """Adds what another has summed; the other is left as it was."""
        self._count(other.counts, other.error)
        numbers = self._numbers(list(other.slices))
        self.rows[numbers] += other.rows
        self.weights[numbers] += other.weights
        for mine, theirs in zip(self.sums, other.sums, strict=True):
            mine[numbers] += theirs
        self._merge_rest(other, numbers)

    def _merge_rest(self, other: Self, numbers: Ints) -> None:
        """Adds what a subclass keeps besides; the other's slice i has the number ``numbers[i]`` here."""
        raise NotImplementedError

    def _grow(self, slices: int) -> None:
        """Makes room for so many more slices."""
        self.rows, self.weights = (np.concatenate((old, np.zeros(slices))) for old in (self.rows, self.weights))
        self.sums = [np.concatenate((old, np.zeros((slices, old.shape[1])))) for old in self.sums]

    def _count(self, counts: dict[str, int], error: dict[str, object] | None) -> None:
        for name, count in counts.items():
            self.counts[name] = self.counts.get(name, 0) + count
        # Which of several errors is kept must not depend on the order of merging.
        if error is not None and (self.error is None or str(error) < str(self.error)):
            self.error = error

    def _numbers(self, keys: Sequence[SliceKey]) -> Ints:
        """The number of each slice, those not met before among them."""
        numbers = np.array([self.slices.setdefault(key, len(self.slices)) for key in keys], np.int64)
        if len(self.slices) > len(self.rows):
            self._grow(len(self.slices) - len(self.rows))
        return numbers


def by_slice(codes: Ints, values: Floats | None, size: int) -> Floats:
    """The sum of the values in each slice; a code of -1 is in none."""
    return sums_by(codes + 1, values, size + 1)[1:]
