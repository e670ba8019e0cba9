"""The names of metrics, for checks that come before anything heavy is imported."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from penstock.errors import GraphError, UsageError
from penstock.evaluation.asked import MetricValue, TfmaMetric, name_of, resolved
from penstock.evaluation.fairness.options import measured_fairness
from penstock.evaluation.given import check_given
from penstock.evaluation.slices import parse
from penstock.evaluation.task_names import METRIC_NAMES, TASK_NAMES

__all__ = ["METRIC_NAMES", "check_parameters", "measured"]


def measured(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The Evaluator's parameters that decide what is computed: of thresholds the metrics and slices, not the bounds."""
    judging = ("fairness", "gate", "metrics", "slices", "thresholds")
    thresholds = parameters.get("thresholds", [])
    metrics = [*(parameters.get("metrics") or ["usual"]), *(one["metric"] for one in thresholds)]
    slices = [*parameters.get("slices", []), *(spec for one in thresholds for spec in one.get("slices", [[]]))]
    return {
        **{name: value for name, value in parameters.items() if name not in judging},
        "metrics": sorted(set(map(repr, metrics))),
        "slices": sorted(map(repr, parse(slices))),
        "fairness": measured_fairness(parameters.get("fairness") or {}),
    }


def check_parameters(parameters: Mapping[str, Any]) -> None:
    """Holds the names in ``metrics`` and ``thresholds`` against those there are; an unknown one is a `GraphError`.

    A file of an ``EvalConfig`` is read as well; where it lies elsewhere than on this machine, the run does.
    """
    file = parameters.get("eval_config")
    if file and (Path(file).is_file() or Path(file).is_absolute()):
        from penstock.evaluation.eval_config import with_eval_config

        try:
            check_parameters({**with_eval_config(parameters), "eval_config": ""})
        except UsageError as error:
            raise GraphError(error.message, hint=error.hint, argument="eval_config", at=[]) from error
    if file:
        return
    if not parameters.get("label", "label"):
        raise GraphError(
            "There is no label to hold predictions against.",
            hint="Name the column: label: tipped; or a file that does: eval_config: eval_config.pbtxt.",
            argument="label",
            at=[],
        )
    check_given(parameters)
    task = parameters.get("task", "binary")
    names = METRIC_NAMES if task == "binary" else TASK_NAMES[task]
    several = task in ("multiclass", "multilabel")
    if several != bool(parameters.get("classes")):
        raise GraphError(
            f"The task is {task!r} and classes are {'not named' if several else 'named'}.",
            hint="Name the classes in the order of the model's scores: task: multiclass, classes: [Cash, Card].",
            argument="task",
            at=[],
        )
    intervals = parameters.get("confidence_intervals")
    if task != "binary" and intervals is not None and intervals.method != "analytic":
        raise GraphError(
            f"Intervals by {intervals.method} are found for binary models only; the task is {task!r}.",
            hint="Leave confidence_intervals out.",
            argument="confidence_intervals",
            at=["method"],
        )
    asked: Sequence[MetricValue] = parameters.get("metrics") or ()
    how = {"engine": parameters.get("engine", "auto"), "own": bool(parameters.get("module_file"))}
    found = [_resolved(one, names, how, "metrics", [index]) for index, one in enumerate(asked)]
    _check_names(asked)
    mine = {name_of(one) for one in asked}
    for index, one in enumerate(parameters.get("thresholds", ())):
        if one.metric.partition("@")[0] not in mine and one.metric not in mine:
            found.append(_resolved(one.metric, names, how, "thresholds", [index, "metric"]))
    query = next((one for one in found if isinstance(one, TfmaMetric) and one.known.query), None)
    if query is not None and not parameters.get("query"):
        raise GraphError(
            f"The metric {query.tfma_class} ranks the rows of a query, and there is no `query`.",
            hint="Name the column that says which rows belong together: query: search_id.",
            argument="metrics",
            at=[],
        )


def _resolved(value: MetricValue, known: Collection[str], how: dict[str, Any], argument: str, at: list[Any]) -> object:
    try:
        return resolved(value, known, **how)
    except UsageError as error:
        raise GraphError(error.message, hint=error.hint, argument=argument, at=at) from error


def _check_names(asked: Sequence[MetricValue]) -> None:
    seen: set[str] = set()
    for index, one in enumerate(asked):
        if not isinstance(one, str) and name_of(one) in seen:
            raise GraphError(
                f"Two metrics are called {name_of(one)!r}.",
                hint="Give this one another name: {class_name: ..., name: ...}.",
                argument="metrics",
                at=[index],
            )
        seen.add(name_of(one))
