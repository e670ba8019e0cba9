"""From an evaluation and its examples to the slices where the model is worse: what `penstock slices find` runs."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from penstock.artifacts import Examples, ModelEvaluation
from penstock.data.examples import arrow_schema
from penstock.errors import DataError, UsageError, did_you_mean
from penstock.evaluation import predictions
from penstock.evaluation.finder.features import Bucket, encoded
from penstock.evaluation.finder.losses import RowLosses, row_differences, row_losses, row_metric
from penstock.evaluation.finder.search import Found, Options, find
from penstock.evaluation.histogram import Floats
from penstock.evaluation.intervals import Z, wilson_interval
from penstock.evaluation.moments import Moments
from penstock.evaluation.predictions import as_numbers
from penstock.evaluation.results import CANDIDATE, load
from penstock.evaluation.results import EvaluationResult as Result

__all__ = ["Report", "Side", "find_slices"]


@dataclass(frozen=True)
class Side:
    """The metric inside or outside a slice, or its difference between two models, with its 95 % interval."""

    rows: int
    value: float
    interval: tuple[float, float]

    @classmethod
    def of(cls, moments: Moments, losses: RowLosses) -> Side:
        """The side whose losses have these moments."""
        size, loss = moments.size, moments.mean
        if losses.difference:
            spread = Z * np.sqrt(moments.variance / size)
            bounds = loss - spread, loss + spread
        elif losses.metric.share:
            bounds = wilson_interval(loss * size, size)
        else:
            spread = Z * np.sqrt(moments.variance / size)
            bounds = np.maximum(loss - spread, 0.0), loss + spread  # no loss is negative
        low, high = sorted(losses.value(float(bound[0])) for bound in bounds)
        return cls(int(moments.rows[0]), losses.value(float(loss[0])), (low, high))

    def to_json(self) -> dict[str, Any]:
        return {"rows": self.rows, "value": self.value, "interval": list(self.interval)}


@dataclass(frozen=True)
class Report:
    """What was searched and what was found.

    Attributes:
        metric: The metric compared.
        model: ``candidate`` or ``baseline``.
        split: The split.
        rows: Rows compared.
        missing: Rows left out: no label, no weight, or no finite prediction.
        features: The columns searched by.
        left_out: Why each other column was not.
        options: What counts as found.
        tested: How many slices were tested.
        significant: How many of them are significant.
        found: Each slice with the metric inside and outside, the strongest evidence first.
        against: The model whose metric is taken off, or empty.
    """

    metric: str
    model: str
    split: str
    rows: int
    missing: int
    features: list[str]
    left_out: dict[str, str]
    options: Options
    tested: int
    significant: int
    found: list[tuple[Found, Side, Side]] = field(default_factory=list)
    against: str = ""

    def to_json(self) -> dict[str, Any]:
        """As a JSON value; a bucket is an object with ``from`` and ``below``, null where it has no end."""
        return {
            "metric": self.metric,
            "model": self.model,
            "against": self.against or None,
            "split": self.split,
            "rows": self.rows,
            "missing": self.missing,
            "features": self.features,
            "left_out": self.left_out,
            "order": self.options.order,
            "rate": self.options.rate,
            "tested": self.tested,
            "significant": self.significant,
            "slices": [
                {
                    "slice": one.name,
                    "conditions": {name: _value(value) for name, value in one.conditions},
                    "rows": one.rows,
                    "inside": inside.to_json(),
                    "outside": outside.to_json(),
                    "effect": one.effect,
                    "t": one.t,
                    "adjusted_p": one.p,
                }
                for one, inside, outside in self.found
            ],
        }


def _value(value: Any) -> Any:
    if isinstance(value, Bucket):
        return {name: None if math.isinf(end) else end for name, end in (("from", value.low), ("below", value.high))}
    return value


def find_slices(  # noqa: PLR0913  # what a person may say of a search
    evaluation: ModelEvaluation,
    examples: Examples,
    *,
    metric: str | None = None,
    model: str = CANDIDATE,
    against: str = "",
    threshold: float = 0.5,
    only: Collection[str] = (),
    exclude: Collection[str] = (),
    options: Options | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Report:
    """Searches the columns of the examples for slices where the model is worse than elsewhere.

    Args:
        evaluation: Keeps the predictions.
        examples: What it was made from.
        metric: A metric that is a mean over rows; if not given, ``loss``, or ``mean_squared_error`` where labels or
            predictions are not between 0 and 1.
        model: ``candidate`` or ``baseline``.
        against: Another model, if given: what is compared is the difference between both on each row, and a slice is
            found where the model is worse than that one too.
        threshold: Predictions above it are positive.
        only: Columns to search by; all if not given.
        exclude: Columns not to search by. The label never is.
        options: What counts as found.
        progress: Told the number of feature crosses done, and of all.

    Raises:
        UsageError: There is no such metric or column.
        DataError: The evaluation keeps no predictions, or they do not fit the metric.
    """
    options = options or Options()
    chosen = row_metric(metric) if metric is not None else None
    result = load(evaluation)
    names = arrow_schema(examples, result.split).names
    for name in (*only, *exclude):
        if name not in names:
            raise UsageError(f"The examples have no column {name!r}.", hint=did_you_mean(name, names), column=name)
    if against == model:
        raise UsageError(f"The {model} is compared with itself.", hint="Leave out one of --model and --against.")
    prediction, label, weight = _kept(evaluation, model)
    if chosen is None:
        chosen = row_metric("loss" if _within_0_and_1(prediction) and _within_0_and_1(label) else "mean_squared_error")
    if against:
        other, *_ = _kept(evaluation, against)
        losses = row_differences(chosen, prediction, other, label, weight, threshold=threshold)
    else:
        losses = row_losses(chosen, prediction, label, weight, threshold=threshold)
    wanted = [name for name in names if (name in only or not only) and name not in exclude and name != result.label]
    features, left_out = encoded(_columns(examples, result, wanted, losses), min_rows=options.min_rows)
    searched = find(features, losses.rows, options, progress, level=0.0 if against else None)
    return Report(
        chosen.name,
        model,
        result.split,
        len(losses.rows),
        losses.missing,
        [feature.name for feature in features],
        left_out,
        options,
        searched.tested,
        searched.significant,
        [(one, Side.of(one.inside, losses), Side.of(one.outside, losses)) for one in searched.found],
        against,
    )


def _kept(evaluation: ModelEvaluation, model: str) -> tuple[Floats, Floats, Floats | None]:
    """Predictions, labels and weights, not a number where a row has none."""
    table = predictions.read(evaluation, model=model)
    for name in (predictions.PREDICTION, predictions.LABEL):
        if pa.types.is_nested(table.schema.field(name).type):
            raise DataError(
                "The slice finder compares one prediction a row, and this model gives several.",
                hint="Slices of models with several classes are compared by the Evaluator's `slices`.",
                path=evaluation.uri,
            )
    has_weight = predictions.WEIGHT in table.schema.names
    prediction, label = as_numbers(table[predictions.PREDICTION]), as_numbers(table[predictions.LABEL])
    return prediction, label, as_numbers(table[predictions.WEIGHT]) if has_weight else None


def _within_0_and_1(values: Floats) -> bool:
    known = values[~np.isnan(values)]
    return bool(((known >= 0) & (known <= 1)).all())


def _columns(
    examples: Examples, result: Result, names: Collection[str], losses: RowLosses
) -> dict[str, pa.ChunkedArray]:
    from penstock.data.examples import read_table

    table = read_table(examples, result.split, columns=list(names))
    if table.num_rows != len(losses.kept):
        raise DataError(
            f"The evaluation was made of {len(losses.kept):,} rows and these examples have {table.num_rows:,}.",
            hint="Give the examples that the evaluation's lineage names.",
            path=examples.uri,
        )
    if not losses.kept.all():
        table = table.filter(pa.array(losses.kept))
    return {name: table[name] for name in names}
