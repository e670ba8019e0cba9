"""An evaluation with more slices than fit in memory at once, in several passes over its rows.

What takes memory is the score histogram: a row counts in a slice of each spec, as a rule in a cell of its own where
slices are many. The specs are shared out to passes by how many cells they will take; the first pass scores the rows
and keeps the predictions, every further one reads those. Each writes the results of its slices, and they are put
together at the end.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np

from penstock.data.examples import RowGroup, read_row_group
from penstock.evaluation.histogram import BINS
from penstock.evaluation.plots import PLOTS_FILE, Plots, most_rows
from penstock.evaluation.results import RESULTS_FILE, EvaluationResult, read
from penstock.evaluation.rows import EvaluationPlan
from penstock.evaluation.slices import SliceKey, SliceSpec, assign, sort_key

__all__ = ["AT_ONCE", "join", "joined", "passes"]

_T = TypeVar("_T")

AT_ONCE = 1 << 23
"""Cells that a pass may take by estimate; each takes up to a hundred bytes while it is summed."""


def passes(plan: EvaluationPlan, groups: Sequence[RowGroup], *, at_once: int = AT_ONCE) -> list[tuple[SliceSpec, ...]]:
    """The specs of each pass, in order; one pass, and nothing read, where all are sure to fit.

    How many cells a spec takes is estimated from the largest row group: no slice fills more than it has rows, nor
    more than there are bins. Specs over the same features stay together, for a slice that two share is the first's.
    """
    histograms = len(plan.layout.models) * (plan.layout.classes or 1) if plan.layout.histogram else 0
    rows = sum(group.rows for group in groups)
    columns = sorted({name for spec in plan.slices for name in spec.reads})
    if rows * len(plan.slices) * histograms <= at_once or not columns:
        return [plan.slices]
    sample = max(groups, key=lambda group: group.rows)
    found: list[list[SliceSpec]] = [[]]
    taken = 0.0
    alike: dict[tuple[str, ...], list[SliceSpec]] = {}
    cells: dict[tuple[str, ...], float] = {}
    for spec, one in zip(plan.slices, assign(plan.slices, read_row_group(sample, columns)), strict=True):
        of_slice = np.bincount(one.codes + 1, minlength=len(one.keys) + 1)[1:]
        expected = float(np.minimum(of_slice * (rows / sample.rows), BINS).sum()) * histograms
        alike.setdefault(spec.columns, []).append(spec)
        cells[spec.columns] = cells.get(spec.columns, 0.0) + expected
    for name, specs in alike.items():
        if found[-1] and taken + cells[name] > at_once:
            found.append([])
            taken = 0.0
        found[-1].extend(specs)
        taken += cells[name]
    return [tuple(specs) for specs in found]


def join(directory: Path, parts: Sequence[Path], results: Sequence[EvaluationResult]) -> EvaluationResult:
    """Puts the results and plots of several passes together in the evaluation's directory, and removes their files.

    Raises:
        DataError: No pass has found a slice.
    """
    plots = [Plots.from_json(json.loads(file.read_text())) for part in parts if (file := part / PLOTS_FILE).is_file()]
    whole = joined(results)
    (directory / RESULTS_FILE).write_text(json.dumps(whole.to_json(), allow_nan=False))
    if plots:
        size = dict(zip(whole.slices, whole.n, strict=True))
        (directory / PLOTS_FILE).write_text(json.dumps(_largest(plots, size).to_json(), allow_nan=False))
    for part in parts:
        shutil.rmtree(part)
    return whole if whole.slices else read(directory)


def joined(results: Sequence[EvaluationResult]) -> EvaluationResult:
    """One result of several on the same rows with other slices each, without verdicts."""
    first = results[0]
    keys = [key for result in results for key in result.slices]
    order = sorted(range(len(keys)), key=lambda index: sort_key(keys[index]))

    def together(columns: Sequence[Sequence[_T]]) -> list[_T]:
        every = [value for column in columns for value in column]
        return [every[index] for index in order]

    return EvaluationResult(
        label=first.label,
        split=first.split,
        models=first.models,
        metrics=first.metrics,
        slices=together([result.slices for result in results]),
        n=together([result.n for result in results]),
        values={
            model: {name: together([one.values[model][name] for one in results]) for name in columns}
            for model, columns in first.values.items()
        },
        intervals={
            model: {name: together([one.intervals[model][name] for one in results]) for name in columns}
            for model, columns in first.intervals.items()
        },
        counts=first.counts,
    )


def _largest(plots: Sequence[Plots], size: dict[SliceKey, int]) -> Plots:
    """The plots of those slices among all that have the most rows."""
    where = {key: (one, index) for one in plots for index, key in enumerate(one.slices)}
    slices = most_rows(list(where), size)
    models = {model: [where[key][0].models[model][where[key][1]] for key in slices] for model in plots[0].models}
    return Plots(slices, models)
