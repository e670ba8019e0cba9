"""Plots of an evaluation that is not binary: a JSON model to draw them from, and the whole set's as tables."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

from penstock.artifacts import ModelEvaluation
from penstock.errors import DataError
from penstock.evaluation.slices import slice_text
from penstock.views.curves import short
from penstock.views.view import Row, Table, shown

if TYPE_CHECKING:
    from penstock.evaluation.task_plots import TaskPlots

__all__ = ["task_model", "task_plots", "task_tables"]

MOST_SLICES: Final = 50
MOST_CLASSES: Final = 20
_MOST_NUMBERS: Final = 60_000
_RESIDUALS: Final = 10


def task_model(plots: TaskPlots | None) -> dict[str, Any]:
    """The plots of the first slices as ``task_plots``, with five digits; empty where there are none.

    At most `MOST_SLICES`, and fewer where classes are many.

    ``task``, ``names`` of the slices, ``slices``, ``classes``, ``edges``, and ``models``: by model and slice what
    `penstock.evaluation.task_plots.TaskPlots` says.
    """
    if plots is None:
        return {}
    value = plots.to_json()
    size = sum(_count(every[0]) for every in plots.models.values() if every)
    most = max(1, min(MOST_SLICES, _MOST_NUMBERS // max(1, size)))
    return {
        "task_plots": {
            **value,
            "names": [slice_text(key) or "overall" for key in plots.slices[:most]],
            "slices": value["slices"][:most],
            "models": {model: [_shortened(one) for one in every[:most]] for model, every in plots.models.items()},
        }
    }


def _count(value: Any) -> int:
    if isinstance(value, dict):
        return sum(map(_count, value.values()))
    return sum(map(_count, value)) if isinstance(value, list) else 1


def _shortened(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _shortened(one) for name, one in value.items()}
    if value and isinstance(value[0], list):
        return [_shortened(one) for one in value]
    return short(value)


def task_tables(plots: TaskPlots | None) -> Iterator[Table]:
    """Of each model the confusion matrix or the residuals of the whole set, or of the largest slice where it is not."""
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


def task_plots(evaluation: ModelEvaluation) -> TaskPlots | None:
    """The plots of an evaluation; None where it has none.

    Raises:
        DataError: They are damaged.
    """
    from penstock.evaluation.task_plots import TASK_PLOTS_FILE, load_task_plots

    file = evaluation.path(TASK_PLOTS_FILE)
    if not file.is_file():
        return None
    try:
        return load_task_plots(evaluation)
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise DataError(f"{TASK_PLOTS_FILE} is damaged: {error}.", hint="Evaluate anew.", path=str(file)) from error
