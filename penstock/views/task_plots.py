"""Plots of an evaluation that is not binary: a JSON model to draw them from, and the whole set's as tables."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

from penstock.artifacts import ModelEvaluation
from penstock.evaluation.slices import slice_text
from penstock.views.view import Row, Table, shown

if TYPE_CHECKING:
    from penstock.evaluation.task_plots import TaskPlots

__all__ = ["task_model", "task_tables"]

MOST_SLICES: Final = 50
MOST_CLASSES: Final = 20
_RESIDUALS: Final = 10


def task_model(evaluation: ModelEvaluation) -> dict[str, Any]:
    """The plots of the first `MOST_SLICES` slices as ``task_plots``; empty where there are none.

    ``task``, ``names`` of the slices, ``slices``, ``classes``, ``edges``, and ``models``: by model and slice what
    `penstock.evaluation.task_plots.TaskPlots` says.
    """
    plots = _plots(evaluation)
    if plots is None:
        return {}
    value = plots.to_json()
    return {
        "task_plots": {
            **value,
            "names": [slice_text(key) or "overall" for key in plots.slices[:MOST_SLICES]],
            "slices": value["slices"][:MOST_SLICES],
            "models": {model: every[:MOST_SLICES] for model, every in value["models"].items()},
        }
    }


def task_tables(evaluation: ModelEvaluation) -> Iterator[Table]:
    """Of each model the confusion matrix or the residuals of the whole set, or of the largest slice where it is not."""
    plots = _plots(evaluation)
    if plots is None:
        return
    key = plots.slices[0]
    where = slice_text(key) or "overall"
    for model in plots.models:
        if plots.task == "multiclass":
            names = tuple(plots.classes[:MOST_CLASSES])
            matrix = plots.numbers("confusion", key, model)[: len(names), : len(names)].tolist()
            rows: list[Row] = [(name, *counts) for name, counts in zip(names, matrix, strict=True)]
            left_out = len(plots.classes) - len(names)
            headers = ("actual \\ predicted", *names)
            yield Table(f"Confusion matrix, {where}, {model}", headers, tuple(rows), names, left_out)
        elif plots.task == "regression":
            weights = plots.numbers("residuals", key, model).reshape(_RESIDUALS, -1).sum(axis=1).tolist()
            edges = plots.edges["residual"][:: (len(plots.edges["residual"]) - 1) // _RESIDUALS]
            bounds = [f"{shown(low)} to {shown(high)}" for low, high in pairwise(edges)]
            bounds[0], bounds[-1] = f"below {shown(edges[1])}", f"{shown(edges[-2])} and more"
            rows = list(zip(bounds, weights, strict=True))
            yield Table(f"Residuals, {where}, {model}", ("actual less predicted", "weight"), tuple(rows), ("weight",))


def _plots(evaluation: ModelEvaluation) -> TaskPlots | None:
    from penstock.evaluation.task_plots import TASK_PLOTS_FILE, load_task_plots

    return load_task_plots(evaluation) if evaluation.path(TASK_PLOTS_FILE).is_file() else None
