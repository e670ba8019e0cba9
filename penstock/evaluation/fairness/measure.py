"""Fairness of an evaluation, from the predictions that it keeps and, for counterfactuals, the model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from penstock.artifacts import ModelEvaluation
from penstock.data.examples import RowGroup, read_row_group
from penstock.data.tf_examples import encode_examples
from penstock.errors import DataError, UsageError, did_you_mean
from penstock.evaluation import predictions
from penstock.evaluation.fairness.groups import group_sets
from penstock.evaluation.fairness.options import Counterfactual, Fairness
from penstock.evaluation.fairness.results import Estimate, FairnessResult, Flips
from penstock.evaluation.histogram import Floats
from penstock.evaluation.intervals import Z, wilson_interval
from penstock.evaluation.moments import Rows
from penstock.evaluation.resampling.resample import kept_rows
from penstock.evaluation.rows import EvaluationPlan
from penstock.evaluation.slices import SliceSpec

__all__ = ["check_counterfactuals", "edited", "measure"]


def measure(
    plan: EvaluationPlan,
    groups: Sequence[RowGroup],
    specs: Sequence[SliceSpec],
    fairness: Fairness,
    directory: Path,
    progress: Callable[[int], None] | None = None,
) -> FairnessResult:
    """The rates and gaps of every group, and what every counterfactual changes.

    Args:
        plan: What was computed.
        groups: The row groups that were scored.
        specs: The specs of ``fairness.groups``, with the bounds of their quantiles.
        fairness: What is asked for.
        directory: The evaluation's payload.
        progress: Told the number of rows of each row group that was scored again.

    Raises:
        DataError: A value that a counterfactual puts in does not fit the column's type.
    """
    found = FairnessResult(list(fairness.thresholds))
    if specs:
        rows = kept_rows(replace(plan, slices=tuple(specs)), groups, directory)
        found.sets.extend(group_sets(rows, specs, fairness))
    if fairness.counterfactual:
        found.flips.extend(_flips(plan, groups, fairness, directory, progress))
    return found


def check_counterfactuals(fairness: Fairness, columns: Sequence[str], model: str) -> None:
    """Holds the columns of counterfactuals against those of the examples, and asks for a model to score with.

    Raises:
        UsageError: There is no such column, or no model.
    """
    for one in fairness.counterfactual:
        if one.column not in columns:
            raise UsageError(
                f"fairness: the examples have no column {one.column!r}.",
                hint=did_you_mean(one.column, columns),
                column=one.column,
            )
    if fairness.counterfactual and not model:
        raise UsageError(
            "fairness: a counterfactual scores rows again, and there is no model.",
            hint="Give the Evaluator the model, or leave `counterfactual` out.",
        )


def _flips(
    plan: EvaluationPlan,
    groups: Sequence[RowGroup],
    fairness: Fairness,
    directory: Path,
    progress: Callable[[int], None] | None,
) -> list[Flips]:
    table = predictions.read(ModelEvaluation(str(directory)))
    before = predictions.as_numbers(table[predictions.PREDICTION])
    weights = np.ones(len(before))
    if predictions.WEIGHT in table.schema.names:
        weights = np.nan_to_num(predictions.as_numbers(table[predictions.WEIGHT]))
    model = plan.load(plan.models[0])
    after = [np.full(len(before), np.nan) for _ in fairness.counterfactual]
    changed = [np.zeros(len(before), bool) for _ in fairness.counterfactual]
    start = 0
    for group in groups:
        batch = read_row_group(group)
        for number, one in enumerate(fairness.counterfactual):
            column, mask = edited(batch.column(one.column), one)
            place = start + np.flatnonzero(mask)
            if len(place):
                position = batch.schema.names.index(one.column)
                rows = batch.set_column(position, batch.schema.field(position), column).filter(pa.array(mask))
                after[number][place] = model.predict(encode_examples(rows))
                changed[number][place] = True
        start += batch.num_rows
        if progress is not None:
            progress(batch.num_rows)
    return [
        _flipped(one, before[mask], scores[mask], weights[mask], fairness.thresholds)
        for one, scores, mask in zip(fairness.counterfactual, after, changed, strict=True)
    ]


def edited(column: pa.Array, asked: Counterfactual) -> tuple[pa.Array, npt.NDArray[np.bool_]]:
    """The column with its values changed, of the type it had, and which rows were.

    Raises:
        DataError: A new value does not fit the type.
    """
    kind = column.type
    found = column if pa.types.is_dictionary(kind) else column.dictionary_encode()
    values = found.dictionary.to_pylist()
    wanted = {str(old): new for old, new in asked.values.items()}
    hit = np.array([str(value) in wanted for value in values] + [False])
    try:
        new = [wanted.get(str(value), value) for value in values]
        dictionary = pa.array(new, found.dictionary.type)
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise DataError(
            f"fairness: what the counterfactual puts into {asked.column!r} does not fit its type, {kind}.",
            hint="Write numbers for a column of numbers and text for one of text.",
            column=asked.column,
        ) from error
    codes = found.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    return dictionary.take(found.indices).cast(kind), hit[codes]


def _flipped(
    asked: Counterfactual, before: Floats, after: Floats, weights: Floats, thresholds: Sequence[float]
) -> Flips:
    rates = {}
    broken = not (np.isfinite(before).all() and np.isfinite(after).all())
    for threshold in thresholds:
        was, is_now = before > threshold, after > threshold
        for name, flipped in (
            ("flip_rate", was != is_now),
            ("to_positive", ~was & is_now),
            ("to_negative", was & ~is_now),
        ):
            moments = Rows(flipped.astype(np.float64), weights).of(weights > 0)
            low, high = wilson_interval(moments.mean * moments.size, moments.size)
            rates[f"{name}@{threshold:g}"] = Estimate(float(moments.mean[0]), float(low[0]), float(high[0]))
    change = Rows(after - before, weights).of(weights > 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        spread = float(Z * np.sqrt(change.variance[0] / change.size[0]))
    mean = float(change.mean[0])
    rates["mean_change"] = Estimate(mean, mean - spread, mean + spread)
    if broken:
        rates = dict.fromkeys(rates, Estimate(np.nan, np.nan, np.nan))
    return Flips(asked.column, dict(asked.values), len(before), rates)
