"""The names of metrics, for checks that come before anything heavy is imported."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from penstock.errors import GraphError, did_you_mean
from penstock.evaluation.given import check_given
from penstock.evaluation.slices import parse

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
    judging = ("gate", "metrics", "slices", "thresholds")
    thresholds = parameters.get("thresholds", [])
    slices = [*parameters.get("slices", []), *(spec for one in thresholds for spec in one.get("slices", [[]]))]
    return {
        **{name: value for name, value in parameters.items() if name not in judging},
        "metrics": sorted({*parameters.get("metrics", []), *(one["metric"] for one in thresholds)}),
        "slices": sorted(map(repr, parse(slices))),
    }


def check_parameters(parameters: Mapping[str, Any]) -> None:
    """Holds the names in ``metrics`` and ``thresholds`` against those there are; an unknown one is a `GraphError`."""
    check_given(parameters)
    _check(parameters.get("metrics", ()), "metrics", [])
    _check((one.metric for one in parameters.get("thresholds", ())), "thresholds", ["metric"])


def _check(names: Iterable[str], argument: str, inside: list[str]) -> None:
    for index, name in enumerate(names):
        if name not in METRIC_NAMES:
            raise GraphError(
                f"There is no metric {name!r}.",
                hint=did_you_mean(name, METRIC_NAMES),
                argument=argument,
                at=[index, *inside],
            )
