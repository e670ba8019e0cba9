"""Rates of every group at every threshold, and the gaps between groups, in columns."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from penstock.evaluation.accumulator import ScoredBatch
from penstock.evaluation.fairness.options import RATES, Fairness
from penstock.evaluation.fairness.results import Estimate, Group, GroupSet
from penstock.evaluation.histogram import Floats
from penstock.evaluation.intervals import Z, wilson_interval
from penstock.evaluation.moments import Moments, Rows
from penstock.evaluation.slices import SliceSpec, SpecSlices, sort_key

__all__ = ["gap_of", "group_sets"]


@dataclass(frozen=True)
class _Rate:
    """A mean over some rows: from whether the prediction is above the threshold, and the label, each [rows]."""

    value: Callable[[Floats, Floats], Floats]
    counts: Callable[[Floats, Floats], Floats] | None = None


_RATES = {
    "false_negative_rate": _Rate(lambda a, _: 1 - a, lambda _, y: y),
    "false_positive_rate": _Rate(lambda a, _: a, lambda _, y: 1 - y),
    "true_positive_rate": _Rate(lambda a, _: a, lambda _, y: y),
    "true_negative_rate": _Rate(lambda a, _: 1 - a, lambda _, y: 1 - y),
    "positive_rate": _Rate(lambda a, _: a),
    "negative_rate": _Rate(lambda a, _: 1 - a),
    "false_discovery_rate": _Rate(lambda _, y: 1 - y, lambda a, _: a),
    "false_omission_rate": _Rate(lambda _, y: y, lambda a, _: 1 - a),
    "precision": _Rate(lambda _, y: y, lambda a, _: a),
}
assert tuple(_RATES) == RATES


def group_sets(batch: ScoredBatch, specs: Sequence[SliceSpec], fairness: Fairness, model: int = 0) -> list[GroupSet]:
    """The groups of each spec with their rates, and their gaps to the baseline group.

    Args:
        batch: All rows; its slices are those of ``specs``, in order.
        specs: The groups' specs.
        fairness: Thresholds and the baseline.
        model: Which of the batch's models.
    """
    return [
        _group_set(batch, one, spec, fairness, batch.predictions[model])
        for one, spec in zip(batch.slices, specs, strict=True)
    ]


def _group_set(
    batch: ScoredBatch, slices: SpecSlices, spec: SliceSpec, fairness: Fairness, prediction: Floats
) -> GroupSet:
    size = len(slices.keys)
    weights = np.ones(len(batch.labels)) if batch.weights is None else batch.weights
    rows = np.bincount(slices.codes + 1, minlength=size + 1)[1:]
    broken = np.bincount(slices.codes + 1, ~np.isfinite(prediction) * weights, size + 1)[1:] > 0
    masked = np.where(broken, math.nan, 0.0)
    finite = np.where(np.isfinite(prediction), prediction, 0.0)
    columns: dict[str, tuple[Floats, Floats, Floats]] = {}

    def put(name: str, value: Floats, bounds: tuple[Floats, Floats]) -> None:
        low, high = bounds
        columns[name] = value + masked, low + masked, high + masked

    for threshold in fairness.thresholds:
        above = (prediction > threshold).astype(np.float64)
        for name, rate in _RATES.items():
            counted = weights if rate.counts is None else weights * rate.counts(above, batch.labels)
            moments = Rows(rate.value(above, batch.labels), counted).by(slices.codes, size)
            value = _mean(moments)
            put(f"{name}@{threshold:g}", value, wilson_interval(value * moments.size, moments.size))
    moments = Rows(finite - batch.labels, weights).by(slices.codes, size)
    value = _mean(moments)
    with np.errstate(invalid="ignore", divide="ignore"):
        spread = Z * np.sqrt(moments.variance / moments.size)
    put("calibration", value, (value - spread, value + spread))

    order = sorted(range(size), key=lambda at: sort_key(slices.keys[at]))
    groups = [
        Group(
            slices.keys[at],
            int(rows[at]),
            {
                name: Estimate(float(value[at]), float(low[at]), float(high[at]))
                for name, (value, low, high) in columns.items()
            },
        )
        for at in order
    ]
    baseline = _baseline(groups, spec, fairness)
    if baseline is not None:
        for group in groups:
            if group is not baseline:
                group.gaps.update(_gaps(group, baseline, fairness.thresholds))
    return GroupSet(str(spec), None if baseline is None else baseline.key, groups)


def _mean(moments: Moments) -> Floats:
    return np.where(moments.size > 0, moments.mean, math.nan)


def _baseline(groups: Sequence[Group], spec: SliceSpec, fairness: Fairness) -> Group | None:
    """The group that the config names, if it is one of these; else the largest, the first of several."""
    wanted = SliceSpec((), tuple(sorted(fairness.baseline.items())))
    if wanted.columns and wanted.columns == spec.columns:
        return next((group for group in groups if wanted.matches(group.key)), None)
    return max(groups, key=lambda group: group.n, default=None)


def _gaps(group: Group, baseline: Group, thresholds: Sequence[float]) -> dict[str, Estimate]:
    found = {name: gap_of(estimate, baseline.rates[name]) for name, estimate in group.rates.items()}
    for threshold in thresholds:
        at = f"@{threshold:g}"
        odds = [found[f"{name}{at}"].size for name in ("true_positive_rate", "false_positive_rate")]
        # numpy's, in which the larger of a number and none is none.
        found[f"equalized_odds{at}"] = Estimate(*(float(np.maximum(*ends)) for ends in zip(*odds, strict=True)))
        found[f"equal_opportunity{at}"] = odds[0]
        found[f"demographic_parity{at}"] = found[f"positive_rate{at}"].size
    return found


def gap_of(one: Estimate, other: Estimate) -> Estimate:
    """The difference of two groups' values, with the interval that follows from both by square-and-add.

    Newcombe, Interval estimation for the difference between independent proportions, Statistics in Medicine 17 (1998),
    method 10.
    """
    difference = one.value - other.value
    low = math.hypot(one.value - one.low, other.high - other.value)
    high = math.hypot(one.high - one.value, other.value - other.low)
    return Estimate(difference, difference - low, difference + high)
