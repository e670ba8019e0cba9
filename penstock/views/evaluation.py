"""An evaluation: metrics of every slice with their intervals, candidate and baseline, and the verdicts."""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from penstock.artifacts import Artifact, ModelEvaluation
from penstock.evaluation.fairness.results import Estimate, FairnessResult, Group, GroupSet
from penstock.evaluation.results import BASELINE, CANDIDATE, EvaluationResult, load
from penstock.evaluation.slices import slice_text
from penstock.gates import Verdict
from penstock.views.curves import curves
from penstock.views.task_plots import task_model, task_plots, task_tables
from penstock.views.view import Cell, Row, Table, Tone, View, shown

__all__ = ["make", "verdict_table"]

MOST_SLICES: Final = 500
MOST_DRAWN: Final = 5000
_BY_SLICE: Final = ("slices", "n", "values", "intervals", "change_intervals")
_STATIC: Final = Path(__file__).parent / "static"
_TONES: Final[Mapping[str, Tone]] = {"fail": "bad", "undefined": "held", "pass": "good"}


def make(artifact: Artifact, links: Mapping[str, str]) -> View:
    """The view of a `ModelEvaluation`; one that another tool made is a `DataError`."""
    del links  # slices have no page yet
    assert isinstance(artifact, ModelEvaluation)
    result = load(artifact)
    found = FairnessResult.read(artifact.path())
    plots = task_plots(artifact)
    tables = [*_tables(result), *task_tables(plots), *(_fairness_tables(found) if found else ())]
    note = f"Label {result.label}, split {result.split}, {result.n[0]:,} examples, {len(result.slices):,} slices."
    data = {**_model(result, artifact), **task_model(plots), **_fairness(found)}
    parts = tuple(_STATIC / f"{name}.js" for name in ("bars", "fairness", "curves", "tasks"))
    return View("evaluation", "Evaluation", data, tuple(tables), (note,), _STATIC / "evaluation.js", parts)


def _model(result: EvaluationResult, artifact: ModelEvaluation) -> dict[str, Any]:
    """The results as their file holds them, with verdicts, names and curves; of very many slices the largest."""
    order = range(len(result.slices))
    kept = sorted(heapq.nlargest(MOST_DRAWN, order, key=lambda at: (at == 0, result.n[at], -at)))

    def of_kept(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: of_kept(item) for name, item in value.items()}
        return [value[at] for at in kept]

    value = result.to_json()
    slices, names = [result.slices[at] for at in kept], [slice_text(result.slices[at]) for at in kept]
    told = {verdict.subject for verdict in result.verdicts if verdict.outcome != "pass"}
    first = sorted(range(len(kept)), key=lambda at: (at > 0, names[at] not in told, -result.n[kept[at]]))
    return {
        **value,
        **{name: of_kept(value[name]) for name in _BY_SLICE if name in value},
        "names": names,
        "curves": curves(artifact, slices, first),
        "left_out": len(order) - len(kept),
        "verdicts": [verdict.to_json() for verdict in result.verdicts],
    }


def _tables(result: EvaluationResult) -> Iterator[Table]:
    if result.verdicts:
        yield verdict_table(result.verdicts)
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


def _fairness(found: FairnessResult | None) -> dict[str, Any]:
    """What the file of fairness holds, with the groups' names; of very many groups the largest."""
    if found is None:
        return {}
    sets = []
    for one in found.sets:
        kept = _largest(one)
        written = FairnessResult(found.thresholds, [replace(one, groups=kept)]).to_json()["sets"][0]
        names = [group.name for group in kept]
        groups = [{**group, "name": name} for group, name in zip(written["groups"], names, strict=True)]
        sets.append({**written, "groups": groups})
    return {"fairness": {"thresholds": found.thresholds, "sets": sets}}


def _largest(found: GroupSet) -> list[Group]:
    """The baseline group and the largest of the others."""
    return heapq.nlargest(MOST_SLICES, found.groups, key=lambda group: (group.key == found.baseline, group.n))


def _fairness_tables(found: FairnessResult) -> Iterator[Table]:
    for one in found.sets:
        names = list(dict.fromkeys(name for group in one.groups for name in group.gaps))
        groups = _largest(one)
        rows: list[Row] = [
            (
                Cell(group.name, "baseline group" if group.key == one.baseline else ""),
                group.n,
                *(_estimate(group.gaps.get(name)) for name in names),
            )
            for group in groups
        ]
        title = f"Fairness: gaps by {one.spec}"
        left_out = len(one.groups) - len(groups)
        yield Table(title, ("group", "n", *names), tuple(rows), ("n", *names), left_out)
    if found.flips:
        names = list(dict.fromkeys(name for flips in found.flips for name in flips.rates))
        changed: list[Row] = [
            (flips.name, flips.n, *(_estimate(flips.rates.get(name)) for name in names)) for flips in found.flips
        ]
        yield Table("Counterfactuals", ("change", "n", *names), tuple(changed), ("n", *names))


def _estimate(found: Estimate | None) -> Cell:
    if found is None:
        return Cell(None)
    if math.isnan(found.value):
        return Cell(None, "undefined")
    return Cell(found.value, "" if math.isnan(found.low) else f"{shown(found.low)} to {shown(found.high)}")


def verdict_table(verdicts: Sequence[Verdict]) -> Table:
    """Verdicts as a table, those that failed first."""
    order = [one for outcome in _TONES for one in verdicts if one.outcome == outcome]
    return Table(
        "Verdicts",
        ("check", "outcome", "on", "observed", "expected", "n", "what it says"),
        tuple(map(_verdict, order[:MOST_SLICES])),
        ("observed", "expected", "n"),
        max(0, len(order) - MOST_SLICES),
    )


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
