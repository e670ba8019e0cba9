"""The metrics of tasks that are not binary, by task: how they follow from a `TaskAccumulator`'s sums.

Regression metrics are TFMA's, ``root_mean_squared_error`` and ``r2`` scikit-learn's (``r2_score``). Of several classes
or labels every metric of `BY_CLASS` comes in three: by its own name over all scores of all classes together (the micro
average; TFMA's, where nothing is binarized), and with ``_macro`` or ``_weighted`` behind it the mean over the classes,
each alike or by the weight of its labels. A mean is undefined where a class is.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

import numpy as np

from penstock.evaluation.accumulator import Accumulator
from penstock.evaluation.binary_metrics import METRICS, Interval, Metric, Sums, over
from penstock.evaluation.histogram import Floats
from penstock.evaluation.intervals import wilson_interval
from penstock.evaluation.row_values import ROW_VALUES
from penstock.evaluation.task_accumulator import TaskAccumulator
from penstock.evaluation.task_names import BY_CLASS

__all__ = ["TASK_METRICS", "TaskSums"]


class TaskSums:
    """The sums of one model over every slice; each is [slices]."""

    def __init__(self, accumulator: TaskAccumulator, model: int) -> None:
        self._accumulator, self._model = accumulator, model
        sums = accumulator.sums[model]
        broken = np.where(sums[:, -1] > 0, np.nan, 0.0)
        self._named = {name: sums[:, at] + broken for at, name in enumerate(ROW_VALUES[accumulator.layout.task])}
        self.rows = accumulator.rows
        self.weight = accumulator.weights
        self.unweighted = bool(np.array_equal(self.rows, self.weight))

    def __getitem__(self, name: str) -> Floats:
        """The weighted sum of one of the task's row values."""
        return self._named[name]

    def mean(self, name: str) -> Floats:
        return over(self[name], self.weight)

    @cached_property
    def classes(self) -> list[Sums]:
        """Each class against the rest."""
        return [Sums(accumulator, self._model) for accumulator in self._accumulator.classes]

    @cached_property
    def pooled(self) -> Sums:
        """All scores of all classes, as if each were a row."""
        pooled = Accumulator(self._accumulator.classes[0].layout)
        for accumulator in self._accumulator.classes:
            pooled.merge(accumulator)
        return Sums(pooled, self._model)


def _r2(sums: TaskSums) -> Floats:
    spread = sums["label_squared"] - over(sums["label"] ** 2, sums.weight)
    return 1 - over(sums["squared"], spread)


def _pearson(sums: TaskSums) -> Floats:
    """The squared correlation of label and prediction."""
    product = sums["product"] - over(sums["label"] * sums["prediction"], sums.weight)
    labels = sums["label_squared"] - over(sums["label"] ** 2, sums.weight)
    predictions = sums["prediction_squared"] - over(sums["prediction"] ** 2, sums.weight)
    return over(product**2, labels * predictions)


def _mean(name: str, tfma_class: str, of: str, *aliases: str, higher: bool | None = None) -> Metric:
    return Metric(name, tfma_class, lambda s: s.mean(of), higher_is_better=higher, aliases=aliases)


def _share(name: str, tfma_class: str, of: str, *aliases: str, higher: bool | None = None) -> Metric:
    """A mean of rows that are right or wrong, for which Wilson's interval holds."""

    def interval(sums: TaskSums) -> Interval:
        return wilson_interval(sums[of], sums.weight)

    return Metric(name, tfma_class, lambda s: s.mean(of), interval, higher_is_better=higher, aliases=aliases)


_COUNTS = (
    Metric("example_count", "ExampleCount", lambda s: s.rows, weighted=False),
    Metric("weighted_example_count", "WeightedExampleCount", lambda s: s.weight),
)
_REGRESSION = (
    _mean("mean_absolute_error", "MeanAbsoluteError", "absolute", "mae", higher=False),
    _mean("mean_squared_error", "MeanSquaredError", "squared", "mse", higher=False),
    Metric(
        "root_mean_squared_error",
        "RootMeanSquaredError",
        lambda s: np.sqrt(s.mean("squared")),
        higher_is_better=False,
        aliases=("rmse",),
    ),
    _mean("mean_absolute_percentage_error", "MeanAbsolutePercentageError", "percentage", "mape", higher=False),
    _mean("mean_squared_logarithmic_error", "MeanSquaredLogarithmicError", "logarithmic", "msle", higher=False),
    Metric("r2", "R2Score", _r2, higher_is_better=True),
    Metric("squared_pearson_correlation", "SquaredPearsonCorrelation", _pearson, higher_is_better=True),
    Metric("calibration", "Calibration", lambda s: over(s["prediction"], s["label"])),
    _mean("mean_label", "MeanLabel", "label"),
    _mean("mean_prediction", "MeanPrediction", "prediction"),
)
_MULTICLASS = (
    _share("categorical_accuracy", "CategoricalAccuracy", "right", "accuracy", higher=True),
    _share("top_3_accuracy", "TopKCategoricalAccuracy", "among_3", higher=True),
    _share("top_5_accuracy", "TopKCategoricalAccuracy", "among_5", higher=True),
    _mean("categorical_crossentropy", "CategoricalCrossEntropy", "entropy", "loss", higher=False),
)
_MULTILABEL = (
    _share("exact_match", "ExactMatch", "exact", higher=True),
    _mean("hamming_loss", "HammingLoss", "wrong", higher=False),
)


def _averaged(metric: Metric) -> list[Metric]:
    """A binary metric over several classes: pooled, as a mean, and as a mean by the weight of the labels."""

    def micro(sums: TaskSums) -> Floats:
        return metric.compute(sums.pooled)

    def macro(sums: TaskSums) -> Floats:
        return np.mean([metric.compute(one) for one in sums.classes], axis=0)

    def weighted(sums: TaskSums) -> Floats:
        labels = np.array([one.label for one in sums.classes])
        values = np.array([metric.compute(one) for one in sums.classes])
        # A class that has no label weighs nothing, whether it is defined or not.
        return over(np.where(labels > 0, labels * values, 0.0).sum(axis=0), labels.sum(axis=0))

    variants: list[tuple[str, Callable[[TaskSums], Floats]]] = [("", micro), ("_macro", macro), ("_weighted", weighted)]
    return [
        Metric(
            metric.name + end,
            metric.tfma_class,
            compute,
            histogram=metric.histogram,
            higher_is_better=metric.higher_is_better,
        )
        for end, compute in variants
    ]


def _by_name(*metrics: Metric) -> dict[str, Metric]:
    return {name: metric for metric in metrics for name in (metric.name, *metric.aliases)}


_CLASSES = tuple(one for name in BY_CLASS for one in _averaged(METRICS[name]))

TASK_METRICS: dict[str, dict[str, Metric]] = {
    "regression": _by_name(*_COUNTS, *_REGRESSION),
    "multiclass": _by_name(*_COUNTS, *_MULTICLASS, *_CLASSES),
    "multilabel": _by_name(*_COUNTS, *_MULTILABEL, *_CLASSES),
}
