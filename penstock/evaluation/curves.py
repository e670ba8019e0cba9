"""Areas under the ROC and precision-recall curves, for every slice of a score histogram at once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from penstock.evaluation.histogram import BINS, Floats, Histogram, Ints, sums_by

__all__ = ["Areas", "Curves"]

_THRESHOLDS = BINS - 2
_EPSILON = 1e-7

# Cells whose curves are held at once: bounds memory where there are a hundred thousand slices.
_AT_ONCE = 1 << 20


@cache
def _threshold_of_bin() -> Ints:
    """For each bin the last threshold that its predictions exceed.

    TFMA holds 10,000 thresholds, evenly spaced with the first just below 0 and the last just above 1, against
    10,000 bins: near the upper end two bins share a threshold. At the last threshold nothing counts as positive, so
    that predictions of 1 belong to the one before.
    """
    inner = np.arange(1, _THRESHOLDS - 1) / (_THRESHOLDS - 1)
    thresholds = np.concatenate(([-_EPSILON], inner, [1 + _EPSILON])) + _EPSILON
    lower = np.concatenate(([-np.inf], np.arange(_THRESHOLDS) / _THRESHOLDS, [np.inf]))
    index = np.searchsorted(thresholds, lower, side="right") - 1
    return np.clip(index, 0, _THRESHOLDS - 2).astype(np.int64)


@dataclass(frozen=True)
class Areas:
    """Areas under every slice's curves, each [slices], see `Curves`."""

    roc: Floats
    roc_error: Floats
    pr: Floats

    @classmethod
    def under(cls, histogram: Histogram, slices: int, *, at_once: int = _AT_ONCE) -> Areas:
        """The areas of ``slices`` slices, taken in groups of at most ``at_once`` cells or one slice."""
        areas = cls(*(np.full(slices, np.nan) for _ in range(3)))
        first, cells = 0, len(histogram)
        while first < slices:
            start = histogram.start_of(first)
            last = slices
            if start + at_once < cells:
                (of_slice, *_) = histogram.part(start + at_once, start + at_once + 1)
                last = max(int(of_slice[0]), first + 1)
            of_slice, bins, weights, labels = histogram.part(start, histogram.start_of(last))
            curves = Curves.of(of_slice - first, bins, weights, labels, last - first)
            areas.roc[first:last] = curves.roc_auc()
            areas.roc_error[first:last] = curves.roc_auc_error()
            areas.pr[first:last] = curves.pr_auc()
            first = last
        return areas


@dataclass(frozen=True)
class Curves:
    """Points of each slice's curves: one per slice and threshold that holds any row, by slice, then threshold.

    Attributes:
        slices: Number of slices.
        slice: The slice of each point.
        positive: Label weight at the point.
        negative: Weight less label weight at the point.
        positive_above: Label weight above the point within its slice.
        negative_above: The same of the negatives.
        positives: Label weight of each slice.
        negatives: The same of the negatives.
    """

    slices: int
    slice: Ints
    positive: Floats
    negative: Floats
    positive_above: Floats
    negative_above: Floats
    positives: Floats
    negatives: Floats

    @classmethod
    def of(cls, of_slice: Ints, bins: Ints, weights: Floats, labels: Floats, slices: int) -> Curves:
        """The curves of ``slices`` slices from their cells, which are sorted by slice and then bin."""
        thresholds = _threshold_of_bin()[bins]
        change = np.ones(len(bins), bool)
        change[1:] = (of_slice[1:] != of_slice[:-1]) | (thresholds[1:] != thresholds[:-1])
        starts = np.flatnonzero(change)
        of_slice = of_slice[starts]
        positive = np.add.reduceat(labels, starts) if len(starts) else labels
        negative = (np.add.reduceat(weights, starts) if len(starts) else weights) - positive
        positives = sums_by(of_slice, positive, slices)
        negatives = sums_by(of_slice, negative, slices)
        return cls(
            slices,
            of_slice,
            positive,
            negative,
            _above(positive, of_slice, positives),
            _above(negative, of_slice, negatives),
            positives,
            negatives,
        )

    def roc_auc(self) -> Floats:
        """Area under the ROC curve by trapezoids, [slices]; not a number where only one class occurs."""
        area = sums_by(self.slice, self.negative * (self.positive_above + self.positive / 2), self.slices)
        return _ratio(area, self.positives * self.negatives)

    def roc_auc_error(self) -> Floats:
        """Standard error of `roc_auc`, [slices], for rows of weight 1.

        DeLong, DeLong and Clarke-Pearson, Comparing the areas under two or more correlated receiver operating
        characteristic curves, Biometrics 44 (1988): the variance of each class's share of the area over its size.
        """
        auc = self.roc_auc()[self.slice]
        with np.errstate(invalid="ignore", divide="ignore"):
            negatives_below = self.negatives[self.slice] - self.negative_above - self.negative
            of_positive = (negatives_below + self.negative / 2) / self.negatives[self.slice] - auc
            of_negative = (self.positive_above + self.positive / 2) / self.positives[self.slice] - auc
            spread_positive = sums_by(self.slice, self.positive * of_positive**2, self.slices)
            spread_negative = sums_by(self.slice, self.negative * of_negative**2, self.slices)
        variance = _ratio(spread_positive, self.positives * (self.positives - 1))
        variance += _ratio(spread_negative, self.negatives * (self.negatives - 1))
        return np.sqrt(variance)

    def pr_auc(self) -> Floats:
        """Area under the precision-recall curve, [slices]; not a number where there is no positive.

        Between two points true and false positives are interpolated, not precision: Davis and Goadrich, The
        relationship between precision-recall and ROC curves, ICML 2006. Integrated in closed form.
        """
        above = self.positive_above + self.negative_above
        step = self.positive + self.negative
        slope = _ratio(self.positive, step)
        intercept = self.positive_above - slope * above
        growth = np.where(above > 0, np.log1p(np.divide(step, above, out=np.zeros_like(step), where=above > 0)), 0.0)
        area = np.nan_to_num(slope * (self.positive + intercept * growth))
        return _ratio(sums_by(self.slice, area, self.slices), self.positives)


def _above(values: Floats, of_slice: Ints, totals: Floats) -> Floats:
    """The sum of the values that come later in the same slice."""
    running = np.cumsum(values)
    ends = np.cumsum(totals)
    # Rounding may leave a trace below 0 where nothing is above; for whole weights the sums are exact.
    return np.maximum(ends[of_slice] - running, 0.0)


def _ratio(numerator: Floats, denominator: Floats) -> Floats:
    out = np.full_like(denominator, np.nan, dtype=np.float64)
    return np.divide(numerator, denominator, out=out, where=denominator > 0)
