"""Plots in TFMA's format: ``plots-00000-of-00001.tfrecord`` holds a ``PlotsForSlice`` for each slice.

Of a binary model confusion matrices at thresholds and calibration; of several classes or labels the same for each under
its ``class_id``, and the matrix of several classes; of a regression calibration, which TFMA's residuals follow from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from penstock.artifacts import ModelEvaluation
from penstock.evaluation.plots import BUCKETS, PLOTS_FILE, Plots, load_plots
from penstock.evaluation.slices import SliceKey
from penstock.evaluation.task_plots import TASK_PLOTS_FILE, TaskPlots, load_task_plots
from penstock.evaluation.tfma_protos import metrics_for_slice_pb2

__all__ = ["plot_messages", "slice_key_proto"]


def plot_messages(directory: Path, *, weighted: bool, named: bool, output: str = "") -> Iterator[Any] | None:
    """The messages of an evaluation's plots; None where it has none.

    Args:
        directory: Where the plots lie.
        weighted: Whether rows had weights.
        named: Whether models have names.
        output: The output of the model that was evaluated, where it has several.
    """
    evaluation = ModelEvaluation(str(directory))
    found: Plots | TaskPlots
    fill: Callable[..., None]
    if (directory / PLOTS_FILE).is_file():
        found, fill = load_plots(evaluation), _fill_binary
    elif (directory / TASK_PLOTS_FILE).is_file():
        found = load_task_plots(evaluation)
        fill = _fill_regression if found.task == "regression" else _fill_classes
    else:
        return None
    return (_message(found, key, fill, weighted=weighted, named=named, output=output) for key in found.slices)


def _message(plots: Any, key: SliceKey, fill: Callable[..., None], *, weighted: bool, named: bool, output: str) -> Any:
    message = metrics_for_slice_pb2().PlotsForSlice(slice_key=slice_key_proto(key))

    def entry(model: str, number: int | None = None) -> Any:
        found = message.plot_keys_and_values.add()
        if named:
            found.key.model_name = model
        found.key.example_weighted.value = weighted
        found.key.output_name = output
        if number is not None:
            found.key.sub_key.class_id.value = number
        return found.value

    for model in plots.models:
        fill(plots, key, model, entry)
    return message


def _fill_binary(plots: Plots, key: SliceKey, model: str, entry: Any) -> None:
    _fill_curves(entry(model), plots, key, model)


def _fill_classes(plots: TaskPlots, key: SliceKey, model: str, entry: Any) -> None:
    for number, name in enumerate(plots.classes):
        _fill_curves(entry(model, number), plots.of_class(name), key, model)
    if plots.task == "multiclass":
        matrix = entry(model).multi_class_confusion_matrix_at_thresholds.matrices.add(threshold=0.0)
        confusion = plots.numbers("confusion", key, model)
        for actual, predicted in np.argwhere(confusion).tolist():
            matrix.entries.add(
                actual_class_id=actual, predicted_class_id=predicted, num_weighted_examples=confusion[actual, predicted]
            )


def _fill_regression(plots: TaskPlots, key: SliceKey, model: str, entry: Any) -> None:
    edges = plots.edges["value"]
    _fill_calibration(entry(model), [-np.inf, *edges[1:-1], np.inf], plots.numbers("predicted", key, model))


def _fill_curves(value: Any, plots: Plots, key: SliceKey, model: str) -> None:
    at = plots.at_thresholds(key, model)
    names = {
        "threshold": "threshold",
        "true_positives": "tp",
        "false_positives": "fp",
        "false_negatives": "fn",
        "true_negatives": "tn",
        "precision": "precision",
        "recall": "recall",
        "false_positive_rate": "fpr",
    }
    for index in range(len(at["threshold"])):
        value.confusion_matrix_at_thresholds.matrices.add(
            **{name: float(at[ours][index]) for name, ours in names.items()}
        )
    _fill_calibration(value, [index / BUCKETS for index in range(BUCKETS + 1)], plots.buckets(key, model))


def _fill_calibration(value: Any, edges: list[float], sums: Any) -> None:
    for low, high, weight, label, prediction in zip(edges, edges[1:], *sums.tolist(), strict=False):
        bucket = value.calibration_histogram_buckets.buckets.add(
            lower_threshold_inclusive=low, upper_threshold_exclusive=high
        )
        bucket.num_weighted_examples.value = weight
        bucket.total_weighted_label.value = label
        bucket.total_weighted_refined_prediction.value = prediction


def slice_key_proto(key: SliceKey) -> Any:
    """A slice key as TFMA's proto: integers as int64, floats as 32-bit floats, text as UTF-8 bytes."""
    proto = metrics_for_slice_pb2().SliceKey()
    for name, value in key:
        single = proto.single_slice_keys.add(column=name)
        if isinstance(value, str):
            single.bytes_value = value.encode()
        elif isinstance(value, float):
            single.float_value = value
        else:
            single.int64_value = value
    return proto
