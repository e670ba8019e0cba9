"""An evaluation: metrics of every slice with their intervals, candidate and baseline, and the verdicts."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Final

from penstock.artifacts import Artifact, ModelEvaluation
from penstock.evaluation.results import BASELINE, CANDIDATE, EvaluationResult, load
from penstock.evaluation.slices import slice_text
from penstock.gates import Verdict
from penstock.views.view import Cell, Row, Table, Tone, View, shown

__all__ = ["make"]

MOST_SLICES: Final = 500
_TONES: Final[Mapping[str, Tone]] = {"fail": "bad", "undefined": "held", "pass": "good"}


def make(artifact: Artifact, links: Mapping[str, str]) -> View:
    """The view of a `ModelEvaluation`; one that another tool made is a `DataError`."""
    del links  # slices have no page yet
    assert isinstance(artifact, ModelEvaluation)
    result = load(artifact)
    value = result.to_json()
    data = {**value, "verdicts": [verdict.to_json() for verdict in result.verdicts]}
    note = f"Label {result.label}, split {result.split}, {result.n[0]:,} examples, {len(result.slices):,} slices."
    return View("evaluation", "Evaluation", data, tuple(_tables(result)), (note,))


def _tables(result: EvaluationResult) -> Iterator[Table]:
    failing = [one for outcome in _TONES for one in result.verdicts if one.outcome == outcome]
    if failing:
        yield Table(
            "Verdicts",
            ("check", "outcome", "on", "observed", "expected", "n", "what it says"),
            tuple(map(_verdict, failing[:MOST_SLICES])),
            ("observed", "expected", "n"),
            max(0, len(failing) - MOST_SLICES),
        )
    order = [0, *sorted(range(1, len(result.slices)), key=lambda at: -result.n[at])]
    metrics = [metric for metric in result.metrics if metric != "example_count"]  # that is n
    rows: list[Row] = [
        (
            slice_text(result.slices[at]) or "overall",
            result.n[at],
            *(_metric(result, metric, at) for metric in metrics),
        )
        for at in order[:MOST_SLICES]
    ]
    left_out = max(0, len(order) - MOST_SLICES)
    yield Table("Slices", ("slice", "n", *metrics), tuple(rows), ("n", *metrics), left_out)


def _metric(result: EvaluationResult, metric: str, at: int) -> Cell:
    column = result.values[CANDIDATE].get(metric)
    if column is None or math.isnan(column[at]):
        return Cell(None, "undefined")
    intervals = result.intervals.get(CANDIDATE, {}).get(metric)
    notes = []
    if intervals and not math.isnan(intervals[at][0]):
        notes.append(f"{shown(intervals[at][0])} to {shown(intervals[at][1])}")
    baseline = result.values.get(BASELINE, {}).get(metric)
    if baseline is not None:
        notes.append(f"baseline {shown(baseline[at])}")
    return Cell(column[at], ", ".join(notes))


def _verdict(verdict: Verdict) -> tuple[str | float | Cell | None, ...]:
    expected = (
        Cell(verdict.bound, text=f"{verdict.relation} {shown(verdict.bound)}") if verdict.bound is not None else None
    )
    outcome = Cell(verdict.outcome, tone=_TONES[verdict.outcome])
    return (
        verdict.check,
        outcome,
        verdict.subject or "all",
        verdict.observed,
        expected,
        verdict.n,
        Cell("", verdict.message),
    )
