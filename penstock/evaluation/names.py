"""The names of metrics, for checks that come before anything heavy is imported."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from penstock.errors import GraphError, did_you_mean
from penstock.evaluation.fairness.options import measured_fairness
from penstock.evaluation.given import check_given
from penstock.evaluation.slices import parse
from penstock.evaluation.task_names import TASK_NAMES

__all__ = ["METRIC_NAMES", "check_parameters", "measured"]

METRIC_NAMES = frozenset(
    {
        "accuracy",
        "auc",
        "auc_precision_recall",
        "aucpr",
        "balanced_accuracy",
        "binary_accuracy",
        "binary_cross_entropy",
        "binary_crossentropy",
        "calibration",
        "example_count",
        "f1_score",
        "false_discovery_rate",
        "false_negative_rate",
        "false_negatives",
        "false_omission_rate",
        "false_positive_rate",
        "false_positives",
        "fnr",
        "fpr",
        "log_loss",
        "loss",
        "matthews_correlation_coefficient",
        "mean_label",
        "mean_prediction",
        "negative_predictive_value",
        "pr_auc",
        "precision",
        "predicted_positive_rate",
        "prevalence",
        "recall",
        "specificity",
        "true_negatives",
        "true_positives",
        "weighted_example_count",
    }
)


def measured(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The Evaluator's parameters that decide what is computed: of thresholds the metrics and slices, not the bounds."""
    judging = ("fairness", "gate", "metrics", "slices", "thresholds")
    thresholds = parameters.get("thresholds", [])
    slices = [*parameters.get("slices", []), *(spec for one in thresholds for spec in one.get("slices", [[]]))]
    return {
        **{name: value for name, value in parameters.items() if name not in judging},
        "metrics": sorted({*(parameters.get("metrics") or ["usual"]), *(one["metric"] for one in thresholds)}),
        "slices": sorted(map(repr, parse(slices))),
        "fairness": measured_fairness(parameters.get("fairness") or {}),
    }


def check_parameters(parameters: Mapping[str, Any]) -> None:
    """Holds the names in ``metrics`` and ``thresholds`` against those there are; an unknown one is a `GraphError`."""
    check_given(parameters)
    task = parameters.get("task", "binary")
    names = METRIC_NAMES if task == "binary" else TASK_NAMES[task]
    several = task in ("multiclass", "multilabel")
    if several != bool(parameters.get("classes")):
        raise GraphError(
            f"The task is {task!r} and classes are {'not named' if several else 'named'}.",
            hint="Name the classes in the order of the model's scores: task: multiclass, classes: [Cash, Card].",
            argument="task",
            at=[],
        )
    intervals = parameters.get("confidence_intervals")
    if task != "binary" and intervals is not None and intervals.method != "analytic":
        raise GraphError(
            f"Intervals by {intervals.method} are found for binary models only; the task is {task!r}.",
            hint="Leave confidence_intervals out.",
            argument="confidence_intervals",
            at=["method"],
        )
    _check(parameters.get("metrics") or (), names, "metrics", [])
    _check((one.metric for one in parameters.get("thresholds", ())), names, "thresholds", ["metric"])


def _check(names: Iterable[str], known: Collection[str], argument: str, inside: list[str]) -> None:
    for index, name in enumerate(names):
        if name not in known:
            raise GraphError(
                f"There is no metric {name!r}.",
                hint=did_you_mean(name, known),
                argument=argument,
                at=[index, *inside],
            )
