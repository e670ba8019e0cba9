"""Metrics of several evaluations, one run after the other."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from penstock.artifacts import Artifact, ModelEvaluation
from penstock.errors import PenstockError, UsageError
from penstock.evaluation.results import CANDIDATE, load
from penstock.evaluation.slices import slice_text
from penstock.views.places import local
from penstock.views.view import Cell, Row, Table, View

__all__ = ["over_runs"]

MOST_SLICES: Final = 300
_MODULE: Final = Path(__file__).parent / "static" / "evaluations.js"


def over_runs(evaluations: Sequence[tuple[str, Artifact]]) -> View:
    """The candidate's metrics of each evaluation, by the name of its run, in the order given.

    Evaluations that cannot be read are named in a note. Slices are those of the last one, the largest first.

    Raises:
        UsageError: None of them can be read.
    """
    found, notes = [], []
    for run, artifact in evaluations:
        try:
            place = local(artifact)
            assert isinstance(place, ModelEvaluation)
            found.append((run, load(place)))
        except PenstockError as error:
            notes.append(f"The evaluation of run {run} cannot be read: {error.message}")
    if not found:
        raise UsageError("There is no evaluation to show.", hint=notes[-1] if notes else "Run a pipeline that has one.")
    last = found[-1][1]
    metrics = list(dict.fromkeys(name for _, result in found for name in result.metrics if name != "example_count"))
    order = [0, *sorted(range(1, len(last.slices)), key=lambda at: -last.n[at])][:MOST_SLICES]
    series: list[dict[str, Any]] = []
    for key in (last.slices[at] for at in order):
        places = [result.slices.index(key) if key in result.slices else None for _, result in found]
        values: dict[str, list[Any]] = {name: [] for name in metrics}
        bounds: dict[str, list[Any]] = {name: [] for name in metrics}
        for (_, result), at in zip(found, places, strict=True):
            for name in metrics:
                column = result.values[CANDIDATE].get(name)
                value = math.nan if at is None or column is None else column[at]
                interval = None if at is None or column is None else result.interval(name, key)
                values[name].append(None if math.isnan(value) else value)
                bounds[name].append(interval)
        n = [0 if at is None else result.n[at] for (_, result), at in zip(found, places, strict=True)]
        series.append({"name": slice_text(key) or "overall", "n": n, "values": values, "intervals": bounds})
    rows: list[Row] = [
        (run, series[0]["n"][at], *(Cell(series[0]["values"][name][at]) for name in metrics))
        for at, (run, _) in enumerate(found)
    ]
    table = Table("Overall", ("run", "n", *metrics), tuple(rows), ("n", *metrics))
    data = {"runs": [run for run, _ in found], "metrics": metrics, "slices": series}
    return View("evaluations", "Metrics over runs", data, (table,), tuple(notes), _MODULE)
