"""Sums over the rows of each slice where a score is not that of one class: regression, several classes or labels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from penstock.evaluation.accumulator import Accumulator, Layout, ScoredBatch
from penstock.evaluation.histogram import Floats, Ints
from penstock.evaluation.row_values import ROW_VALUES
from penstock.evaluation.slice_sums import SliceSums, by_slice

__all__ = ["TaskAccumulator", "accumulator_for", "of_class"]


def accumulator_for(layout: Layout) -> Accumulator | TaskAccumulator:
    """An empty accumulator of the layout's task."""
    return Accumulator(layout) if layout.task == "binary" else TaskAccumulator(layout)


class TaskAccumulator(SliceSums):
    """The sums of one part of the data; merges and travels as an `Accumulator` does.

    Attributes:
        layout: What is summed.
        sums: For each model, [slices, values of the task + 1]: the weighted sum of each of `ROW_VALUES`, and the number
            of rows without a finite prediction.
        classes: For each class, what a binary accumulator sums of its scores; empty for a regression.
    """

    def __init__(self, layout: Layout) -> None:
        self._values = ROW_VALUES[layout.task]
        super().__init__(len(layout.models), len(self._values) + 1)
        self.layout = layout
        one = Layout(layout.models, layout.thresholds, layout.histogram)
        # They meet the same slices in the same order: a slice has the same number in all.
        self.classes = [Accumulator(one) for _ in range(layout.classes)]

    def __getstate__(self) -> dict[str, object]:
        return {name: value for name, value in self.__dict__.items() if name != "_values"}

    def __setstate__(self, state: dict[str, object]) -> None:
        self.__dict__.update(state)
        self._values = ROW_VALUES[self.layout.task]

    def add(self, batch: ScoredBatch) -> None:
        """Adds a batch of rows."""
        self._count(batch.counts, batch.error)
        if not len(batch.labels):
            return
        weights = np.ones(len(batch.labels)) if batch.weights is None else batch.weights
        columns = [self.per_row(batch.labels, prediction, weights) for prediction in batch.predictions]
        for one in batch.slices:
            numbers, size = self._numbers(one.keys), len(one.keys)
            self.rows[numbers] += by_slice(one.codes, None, size)
            self.weights[numbers] += by_slice(one.codes, weights, size)
            for model, each in enumerate(columns):
                for index, column in enumerate(each):
                    self.sums[model][numbers, index] += by_slice(one.codes, column, size)
        for number, accumulator in enumerate(self.classes):
            labels, scores = of_class(number, batch.labels, batch.predictions)
            accumulator.add(ScoredBatch(batch.slices, labels, scores, batch.weights))

    def per_row(self, label: Floats, prediction: Floats, weights: Floats) -> list[Floats]:
        """The columns of `sums` for each row, each [rows]: from labels, scores and weight."""
        finite = np.isfinite(prediction) if prediction.ndim == 1 else np.isfinite(prediction).all(axis=1)
        counts = (weights > 0) & finite
        columns = []
        with np.errstate(divide="ignore", invalid="ignore"):
            for value in self._values.values():
                column = np.zeros(len(weights))
                column[counts] = value(label[counts], prediction[counts]) * weights[counts]
                columns.append(column)
        return [*columns, ((weights > 0) & ~finite).astype(np.float64)]

    def _merge_rest(self, other: TaskAccumulator, numbers: Ints) -> None:
        for accumulator, added in zip(self.classes, other.classes, strict=True):
            accumulator.merge(added)

    def compact(self) -> None:
        """Makes it as small as it can be, before it travels."""
        for accumulator in self.classes:
            accumulator.compact()


def of_class(number: int, labels: Floats, predictions: Sequence[Floats]) -> tuple[Floats, tuple[Floats, ...]]:
    """One class against the rest: whether a row is of it, and for each model its score, each [rows]."""
    label = (labels == number).astype(np.float64) if labels.ndim == 1 else labels[:, number]
    return label, tuple(np.ascontiguousarray(prediction[:, number]) for prediction in predictions)
