"""The results of an evaluation as our own readers want them: ``results.json`` and ``verdicts.json`` of the artifact.

Written beside TFMA's files, because those take TensorFlow to read; this module needs only the standard library.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from penstock.artifacts import ModelEvaluation
from penstock.errors import DataError, UsageError, did_you_mean, from_json
from penstock.evaluation.slices import OVERALL, SliceKey, SliceSpec, slice_text
from penstock.gates import Verdict

__all__ = ["CANDIDATE", "RESULTS_FILE", "VERDICTS_FILE", "EvaluationResult", "SliceResult", "load", "read"]

# Not metrics.json: TFMA's reader takes every file whose name starts with "metrics" when no format is named.
RESULTS_FILE = "results.json"
VERDICTS_FILE = "verdicts.json"

CANDIDATE = "candidate"
BASELINE = "baseline"


@dataclass(frozen=True)
class SliceResult:
    """One slice: its key, its number of rows, and the candidate's metrics by name; undefined is not a number."""

    key: SliceKey
    n: int
    metrics: dict[str, float]

    @property
    def name(self) -> str:
        """The slice for a person; ``overall`` for the whole set."""
        return slice_text(self.key) or "overall"


@dataclass(frozen=True)
class EvaluationResult:
    """Metrics by model and slice.

    Attributes:
        label: The label's name.
        split: The split evaluated.
        models: ``candidate``, and ``baseline`` if there was one.
        metrics: Names of the metrics as the config wrote them.
        slices: Keys of the slices, the whole set first.
        n: Number of rows of each slice.
        values: By model and metric a value for each slice; not a number where undefined.
        intervals: By model and metric the 95 % interval for each slice, where one is known.
        change_intervals: By metric the 95 % interval of candidate less baseline for each slice, where it was resampled.
        resampling: How intervals were resampled, if they were: ``method``, ``replicates``,
            ``degrees_of_freedom``, and ``t``, how many standard errors an interval reaches to either side.
        engines: By metric the engine that computed it: ``vectorised`` or ``tfma``.
        output: The model's output that was evaluated, where it was said.
        counts: Rows read, and rows left out by reason.
        verdicts: What the thresholds came to.
    """

    label: str
    split: str
    models: list[str]
    metrics: list[str]
    slices: list[SliceKey]
    n: list[int]
    values: dict[str, dict[str, list[float]]]
    intervals: dict[str, dict[str, list[tuple[float, float]]]] = field(default_factory=dict)
    change_intervals: dict[str, list[tuple[float, float]]] = field(default_factory=dict)
    resampling: dict[str, Any] = field(default_factory=dict)
    engines: dict[str, str] = field(default_factory=dict)
    output: str = ""
    counts: dict[str, int] = field(default_factory=dict)
    verdicts: list[Verdict] = field(default_factory=list)

    def index(self, key: SliceKey = OVERALL) -> int:
        """Where a slice stands in the lists; one that does not occur is a `UsageError`."""
        try:
            return self.slices.index(key)
        except ValueError:
            names = [slice_text(known) for known in self.slices if known]
            raise UsageError(
                f"The evaluation has no slice {slice_text(key) or 'overall'!r}.",
                hint=did_you_mean(slice_text(key), names),
            ) from None

    def value(self, metric: str, key: SliceKey = OVERALL, model: str = CANDIDATE) -> float:
        """A metric's value on a slice; unknown names are a `UsageError`."""
        return self._column(metric, model)[self.index(key)]

    def interval(self, metric: str, key: SliceKey = OVERALL, model: str = CANDIDATE) -> tuple[float, float] | None:
        """The 95 % interval of a metric on a slice, or None where none is known."""
        column = self.intervals.get(model, {}).get(metric)
        found = column[self.index(key)] if column else None
        return None if found is None or math.isnan(found[0]) else found

    def change_interval(self, metric: str, key: SliceKey = OVERALL) -> tuple[float, float] | None:
        """The 95 % interval of candidate less baseline on a slice, or None where none is known.

        Where none was resampled it follows from those of both models by square-and-add, which for two models on the
        same rows, as a rule alike in where they err, is too wide rather than too narrow: Newcombe, Interval estimation
        for the difference between independent proportions, Statistics in Medicine 17 (1998), method 10.
        """
        resampled = self.change_intervals.get(metric)
        if resampled:
            found = resampled[self.index(key)]
            return None if math.isnan(found[0]) else found
        mine, theirs = self.interval(metric, key), self.interval(metric, key, BASELINE)
        if mine is None or theirs is None:
            return None
        ours, base = self.value(metric, key), self.value(metric, key, BASELINE)
        low = math.hypot(ours - mine[0], theirs[1] - base)
        high = math.hypot(mine[1] - ours, base - theirs[0])
        return ours - base - low, ours - base + high

    def of(self, spec: SliceSpec) -> list[SliceResult]:
        """The slices of one spec, in order."""
        return [self._slice(index) for index, key in enumerate(self.slices) if spec.matches(key)]

    def worst(
        self, metric: str, features: Sequence[str], *, count: int = 3, min_examples: int = 1, model: str = CANDIDATE
    ) -> list[SliceResult]:
        """The slices over some features where the metric is lowest, worst first; undefined ones are left out."""
        column = self._column(metric, model)
        spec = SliceSpec(tuple(sorted(features)))
        fitting = [
            index
            for index, key in enumerate(self.slices)
            if spec.matches(key) and self.n[index] >= min_examples and not math.isnan(column[index])
        ]
        return [self._slice(index) for index in sorted(fitting, key=lambda index: column[index])[:count]]

    def _column(self, metric: str, model: str) -> list[float]:
        if model not in self.values:
            raise UsageError(f"The evaluation has no model {model!r}.", hint=did_you_mean(model, self.values))
        if metric not in self.values[model]:
            raise UsageError(f"The evaluation has no metric {metric!r}.", hint=did_you_mean(metric, self.values[model]))
        return self.values[model][metric]

    def _slice(self, index: int) -> SliceResult:
        metrics = {name: column[index] for name, column in self.values[CANDIDATE].items()}
        return SliceResult(self.slices[index], self.n[index], metrics)

    def to_json(self) -> dict[str, Any]:
        """As a JSON value, without the verdicts, which have a file of their own; an undefined number is null."""
        return {
            "version": 1,
            "label": self.label,
            "split": self.split,
            "models": self.models,
            "metrics": self.metrics,
            "engines": self.engines,
            "output": self.output,
            "counts": self.counts,
            "resampling": self.resampling,
            "slices": [[list(pair) for pair in key] for key in self.slices],
            "n": self.n,
            "values": _each(self.values, lambda column: [_written(value) for value in column]),
            "change_intervals": {
                metric: [[_written(bound) for bound in pair] for pair in column]
                for metric, column in self.change_intervals.items()
            },
            "intervals": _each(self.intervals, lambda column: [[_written(bound) for bound in pair] for pair in column]),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any], verdicts: Iterable[Verdict] = ()) -> EvaluationResult:
        """The result that `to_json` wrote."""
        return cls(
            label=value["label"],
            split=value["split"],
            models=list(value["models"]),
            metrics=list(value["metrics"]),
            slices=[tuple((name, one) for name, one in key) for key in value["slices"]],
            n=list(value["n"]),
            values=_each(value["values"], lambda column: [_read(number) for number in column]),
            intervals=_each(value["intervals"], lambda column: [(_read(low), _read(high)) for low, high in column]),
            change_intervals={
                metric: [(_read(low), _read(high)) for low, high in column]
                for metric, column in value.get("change_intervals", {}).items()
            },
            resampling=dict(value.get("resampling", {})),
            engines=dict(value.get("engines", {})),
            output=value.get("output", ""),
            counts=dict(value["counts"]),
            verdicts=list(verdicts),
        )

    def write_verdicts(self, directory: Path) -> None:
        """Writes ``verdicts.json``."""
        verdicts = [verdict.to_json() for verdict in self.verdicts]
        (directory / VERDICTS_FILE).write_text(json.dumps(verdicts, indent=1, allow_nan=False))


def load(evaluation: ModelEvaluation) -> EvaluationResult:
    """The results of an evaluation artifact.

    Raises:
        DataError: The artifact has no results of ours, as one that TFX made.
    """
    return read(evaluation.path())


def read(directory: Path, *, empty: bool = False) -> EvaluationResult:
    """The results in a directory, see `load`; an error that was written in their place is raised.

    Args:
        directory: Where `RESULTS_FILE` lies.
        empty: Whether there may be no slice, as where these are some of an evaluation's.
    """
    file = directory / RESULTS_FILE
    if not file.is_file():
        raise DataError(
            f"There is no {RESULTS_FILE} here: this is not an evaluation that Penstock made, or it is damaged.",
            hint="Read TFMA's files in it with tensorflow_model_analysis.load_eval_result.",
            path=str(directory),
        )
    try:
        value = json.loads(file.read_text())
    except ValueError as error:
        raise DataError(f"{RESULTS_FILE} is damaged: {error}.", hint="Evaluate anew.", path=str(file)) from error
    if "error" in value:
        raise from_json(value["error"])
    if not value["slices"] and not empty:
        counts = value["counts"]
        raise DataError(
            f"The split {value['split']!r} has no row to evaluate: of {counts.get('rows', 0):,} rows "
            f"{counts.get('missing_label', 0):,} have no label {value['label']!r}.",
            hint="Is the label's name right, and does the split have rows?",
            column=value["label"],
        )
    verdicts_file = directory / VERDICTS_FILE
    verdicts = json.loads(verdicts_file.read_text()) if verdicts_file.is_file() else []
    return EvaluationResult.from_json(value, [Verdict.from_json(one) for one in verdicts])


def _each(by_model: Mapping[str, Mapping[str, Any]], change: Any) -> dict[str, dict[str, Any]]:
    return {
        model: {metric: change(column) for metric, column in columns.items()} for model, columns in by_model.items()
    }


def _written(value: float) -> float | str | None:
    if math.isnan(value):
        return None
    return value if math.isfinite(value) else str(value)


def _read(value: float | str | None) -> float:
    return math.nan if value is None else float(value)
