"""The metrics of binary scores: what each is called, here and in TFMA's files, and how it follows from the sums."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from penstock.evaluation.accumulator import Accumulator
from penstock.evaluation.curves import Areas
from penstock.evaluation.histogram import Floats
from penstock.evaluation.intervals import logit_interval, wilson_interval

__all__ = ["METRICS", "Interval", "Metric", "Sums", "over"]

Interval = tuple[Floats, Floats]


class Sums:
    """The sums of one model over every slice, as the names that formulas use; each is [slices].

    Where the model gave a row no finite prediction, everything that depends on predictions is not a number.
    """

    def __init__(self, accumulator: Accumulator, model: int) -> None:
        self._histogram = accumulator.histograms[model]
        sums = accumulator.sums[model]
        broken = np.where(sums[:, 2] > 0, np.nan, 0.0)
        self._broken = broken
        self.rows = accumulator.rows
        self.weight = accumulator.weights
        self.label = accumulator.labels
        self.prediction = sums[:, 0] + broken
        self.entropy = sums[:, 1] + broken
        above, label_above = sums[:, 3] + broken, sums[:, 4] + broken
        self.tp = label_above
        self.fp = above - label_above
        self.fn = self.label - label_above
        self.tn = self.weight - self.label - self.fp
        self.unweighted = bool(np.array_equal(self.rows, self.weight))

    @cached_property
    def areas(self) -> Areas:
        return Areas.under(self._histogram, len(self.rows))

    def roc_auc(self) -> Floats:
        return self.areas.roc + self._broken

    def pr_auc(self) -> Floats:
        return self.areas.pr + self._broken

    def roc_auc_interval(self) -> Interval:
        return logit_interval(self.roc_auc(), self.areas.roc_error)


@dataclass(frozen=True)
class Metric:
    """One metric.

    Attributes:
        name: Its name, which is also its key in TFMA's files.
        tfma_class: The class that computes it in TFMA, for the ``EvalConfig`` that goes with the results.
        compute: Its value on every slice, from the sums of its task (`Sums`, or `task_metrics.TaskSums`).
        interval: Its 95 % confidence interval on every slice, where one is known in closed form; for rows of weight 1.
        histogram: Whether it needs the score histogram.
        weighted: Whether it follows the example weights.
        higher_is_better: None for those that are neither.
    """

    name: str
    tfma_class: str
    compute: Callable[[Any], Floats]
    interval: Callable[[Any], Interval] | None = None
    histogram: bool = False
    weighted: bool = True
    higher_is_better: bool | None = None
    aliases: tuple[str, ...] = field(default=())


def over(numerator: Floats, denominator: Floats) -> Floats:
    """The ratio; not a number where there is nothing to divide by."""
    out = np.full(np.shape(denominator), np.nan)
    return np.divide(numerator, denominator, out=out, where=denominator > 0)


def _share(
    name: str,
    tfma_class: str,
    part: Callable[[Sums], Floats],
    whole: Callable[[Sums], Floats],
    *aliases: str,
    higher_is_better: bool | None = None,
) -> Metric:
    """A metric that is a share of rows, so that Wilson's interval holds for it."""
    return Metric(
        name,
        tfma_class,
        lambda sums: over(part(sums), whole(sums)),
        lambda sums: wilson_interval(part(sums), whole(sums)),
        higher_is_better=higher_is_better,
        aliases=aliases,
    )


def _balanced_accuracy(sums: Sums) -> Floats:
    return (over(sums.tp, sums.tp + sums.fn) + over(sums.tn, sums.tn + sums.fp)) / 2


def _matthews(sums: Sums) -> Floats:
    tp, tn, fp, fn = sums.tp, sums.tn, sums.fp, sums.fn
    return over(tp * tn - fp * fn, np.sqrt((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn)))


_ALL: tuple[Metric, ...] = (
    Metric("example_count", "ExampleCount", lambda s: s.rows, weighted=False),
    Metric("weighted_example_count", "WeightedExampleCount", lambda s: s.weight),
    Metric("auc", "AUC", Sums.roc_auc, Sums.roc_auc_interval, histogram=True, higher_is_better=True),
    Metric(
        "auc_precision_recall",
        "AUCPrecisionRecall",
        Sums.pr_auc,
        histogram=True,
        higher_is_better=True,
        aliases=("pr_auc", "aucpr"),
    ),
    _share(
        "binary_accuracy",
        "BinaryAccuracy",
        lambda s: s.tp + s.tn,
        lambda s: s.weight,
        "accuracy",
        higher_is_better=True,
    ),
    _share("precision", "Precision", lambda s: s.tp, lambda s: s.tp + s.fp, higher_is_better=True),
    _share("recall", "Recall", lambda s: s.tp, lambda s: s.tp + s.fn, higher_is_better=True),
    _share("specificity", "Specificity", lambda s: s.tn, lambda s: s.tn + s.fp, higher_is_better=True),
    _share("fpr", "FPR", lambda s: s.fp, lambda s: s.fp + s.tn, "false_positive_rate", higher_is_better=False),
    _share("fnr", "FNR", lambda s: s.fn, lambda s: s.fn + s.tp, "false_negative_rate", higher_is_better=False),
    _share("negative_predictive_value", "NegativePredictiveValue", lambda s: s.tn, lambda s: s.tn + s.fn),
    _share("false_discovery_rate", "FalseDiscoveryRate", lambda s: s.fp, lambda s: s.fp + s.tp),
    _share("false_omission_rate", "FalseOmissionRate", lambda s: s.fn, lambda s: s.fn + s.tn),
    _share("prevalence", "Prevalence", lambda s: s.label + 0 * s.tp, lambda s: s.weight),
    _share("predicted_positive_rate", "PredictedPositiveRate", lambda s: s.tp + s.fp, lambda s: s.weight),
    Metric("f1_score", "F1Score", lambda s: over(2 * s.tp, 2 * s.tp + s.fp + s.fn), higher_is_better=True),
    Metric("balanced_accuracy", "BalancedAccuracy", _balanced_accuracy, higher_is_better=True),
    Metric("matthews_correlation_coefficient", "MatthewsCorrelationCoefficient", _matthews, higher_is_better=True),
    Metric("true_positives", "TruePositives", lambda s: s.tp),
    Metric("true_negatives", "TrueNegatives", lambda s: s.tn),
    Metric("false_positives", "FalsePositives", lambda s: s.fp),
    Metric("false_negatives", "FalseNegatives", lambda s: s.fn),
    Metric("calibration", "Calibration", lambda s: over(s.prediction, s.label)),
    _share("mean_label", "MeanLabel", lambda s: s.label, lambda s: s.weight),
    Metric("mean_prediction", "MeanPrediction", lambda s: over(s.prediction, s.weight)),
    Metric(
        "binary_crossentropy",
        "BinaryCrossEntropy",
        lambda s: over(s.entropy, s.weight),
        higher_is_better=False,
        aliases=("loss", "log_loss", "binary_cross_entropy"),
    ),
)

METRICS: dict[str, Metric] = {name: metric for metric in _ALL for name in (metric.name, *metric.aliases)}
