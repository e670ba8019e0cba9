"""The sums of every slice in every replicate where a score is not that of one class, as `Replicates` has them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from penstock.evaluation.accumulator import Layout
from penstock.evaluation.histogram import Floats, Ints
from penstock.evaluation.resampling.factors import Factors
from penstock.evaluation.resampling.replicates import Replicates, add_products
from penstock.evaluation.task_accumulator import TaskAccumulator, of_class

__all__ = ["TaskReplicates", "replicates_for"]


def replicates_for(layout: Layout, slices: int, replicates: int) -> Replicates | TaskReplicates:
    """Empty sums of the layout's task."""
    kind = Replicates if layout.task == "binary" else TaskReplicates
    return kind(layout, slices, replicates)


class TaskReplicates:
    """What a `TaskAccumulator` sums, for slices numbered from 0, once for each replicate.

    Attributes:
        base: Rows and weight, [slices, 2, replicates].
        sums: For each model its columns of `TaskAccumulator.sums`, [slices, columns, replicates].
        classes: For each class its binary sums.
    """

    def __init__(self, layout: Layout, slices: int, replicates: int) -> None:
        self._rows = TaskAccumulator(layout)
        self._slices = slices
        self.base: Floats = np.zeros((slices, 2, replicates))
        columns = self._rows.sums[0].shape[1]
        self.sums: list[Floats] = [np.zeros((slices, columns, replicates)) for _ in layout.models]
        self.classes = [Replicates(one.layout, slices, replicates) for one in self._rows.classes]

    def add(
        self, codes: Ints, labels: Floats, predictions: Sequence[Floats], weights: Floats | None, factors: Factors
    ) -> None:
        """Adds rows, as `Replicates.add`; labels and predictions are [rows] or [rows, classes]."""
        known = np.ones(len(codes)) if weights is None else weights
        add_products(self.base, [np.ones(len(codes)), known], codes, factors)
        for sums, prediction in zip(self.sums, predictions, strict=True):
            add_products(sums, self._rows.per_row(labels, prediction, known), codes, factors)
        for number, one in enumerate(self.classes):
            one.add(codes, *of_class(number, labels, predictions), weights, factors)

    def accumulator(self) -> TaskAccumulator:
        """An accumulator in which every slice of every replicate is a slice: ``s`` of ``r`` is r x slices + s."""
        found = TaskAccumulator(self._rows.layout)
        found.rows, found.weights = (self.base[:, column].T.reshape(-1) for column in range(2))
        found.slices = {(("", number),): number for number in range(len(found.rows))}
        found.sums = [sums.transpose(2, 0, 1).reshape(len(found.rows), -1) for sums in self.sums]
        found.classes = [one.accumulator() for one in self.classes]
        return found
