"""Mean and variance that can be merged: `Moments`."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["Moments"]


@dataclass
class Moments:
    """Count, mean and sum of squared deviations of a set of numbers; of weighted ones the count is their weight.

    Parts are joined by the pairwise update of Chan, Golub and LeVeque (1979), which keeps the deviations small
    instead of subtracting two large sums of squares.
    """

    count: float = 0
    mean: float = 0.0
    squares: float = 0.0

    @classmethod
    def of(cls, values: npt.NDArray[np.float64], counts: npt.NDArray[np.int64] | npt.NDArray[np.float64]) -> Moments:
        """The moments of ``values[i]`` taken ``counts[i]`` times."""
        count = counts.sum().item()
        if count == 0:
            return cls()
        # Infinite values make the mean infinite and the deviations NaN; that is the answer, not an accident.
        with np.errstate(invalid="ignore", over="ignore"):
            mean = float(np.sum(values * counts) / count)
            squares = float(np.sum(counts * np.square(values - mean)))
        return cls(count, mean, squares)

    def merge(self, other: Moments) -> None:
        """Takes in the numbers behind ``other``."""
        if other.count == 0:
            return
        if self.count == 0:
            self.count, self.mean, self.squares = other.count, other.mean, other.squares
            return
        count = self.count + other.count
        with np.errstate(invalid="ignore", over="ignore"):
            delta = np.float64(other.mean) - self.mean
            # A weighted mean, not mean + delta * share: it is symmetric, so that order matters less.
            self.mean = float((np.float64(self.mean) * self.count + np.float64(other.mean) * other.count) / count)
            self.squares += float(other.squares + np.square(delta) * (self.count / count * other.count))
        self.count = count

    @property
    def std_dev(self) -> float:
        """The population's standard deviation; NaN without numbers or with infinite ones."""
        if self.count == 0 or math.isnan(self.squares):
            return math.nan
        return math.sqrt(self.squares / self.count)
