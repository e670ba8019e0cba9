"""Intervals of every metric on every slice from resampled rows, by slices, so that memory stays bounded."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa

from penstock.artifacts import ModelEvaluation
from penstock.data.examples import RowGroup, read_row_group
from penstock.evaluation import predictions
from penstock.evaluation.accumulator import Accumulator, Layout, ScoredBatch
from penstock.evaluation.histogram import BINS, Floats, Ints
from penstock.evaluation.metrics import Metric, Sums
from penstock.evaluation.resampling.factors import factors, standard_error, t_quantile
from penstock.evaluation.resampling.options import ConfidenceIntervals
from penstock.evaluation.resampling.replicates import Replicates
from penstock.evaluation.resampling.task_replicates import TaskReplicates, replicates_for
from penstock.evaluation.results import EvaluationResult
from penstock.evaluation.rows import EvaluationPlan, Rows, scored_batch
from penstock.evaluation.slices import SliceKey, SpecSlices
from penstock.evaluation.task_metrics import TaskSums

__all__ = ["Resampled", "kept_rows", "resample"]

# Rows taken at once, and cells of the score histogram held at once: what bounds memory.
_ROWS = 8_192
_CELLS = 1 << 14

# The number of rows is what was drawn, not what was measured.
_COUNTS = ("example_count", "weighted_example_count")


@dataclass(frozen=True)
class Resampled:
    """Standard errors of metrics.

    Attributes:
        intervals: The method.
        errors: By model and metric the standard error on each slice.
        changes: By metric that of candidate less baseline, from the same replicates.
    """

    intervals: ConfidenceIntervals
    errors: dict[str, dict[str, dict[SliceKey, float]]] = field(default_factory=dict)
    changes: dict[str, dict[SliceKey, float]] = field(default_factory=dict)

    def put(self, result: EvaluationResult) -> None:
        """Puts the intervals into a result, in the place of all others: value less and plus t times the error."""
        reach = t_quantile(self.intervals)
        result.intervals.clear()
        for model, columns in self.errors.items():
            result.intervals[model] = {
                name: [
                    (value - reach * errors[key], value + reach * errors[key])
                    for key, value in zip(result.slices, result.values[model][name], strict=True)
                ]
                for name, errors in columns.items()
            }
        for name, errors in self.changes.items():
            candidate, baseline = (result.values[model][name] for model in result.models)
            result.change_intervals[name] = [
                (one - other - reach * errors[key], one - other + reach * errors[key])
                for key, one, other in zip(result.slices, candidate, baseline, strict=True)
            ]
        result.resampling.update(
            method=self.intervals.method,
            replicates=self.intervals.samples,
            degrees_of_freedom=self.intervals.samples - 1,
            t=reach,
        )


def kept_rows(plan: EvaluationPlan, groups: Sequence[RowGroup], directory: Path) -> ScoredBatch:
    """All rows of an evaluation, from the predictions that it keeps.

    Args:
        plan: What was computed.
        groups: The row groups that were scored.
        directory: The evaluation's payload.
    """
    columns = sorted({name for spec in plan.slices for name in spec.reads})
    rows = pa.Table.from_batches([read_row_group(group, columns) for group in groups]).combine_chunks()
    evaluation = ModelEvaluation(str(directory))
    tables = [predictions.read(evaluation, model=model) for model in plan.layout.models]
    scores = [predictions.as_numbers(table[predictions.PREDICTION]) for table in tables]
    weights = predictions.as_numbers(tables[0][predictions.WEIGHT]) if plan.weight is not None else None
    batch = rows.to_batches()[0] if columns else pa.record_batch({"": pa.nulls(len(scores[0]))})
    return scored_batch(plan, Rows(batch, scores, predictions.as_numbers(tables[0][predictions.LABEL]), weights))


def resample(
    batch: ScoredBatch,
    layout: Layout,
    metrics: Mapping[str, Metric],
    intervals: ConfidenceIntervals,
    progress: Callable[[int, int], None] | None = None,
) -> Resampled:
    """The standard errors of metrics.

    Args:
        batch: All rows, with their numbers in the split.
        layout: What the metrics need summed.
        metrics: By the names used.
        intervals: A method that resamples.
        progress: Told the number of slices done, and of all.
    """
    assert batch.numbers is not None
    wanted = {name: metric for name, metric in metrics.items() if metric.name not in _COUNTS}
    found = Resampled(intervals)
    total = sum(len(one.keys) for one in batch.slices)
    done = 0
    for one in batch.slices:
        for first, last, rows in _blocks(one):
            sums = replicates_for(layout, last - first, intervals.samples)
            for start in range(0, len(rows), _ROWS):
                part = rows[start : start + _ROWS]
                sums.add(
                    one.codes[part] - first,
                    batch.labels[part],
                    [prediction[part] for prediction in batch.predictions],
                    None if batch.weights is None else batch.weights[part],
                    factors(intervals, batch.numbers[part]),
                )
            _fill(found, one.keys[first:last], sums, wanted, intervals)
            done += last - first
            if progress is not None:
                progress(done, total)
    return found


def _blocks(one: SpecSlices) -> Iterator[tuple[int, int, Ints]]:
    """Slices from one number up to another, and their rows, sorted by slice; as many at once as cells allow."""
    order = np.argsort(one.codes, kind="stable")
    counts = np.bincount(one.codes + 1, minlength=len(one.keys) + 1)
    ends = np.cumsum(counts)  # the first is how many rows are in no slice
    cells = np.cumsum(np.minimum(counts[1:], BINS))
    first = 0
    while first < len(one.keys):
        before = cells[first - 1] if first else 0
        last = max(int(np.searchsorted(cells, before + _CELLS, side="right")), first + 1)
        yield first, last, order[ends[first] : ends[last]]
        first = last


def _fill(
    found: Resampled,
    keys: Sequence[SliceKey],
    sums: Replicates | TaskReplicates,
    metrics: Mapping[str, Metric],
    intervals: ConfidenceIntervals,
) -> None:
    every = sums.accumulator()
    shaped: dict[str, dict[str, Floats]] = {}
    for index, model in enumerate(every.layout.models):
        of_model = Sums(every, index) if isinstance(every, Accumulator) else TaskSums(every, index)
        shaped[model] = {name: metric.compute(of_model).reshape(-1, len(keys)).T for name, metric in metrics.items()}
    for model, columns in shaped.items():
        into = found.errors.setdefault(model, {})
        for name, column in columns.items():
            into.setdefault(name, {}).update(_by_key(keys, standard_error(intervals, column)))
    if len(shaped) == 2:
        candidate, baseline = shaped.values()
        for name, column in candidate.items():
            with np.errstate(invalid="ignore"):
                change = column - baseline[name]
            found.changes.setdefault(name, {}).update(_by_key(keys, standard_error(intervals, change)))


def _by_key(keys: Sequence[SliceKey], values: Floats) -> dict[SliceKey, float]:
    return dict(zip(keys, values.tolist(), strict=True))
