"""Means and variances of groups of rows, and how far two groups are apart."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from penstock.evaluation.histogram import Floats

__all__ = ["Comparison", "Moments", "Rows", "exceeds", "worse"]


@dataclass(frozen=True)
class Moments:
    """Of groups of rows, each [groups].

    Attributes:
        rows: Number of rows.
        size: Effective number of rows: the same without weights, else the squared sum of the weights over the sum of
            their squares (Kish, Survey Sampling, 1965).
        weight: Sum of the weights.
        total: Sum of value times weight.
        squares: Sum of squared value times weight.
    """

    rows: Floats
    size: Floats
    weight: Floats
    total: Floats
    squares: Floats

    @property
    def mean(self) -> Floats:
        with np.errstate(invalid="ignore", divide="ignore"):
            return self.total / self.weight

    @property
    def variance(self) -> Floats:
        """Of the values, unbiased."""
        with np.errstate(invalid="ignore", divide="ignore"):
            spread = np.maximum(self.squares / self.weight - self.mean**2, 0.0)
            return spread * self.size / (self.size - 1)


@dataclass(frozen=True)
class Rows:
    """Values to be summed by groups, [rows]; weights None where every row weighs 1."""

    values: Floats
    weights: Floats | None = None

    def __len__(self) -> int:
        return len(self.values)

    def by(self, codes: npt.NDArray[np.integer], groups: int) -> Moments:
        """The moments of each group; a code of -1 is in none."""

        def summed(column: Floats | None) -> Floats:
            return np.bincount(shifted, column, groups + 1)[1:].astype(np.float64, copy=False)

        shifted = codes + 1
        rows = summed(None)
        if self.weights is None:
            return Moments(rows, rows, rows, summed(self.values), summed(self.values**2))
        weight = summed(self.weights)
        with np.errstate(invalid="ignore", divide="ignore"):
            size = np.nan_to_num(weight**2 / summed(self.weights**2))
        total = self.values * self.weights
        return Moments(rows, size, weight, summed(total), summed(total * self.values))

    def of(self, mask: npt.NDArray[np.bool_]) -> Moments:
        """The moments of the rows where the mask is true, as groups of one."""
        picked = Rows(self.values[mask], None if self.weights is None else self.weights[mask])
        return picked.by(np.zeros(len(picked), np.int64), 1)


def less(whole: Moments, part: Moments) -> Moments:
    """The moments of the whole without each part."""
    weight = whole.weight - part.weight
    with np.errstate(invalid="ignore", divide="ignore"):
        squared = whole.weight**2 / whole.size - np.where(part.size > 0, part.weight**2 / part.size, 0.0)
        size = np.where(squared > 0, weight**2 / squared, 0.0)
    return Moments(whole.rows - part.rows, size, weight, whole.total - part.total, whole.squares - part.squares)


@dataclass(frozen=True)
class Comparison:
    """How much larger values are inside than outside, each [groups].

    Attributes:
        effect: Cohen's d with the mean of both variances, as in SliceFinder: 0.2 is small, 0.5 medium, 0.8 large.
        t: Welch's statistic.
        p: The chance of such a statistic if values inside were not larger; 1 where it is not defined.
    """

    effect: Floats
    t: Floats
    p: Floats


def exceeds(inside: Moments, level: float, floor: float) -> Floats:
    """Student's one-sided test of each group: the chance of such a mean if it were not above the level; [groups].

    1 where it is not defined. The variance is taken for at least ``floor``, as in `worse`.
    """
    from scipy.special import stdtr

    with np.errstate(invalid="ignore", divide="ignore"):
        t = (inside.mean - level) / np.sqrt(np.maximum(inside.variance, floor) / inside.size)
        p = stdtr(inside.size - 1, -t)
    return np.where(np.isfinite(p), p, 1.0)


def worse(inside: Moments, outside: Moments, floor: float) -> Comparison:
    """Welch's one-sided test of the means.

    The variance inside is taken for at least ``floor``, that of all rows: a few rows that happen to be equally bad
    have none, and would prove anything.

    Welch, The generalization of Student's problem when several different population variances are involved,
    Biometrika 34 (1947).
    """
    from scipy.special import stdtr

    with np.errstate(invalid="ignore", divide="ignore"):
        within, without = np.maximum(inside.variance, floor), outside.variance
        difference = inside.mean - outside.mean
        share, rest = within / inside.size, without / outside.size
        t = difference / np.sqrt(share + rest)
        freedom = (share + rest) ** 2 / (share**2 / (inside.size - 1) + rest**2 / (outside.size - 1))
        p = stdtr(freedom, -t)
        effect = difference * np.sqrt(2 / (within + without))
    known = np.isfinite(t) & np.isfinite(p)
    return Comparison(np.where(known, effect, 0.0), np.where(known, t, 0.0), np.where(known, p, 1.0))
