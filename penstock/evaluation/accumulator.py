"""Sums over the rows of each slice, from which every metric follows; mergeable in any order."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from penstock.evaluation.histogram import Floats, Histogram, Ints, bins_of
from penstock.evaluation.slice_sums import SliceSums, by_slice
from penstock.evaluation.slices import SpecSlices
from penstock.evaluation.task_names import Task

__all__ = ["Accumulator", "Layout", "ScoredBatch"]


@dataclass(frozen=True)
class Layout:
    """What is summed.

    Attributes:
        models: Names of the models, the candidate first.
        thresholds: Predictions above each of these count as positive in a confusion matrix of its own.
        histogram: Whether the score histogram is kept, which the areas under curves need.
        task: What a score means; `Accumulator` sums binary ones, `TaskAccumulator` all others.
        classes: How many there are, where there are several.
    """

    models: tuple[str, ...] = ("candidate",)
    thresholds: tuple[float, ...] = (0.5,)
    histogram: bool = True
    task: Task = "binary"
    classes: int = 0


@dataclass(frozen=True)
class ScoredBatch:
    """Rows with everything that metrics need.

    Attributes:
        slices: The rows' slices, one entry for each slice spec.
        labels: 0 to 1, [rows].
        predictions: For each model, [rows].
        weights: Not below 0, [rows]; None where every row weighs 1.
        counts: Numbers of rows by what became of them: ``rows``, ``missing_label`` ...
        error: The first error met, as `PenstockError.to_json` gives it; the batch is then empty. Beam would turn
            an exception into text, so errors travel as values.
        numbers: The number of each row in the batch that was scored, of which some may have been left out, [rows].
    """

    slices: list[SpecSlices]
    labels: Floats
    predictions: tuple[Floats, ...]
    weights: Floats | None = None
    counts: dict[str, int] = field(default_factory=dict)
    error: dict[str, object] | None = None
    numbers: Ints | None = None


class Accumulator(SliceSums):
    """The sums of one part of the data.

    Attributes:
        layout: What is summed.
        labels: Sum of label times weight, [slices].
        sums: For each model, [slices, 3 + 2 x thresholds]: sums of weighted prediction, of weighted cross entropy,
            number of rows without a finite prediction, then for each threshold the weight and the label weight of
            the rows above it.
        histograms: For each model, its score histogram.
    """

    def __init__(self, layout: Layout) -> None:
        super().__init__(len(layout.models), 3 + 2 * len(layout.thresholds))
        self.layout = layout
        self.labels: Floats = np.zeros(0)
        self.histograms: list[Histogram] = [Histogram() for _ in layout.models]

    def add(self, batch: ScoredBatch) -> None:
        """Adds a batch of rows."""
        self._count(batch.counts, batch.error)
        if not len(batch.labels):
            return
        weights = np.ones(len(batch.labels)) if batch.weights is None else batch.weights
        labels = batch.labels * weights
        per_row = [self.per_row(batch.labels, prediction, weights, labels) for prediction in batch.predictions]
        bins = [bins_of(prediction) if self.layout.histogram else None for prediction in batch.predictions]
        for one in batch.slices:
            numbers = self._numbers(one.keys)
            size = len(one.keys)
            self.rows[numbers] += by_slice(one.codes, None, size)
            self.weights[numbers] += by_slice(one.codes, weights, size)
            self.labels[numbers] += by_slice(one.codes, labels, size)
            inside = one.codes >= 0
            whole = bool(inside.all())
            for model, columns in enumerate(per_row):
                for index, column in enumerate(columns):
                    self.sums[model][numbers, index] += by_slice(one.codes, column, size)
                binned = bins[model]
                if binned is not None:
                    codes, picked = (one.codes, slice(None)) if whole else (one.codes[inside], inside)
                    self.histograms[model].add(numbers[codes], binned[picked], weights[picked], labels[picked])

    def per_row(self, label: Floats, prediction: Floats, weights: Floats, labels: Floats) -> list[Floats]:
        """The columns of `sums` for each row: from label, prediction, weight, and label times weight, each [rows]."""
        with np.errstate(divide="ignore", invalid="ignore"):
            # 0 log 0 is 0: a certain and right prediction costs nothing.
            entropy = -np.where(label > 0, label * np.log(prediction), 0.0)
            entropy -= np.where(label < 1, (1 - label) * np.log1p(-prediction), 0.0)
        # A row that weighs nothing says nothing, even where its prediction or its loss is not finite.
        counts = weights > 0
        columns = [
            np.multiply(prediction, weights, out=np.zeros_like(weights), where=counts),
            np.multiply(entropy, weights, out=np.zeros_like(weights), where=counts),
            (counts & ~np.isfinite(prediction)).astype(np.float64),
        ]
        for threshold in self.layout.thresholds:
            above = prediction > threshold
            columns += [weights * above, labels * above]
        return columns

    def _merge_rest(self, other: Accumulator, numbers: Ints) -> None:
        self.labels[numbers] += other.labels
        for histogram, added in zip(self.histograms, other.histograms, strict=True):
            histogram.merge(added, numbers)

    def _grow(self, slices: int) -> None:
        super()._grow(slices)
        self.labels = np.concatenate((self.labels, np.zeros(slices)))

    def compact(self) -> None:
        """Makes it as small as it can be, before it travels."""
        for histogram in self.histograms:
            histogram.compact()
