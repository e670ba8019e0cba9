"""What plots of regressions, of several classes and of several labels are drawn from, of the predictions kept.

Kept in ``task_plots.json`` of an evaluation, for the slices with the most rows: of a regression the residuals and
predicted against actual values, in buckets; of several classes or labels each one's scores in 100 buckets, from which
its curves against the rest follow as a binary model's do, and of several classes the confusion matrix.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from penstock.artifacts import ModelEvaluation
from penstock.data.examples import RowGroup
from penstock.errors import DataError, UsageError, did_you_mean
from penstock.evaluation.accumulator import ScoredBatch
from penstock.evaluation.histogram import Floats, Ints, bins_of, sums_by
from penstock.evaluation.labels import any_of
from penstock.evaluation.plots import BUCKETS, MOST_SLICES, Plots, buckets_of, most_rows
from penstock.evaluation.resampling.resample import kept_rows
from penstock.evaluation.results import CANDIDATE, EvaluationResult
from penstock.evaluation.rows import EvaluationPlan
from penstock.evaluation.slices import OVERALL, SliceKey, slice_text
from penstock.evaluation.task_accumulator import of_class

__all__ = ["MOST_CLASSES", "TASK_PLOTS_FILE", "TaskPlots", "gather", "load_task_plots"]

TASK_PLOTS_FILE = "task_plots.json"
MOST_CLASSES = 100
RESIDUALS, VALUES = 50, 20

# In one file, which bounds how many slices are kept where classes are many.
_MOST_NUMBERS = 500_000

# The buckets lie between these shares of the values; those at either end hold what lies beyond as well.
_TAIL = 0.5

# Of values beyond it not even differences are numbers.
_HUGE = 1e300


@dataclass(frozen=True)
class TaskPlots:
    """Weights of rows by slice and bucket.

    Attributes:
        task: What a score means.
        slices: Keys of the slices, the whole set first.
        classes: Names of the classes or labels.
        edges: Of a regression the bounds of the buckets of ``value`` (predicted and actual) and ``residual``.
        models: By model and slice. Of a regression ``residuals``, [50], actual less predicted; ``joint``, [20, 20],
            by predicted and actual value; ``predicted``, [3, 20], weight, label and prediction times weight by
            predicted value. Else ``buckets``, [classes, 3, 100], of each class against the rest what `Plots` holds,
            and with several classes ``confusion``, [classes, classes], by actual and predicted class.
    """

    task: str
    slices: list[SliceKey]
    classes: list[str] = field(default_factory=list)
    edges: dict[str, list[float]] = field(default_factory=dict)
    models: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def of_class(self, name: str) -> Plots:
        """The plots of one class or label against the rest.

        Raises:
            UsageError: There is no such class.
        """
        if name not in self.classes:
            raise UsageError(f"There are no plots of a class {name!r}.", hint=did_you_mean(name, self.classes))
        at = self.classes.index(name)
        return Plots(
            self.slices, {model: [one["buckets"][at] for one in every] for model, every in self.models.items()}
        )

    def numbers(self, name: str, key: SliceKey = OVERALL, model: str = CANDIDATE) -> Floats:
        """``confusion``, ``residuals``, ``joint`` or ``predicted`` of a slice, see `models`.

        Raises:
            UsageError: There is none of that name, slice or model.
        """
        if key not in self.slices or name not in self.models.get(model, [{}])[0]:
            raise UsageError(
                f"There are no {name!r} of {slice_text(key) or 'overall'!r} for the {model}.",
                hint=f"The evaluation is one of {self.task}, with plots of {len(self.slices):,} slices.",
            )
        return np.array(self.models[model][self.slices.index(key)][name])

    def to_json(self) -> dict[str, Any]:
        """As a JSON value."""
        return {**asdict(self), "slices": [[list(pair) for pair in key] for key in self.slices]}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> TaskPlots:
        """What `to_json` wrote."""
        return cls(**{**value, "slices": [tuple((name, one) for name, one in key) for key in value["slices"]]})


def load_task_plots(evaluation: ModelEvaluation) -> TaskPlots:
    """The plots of an evaluation that is not binary.

    Raises:
        DataError: It has none: it is binary, has too many classes, or was made before there were.
    """
    file = evaluation.path(TASK_PLOTS_FILE)
    if not file.is_file():
        raise DataError(
            "The evaluation has no plots of a regression or of several classes.",
            hint=f"Those of a binary one are read by load_plots; of more than {MOST_CLASSES} classes there are none.",
            path=evaluation.uri,
        )
    return TaskPlots.from_json(json.loads(file.read_text()))


def gather(
    plan: EvaluationPlan, groups: Sequence[RowGroup], directory: Path, result: EvaluationResult
) -> TaskPlots | None:
    """The plots of an evaluation whose predictions are kept, spec by spec; None where there are none of its task.

    Args:
        plan: What was computed.
        groups: The row groups that were scored.
        directory: The evaluation's payload.
        result: Its results.
    """
    task, count = plan.layout.task, plan.layout.classes
    if task == "binary" or count > MOST_CLASSES or not result.slices:
        return None
    size = RESIDUALS + VALUES * VALUES + 3 * VALUES
    if task != "regression":
        size = 3 * BUCKETS * count + (count * count if task == "multiclass" else 0)
    most = max(1, min(MOST_SLICES, _MOST_NUMBERS // (size * len(plan.layout.models))))
    slices = most_rows(result.slices, dict(zip(result.slices, result.n, strict=True)), most)
    found: dict[SliceKey, list[dict[str, Any]]] = {}
    edges: dict[str, list[float]] = {}
    for spec in plan.slices:
        asked = {key: at for at, key in enumerate(key for key in slices if key not in found and spec.matches(key))}
        if not asked:
            continue
        rows = kept_rows(replace(plan, slices=(spec,)), groups, directory)
        (one,) = rows.slices
        of_slice = np.array([*(asked.get(key, -1) for key in one.keys), -1])[one.codes]
        if task == "regression" and not edges:
            edges = _edges(rows)
        by_model = [
            _regression(rows, prediction, of_slice, len(asked), edges)
            if task == "regression"
            else _classes(rows, prediction, of_slice, len(asked), count, confused=task == "multiclass")
            for prediction in rows.predictions
        ]
        found.update({key: [every[at] for every in by_model] for key, at in asked.items()})
    names = [str(name) for name in plan.classes or range(count)]
    models = {name: [found[key][at] for key in slices] for at, name in enumerate(plan.layout.models)}
    return TaskPlots(task, slices, names, edges, models)


class _Counter:
    """Sums over slices and cells of rows that are in a slice and have a finite prediction."""

    def __init__(self, rows: ScoredBatch, prediction: Floats, of_slice: Ints, slices: int) -> None:
        self._kept = (of_slice >= 0) & ~any_of(~np.isfinite(prediction))
        self._of_slice, self._slices = of_slice[self._kept], slices
        weights = np.ones(len(of_slice)) if rows.weights is None else rows.weights
        self._weights = weights[self._kept]

    def __call__(self, cell: Ints, cells: int, values: Floats | None = None) -> list[list[float]]:
        """The weight, or the values times weight, by slice and cell."""
        weights = self._weights if values is None else self._weights * values[self._kept]
        found = sums_by(self._of_slice * cells + cell[self._kept], weights, self._slices * cells)
        # JSON has no infinity, which sums of huge values come to.
        return np.nan_to_num(found).reshape(self._slices, cells).tolist()


def _regression(
    rows: ScoredBatch, prediction: Floats, of_slice: Ints, slices: int, edges: dict[str, list[float]]
) -> list[dict[str, Any]]:
    count = _Counter(rows, prediction, of_slice, slices)
    with np.errstate(over="ignore"):
        residual = _bucket(rows.labels - prediction, edges["residual"])
    predicted, actual = _bucket(prediction, edges["value"]), _bucket(rows.labels, edges["value"])
    joint = np.reshape(count(predicted * VALUES + actual, VALUES * VALUES), (slices, VALUES, VALUES)).tolist()
    sums = [count(predicted, VALUES, values) for values in (None, rows.labels, prediction)]
    return [
        {"residuals": residuals, "joint": matrix, "predicted": list(of_predicted)}
        for residuals, matrix, *of_predicted in zip(count(residual, RESIDUALS), joint, *sums, strict=True)
    ]


def _classes(
    rows: ScoredBatch, prediction: Floats, of_slice: Ints, slices: int, classes: int, *, confused: bool
) -> list[dict[str, Any]]:
    count = _Counter(rows, prediction, of_slice, slices)
    found: list[dict[str, Any]] = [{"buckets": []} for _ in range(slices)]
    for number in range(classes):
        label, (score,) = of_class(number, rows.labels, [prediction])
        cell = buckets_of(bins_of(score))
        sums = [count(cell, BUCKETS, values) for values in (None, label, score)]
        for one, *buckets in zip(found, *sums, strict=True):
            one["buckets"].append(buckets)
    if confused:
        cell = rows.labels.astype(np.int64) * classes + np.nan_to_num(prediction).argmax(axis=1)
        for one, matrix in zip(found, count(cell, classes * classes), strict=True):
            one["confusion"] = np.reshape(matrix, (classes, classes)).tolist()
    return found


def _edges(rows: ScoredBatch) -> dict[str, list[float]]:
    """Bounds of buckets of the same width, the same for all models and slices."""
    finite = [np.isfinite(prediction) for prediction in rows.predictions]
    values = np.concatenate([rows.labels, *(one[kept] for one, kept in zip(rows.predictions, finite, strict=True))])
    low, high = np.percentile(np.clip(values, -_HUGE, _HUGE), [_TAIL, 100 - _TAIL])
    with np.errstate(over="ignore", invalid="ignore"):
        residuals = np.concatenate(
            [np.abs(rows.labels - one)[kept] for one, kept in zip(rows.predictions, finite, strict=True)]
        )
    reach = float(np.percentile(np.minimum(residuals, _HUGE), 100 - _TAIL)) if len(residuals) else 0.0
    if low == high:
        low, high = low - 0.5, high + 0.5
    return {
        "value": np.linspace(low, high, VALUES + 1).tolist(),
        "residual": np.linspace(-(reach or 0.5), reach or 0.5, RESIDUALS + 1).tolist(),
    }


def _bucket(values: Floats, edges: Sequence[float]) -> Ints:
    """The bucket of each value, [rows]; beyond the bounds the first or the last."""
    return np.clip(np.searchsorted(edges, np.nan_to_num(values), side="right") - 1, 0, len(edges) - 2).astype(np.int64)
