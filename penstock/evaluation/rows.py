"""The rows of an evaluation: what is asked for, and a batch with its predictions, labels and weights."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pyarrow as pa

from penstock.evaluation.accumulator import Layout, ScoredBatch
from penstock.evaluation.given import Given
from penstock.evaluation.histogram import Floats
from penstock.evaluation.labels import any_of, check, check_labels, class_numbers, numbers, wide_numbers
from penstock.evaluation.slices import SliceSpec, assign

__all__ = ["EvaluationPlan", "Model", "Rows", "labels_of", "scored_batch"]


class Model(Protocol):
    """A loaded model: what scores serialized ``tf.train.Example`` protos."""

    def predict(self, examples: pa.BinaryArray, /) -> Floats:
        """The predictions, [rows]."""

    def transform(self, examples: pa.BinaryArray, names: Sequence[str], /) -> dict[str, Floats]:
        """Transformed features by name, each [rows]."""


@dataclass(frozen=True)
class EvaluationPlan:
    """What is computed.

    Attributes:
        layout: The sums kept.
        models: Where each model of the layout lies, the candidate first.
        load: Loads a model from there, on each worker; sent to the workers by name, so a module's function or class.
        slices: The slice specs.
        label: The label's name.
        transformed_label: Whether the candidate computes it (`transform_features`) or it is a raw column.
        weight: The raw column of the example weights, or None.
        given: Columns that hold predictions, or labels that came later.
        predictions_file: The file that has those columns, if the examples do not.
        classes: Names of the classes in the order of the scores; their positions are the labels if there are none.
    """

    layout: Layout
    models: tuple[str, ...]
    load: Callable[[str], Model]
    slices: tuple[SliceSpec, ...]
    label: str
    transformed_label: bool = False
    weight: str | None = None
    given: Given | None = None
    predictions_file: str = ""
    classes: tuple[str | int, ...] = ()

    def column_of(self, model: str) -> str:
        """The column that holds a model's predictions; empty where the model scores."""
        if self.given is None:
            return ""
        return self.given.prediction if model == self.layout.models[0] else self.given.baseline


@dataclass(frozen=True)
class Rows:
    """The rows of a batch as they were read and scored, none left out yet.

    Attributes:
        batch: The raw rows.
        predictions: For each model, [rows].
        labels: [rows]; not a number where a row has none.
        weights: [rows], likewise; None where every row weighs 1.
    """

    batch: pa.RecordBatch
    predictions: Sequence[Floats]
    labels: Floats
    weights: Floats | None

    @classmethod
    def of(
        cls,
        plan: EvaluationPlan,
        batch: pa.RecordBatch,
        predictions: Sequence[Floats],
        label: Floats | None = None,
    ) -> Rows:
        """The rows of a raw batch; the label is its column unless it is given.

        Raises:
            DataError: The label or the weight is no number.
        """
        labels = labels_of(plan, batch.column(plan.label)) if label is None else label
        weights = None if plan.weight is None else numbers(batch.column(plan.weight), plan.weight, "weight")
        return cls(batch, predictions, labels, weights)


def scored_batch(plan: EvaluationPlan, rows: Rows) -> ScoredBatch:
    """Rows ready to be summed; those without a label or a weight are left out and counted.

    Raises:
        DataError: A label is not within 0 and 1, or a weight is negative.
    """
    labels, weights, predictions = rows.labels, rows.weights, list(rows.predictions)
    missing_label = any_of(np.isnan(labels))
    missing_weight = np.zeros(len(labels), bool) if weights is None else np.isnan(weights) & ~missing_label
    counts = {
        "rows": rows.batch.num_rows,
        "missing_label": int(missing_label.sum()),
        "missing_weight": int(missing_weight.sum()),
    }
    kept = ~(missing_label | missing_weight)
    if plan.given is not None and plan.given.prediction:
        # A model gives every row a prediction, a file may not know of it: that row says nothing of either model.
        unknown = np.logical_or.reduce([any_of(np.isnan(prediction)) for prediction in predictions]) & kept
        counts["missing_prediction"] = int(unknown.sum())
        kept &= ~unknown
    columns = sorted({name for spec in plan.slices for name in spec.reads})
    sliced = rows.batch.select(columns)
    if not kept.all():
        sliced = sliced.filter(pa.array(kept)) if columns else sliced
        labels = labels[kept]
        weights = None if weights is None else weights[kept]
        predictions = [prediction[kept] for prediction in predictions]
    check_labels(plan.layout, plan.label, labels, predictions)
    if weights is not None:
        check(weights, ~((weights >= 0) & np.isfinite(weights)), "weight", plan.weight or "", "finite and not below 0")
    if not columns:
        # A batch without columns forgets how many rows it has.
        sliced = pa.record_batch({"": pa.nulls(len(labels))})
    slices = assign(plan.slices, sliced)
    return ScoredBatch(slices, labels, tuple(predictions), weights, counts, numbers=np.flatnonzero(kept))


def labels_of(plan: EvaluationPlan, column: pa.Array) -> Floats:
    """A column of labels as the task takes them: numbers, or positions among the classes."""
    if plan.layout.task == "multiclass" and plan.classes:
        return class_numbers(column, plan.classes, plan.label)
    return wide_numbers(column, plan.label, "label")
