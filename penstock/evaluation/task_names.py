"""Tasks: what a model's score means, and the names of the metrics of each, for checks before anything heavy loads."""

from __future__ import annotations

from typing import Literal

__all__ = ["BY_CLASS", "METRIC_NAMES", "TASK_NAMES", "Task"]

Task = Literal["binary", "regression", "multiclass", "multilabel"]

BY_CLASS = (
    "auc",
    "auc_precision_recall",
    "precision",
    "recall",
    "f1_score",
    "specificity",
    "fpr",
    "fnr",
    "balanced_accuracy",
    "binary_accuracy",
)
"""Metrics of one class against the rest, of which there are averages over the classes."""

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
"""The names of the metrics of binary scores."""

_COUNTS = frozenset({"example_count", "weighted_example_count"})
_AVERAGES = frozenset(f"{name}{end}" for name in BY_CLASS for end in ("", "_macro", "_weighted"))

TASK_NAMES: dict[str, frozenset[str]] = {
    "regression": _COUNTS
    | {
        "calibration",
        "mae",
        "mape",
        "mean_absolute_error",
        "mean_absolute_percentage_error",
        "mean_label",
        "mean_prediction",
        "mean_squared_error",
        "mean_squared_logarithmic_error",
        "mse",
        "msle",
        "r2",
        "rmse",
        "root_mean_squared_error",
        "squared_pearson_correlation",
    },
    "multiclass": _COUNTS
    | _AVERAGES
    | {"accuracy", "categorical_accuracy", "categorical_crossentropy", "loss", "top_3_accuracy", "top_5_accuracy"},
    "multilabel": _COUNTS | _AVERAGES | {"exact_match", "hamming_loss"},
}
"""The names of the metrics of each task but the binary one."""
