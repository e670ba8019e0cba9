"""Metrics that are means over rows, as a loss of each row: what the slice finder compares."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from penstock.errors import DataError, UsageError, did_you_mean
from penstock.evaluation.histogram import Floats
from penstock.evaluation.moments import Rows

__all__ = ["ROW_METRICS", "RowLosses", "RowMetric", "row_differences", "row_losses", "row_metric"]

# A wrong and certain prediction costs 16, not infinity, which no mean could hold. Keras has the same bound.
_EPSILON = 1e-7


@dataclass(frozen=True)
class RowMetric:
    """A metric that is the mean of a value of each row over the rows that it counts.

    Attributes:
        name: Its name, as in the Evaluator.
        value: From predictions, whether they are above the threshold, and labels the values, each [rows].
        counts: From the last two how much of each row counts, between 0 and 1; None for all of every row.
        higher_is_better: Whether the loss is 1 less the value.
        share: Whether values are shares of a row, so that Wilson's interval holds for their mean.
        bounded: Whether labels must be between 0 and 1.
    """

    name: str
    value: Callable[[Floats, Floats, Floats], Floats]
    counts: Callable[[Floats, Floats], Floats] | None = None
    higher_is_better: bool = False
    share: bool = True
    bounded: bool = True

    @property
    def paired(self) -> bool:
        """Whether it counts the same rows of every model, whatever it predicts."""
        if self.counts is None:
            return True
        low, high, label = np.zeros(1), np.ones(1), np.full(1, 0.5)
        return bool((self.counts(low, label) == self.counts(high, label)).all())


def _entropy(prediction: Floats, _above: Floats, label: Floats) -> Floats:
    kept = np.clip(prediction, _EPSILON, 1 - _EPSILON)
    return -(label * np.log(kept) + (1 - label) * np.log1p(-kept))


_ALL = (
    RowMetric("binary_crossentropy", _entropy, share=False),
    RowMetric("binary_accuracy", lambda _, a, y: a * y + (1 - a) * (1 - y), higher_is_better=True),
    RowMetric("precision", lambda _, _a, y: y, lambda a, _: a, higher_is_better=True),
    RowMetric("recall", lambda _, a, _y: a, lambda _, y: y, higher_is_better=True),
    RowMetric("specificity", lambda _, a, _y: 1 - a, lambda _, y: 1 - y, higher_is_better=True),
    RowMetric("negative_predictive_value", lambda _, _a, y: 1 - y, lambda a, _: 1 - a, higher_is_better=True),
    RowMetric("fpr", lambda _, a, _y: a, lambda _, y: 1 - y),
    RowMetric("fnr", lambda _, a, _y: 1 - a, lambda _, y: y),
    RowMetric("false_discovery_rate", lambda _, _a, y: 1 - y, lambda a, _: a),
    RowMetric("false_omission_rate", lambda _, _a, y: y, lambda a, _: 1 - a),
    RowMetric("mean_squared_error", lambda p, _, y: (p - y) ** 2, share=False, bounded=False),
    RowMetric("mean_absolute_error", lambda p, _, y: np.abs(p - y), share=False, bounded=False),
)
_ALIASES = {
    "loss": "binary_crossentropy",
    "log_loss": "binary_crossentropy",
    "accuracy": "binary_accuracy",
    "false_positive_rate": "fpr",
    "false_negative_rate": "fnr",
}
ROW_METRICS = {one.name: one for one in _ALL}
ROW_METRICS |= {alias: ROW_METRICS[name] for alias, name in _ALIASES.items()}


def row_metric(name: str) -> RowMetric:
    """The metric of a name; one that is no mean over rows, as an area under a curve, is a `UsageError`."""
    if name not in ROW_METRICS:
        raise UsageError(
            f"The slice finder has no metric {name!r}: it compares means over rows.",
            hint=f"{did_you_mean(name, ROW_METRICS)} Choose one of {', '.join(one.name for one in _ALL)}.".lstrip(),
            metric=name,
        )
    return ROW_METRICS[name]


@dataclass(frozen=True)
class RowLosses:
    """The losses of the rows that count.

    Attributes:
        metric: What they are the losses of.
        rows: The loss of each such row, and its weight.
        kept: Which rows of those given these are, [rows given].
        missing: How many rows have no label, no weight or no finite prediction.
        difference: Whether losses are those of one model less those of another.
    """

    metric: RowMetric
    rows: Rows
    kept: np.typing.NDArray[np.bool_]
    missing: int
    difference: bool = False

    def value(self, loss: float) -> float:
        """The metric from a mean loss, or its difference from a mean difference."""
        if not self.metric.higher_is_better:
            return loss
        return -loss if self.difference else 1 - loss


def row_losses(
    metric: RowMetric, predictions: Floats, labels: Floats, weights: Floats | None = None, *, threshold: float = 0.5
) -> RowLosses:
    """The loss of each row.

    Args:
        metric: What to compare.
        predictions: [rows].
        labels: [rows]; not a number where there is none.
        weights: [rows], the same; None where every row weighs 1.
        threshold: Predictions above it are positive.

    Raises:
        DataError: The metric needs labels between 0 and 1, and there are others.
    """
    known = np.isfinite(predictions) & np.isfinite(labels)
    if weights is not None:
        known &= np.isfinite(weights)
    label, prediction = np.where(known, labels, 0.0), np.where(known, predictions, 0.0)
    if metric.bounded and ((label < 0) | (label > 1)).any():
        raise DataError(
            f"{metric.name} needs labels between 0 and 1; the first other one is "
            f"{label[(label < 0) | (label > 1)][0]:g}.",
            hint="For a regression take mean_squared_error or mean_absolute_error.",
        )
    above = (prediction > threshold).astype(np.float64)
    loss = metric.value(prediction, above, label)
    if metric.higher_is_better:
        loss = 1 - loss
    weight = np.ones(len(loss)) if metric.counts is None else metric.counts(above, label)
    if weights is not None:
        weight = weight * np.where(known, weights, 0.0)
    kept = known & (weight > 0)
    same = bool((weight[kept] == 1).all())
    return RowLosses(metric, Rows(loss[kept], None if same else weight[kept]), kept, int((~known).sum()))


def row_differences(
    metric: RowMetric,
    predictions: Floats,
    others: Floats,
    labels: Floats,
    weights: Floats | None = None,
    *,
    threshold: float = 0.5,
) -> RowLosses:
    """The loss of each row less that of another model on the same row; see `row_losses`.

    Raises:
        UsageError: The metric counts other rows of the one model than of the other.
        DataError: As `row_losses`.
    """
    if not metric.paired:
        raise UsageError(
            f"{metric.name} is over the rows that a model predicts so, which are others of each model.",
            hint=f"Against a baseline choose one of {', '.join(one.name for one in _ALL if one.paired)}.",
            metric=metric.name,
        )
    both = np.isfinite(predictions) & np.isfinite(others)
    mine, theirs = (
        row_losses(metric, np.where(both, one, np.nan), labels, weights, threshold=threshold)
        for one in (predictions, others)
    )
    rows = Rows(mine.rows.values - theirs.rows.values, mine.rows.weights)
    return RowLosses(metric, rows, mine.kept, mine.missing, difference=True)
