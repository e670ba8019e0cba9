"""Metrics of the user's own: a function over the rows of a slice, or a metric class of TFMA's kind."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

import numpy as np

from penstock.dsl.user_code import boundary, function_of
from penstock.errors import UsageError
from penstock.evaluation.accumulator import ScoredBatch
from penstock.evaluation.asked import FunctionMetric
from penstock.evaluation.results import EvaluationResult
from penstock.evaluation.slices import slice_text

__all__ = ["compute", "functions_of"]

_TAKES = "(labels, predictions, weights)"


def functions_of(module: ModuleType, metrics: Sequence[FunctionMetric]) -> dict[str, Callable[..., Any]]:
    """The functions of the user's module by the names of the metrics.

    Raises:
        UsageError: There is no such function, or it takes other arguments.
    """
    found = {}
    for metric in metrics:
        function = function_of(module, metric.function)
        try:
            inspect.signature(function).bind(None, None, None)
        except TypeError as error:
            raise UsageError(
                f"The metric {metric.function} does not take {_TAKES}: {error}.",
                hint="Each is an array over the rows of a slice; weights are 1 where the evaluation has none.",
                path=module.__file__,
            ) from error
        found[metric.name] = function
    return found


def compute(
    functions: dict[str, Callable[..., Any]], batch: ScoredBatch, result: EvaluationResult, module_file: str
) -> None:
    """Puts the value of each function into a result, for each model and slice.

    A function is given copies of three arrays over the rows of a slice, in the order of the split: labels, predictions
    ([rows], or [rows, classes]) and weights. What it gives back is a number; not a number where it is undefined.

    Args:
        functions: By the names of the metrics.
        batch: All rows.
        result: Takes the values.
        module_file: Where the functions are, for messages.

    Raises:
        UserCodeError: A function raised; its own line comes first, and the slice is named.
        UsageError: It gave something else than a number.
    """
    weights = np.ones(len(batch.labels)) if batch.weights is None else batch.weights
    at = {key: index for index, key in enumerate(result.slices)}
    for model in result.models:
        for name in functions:
            result.values[model][name] = [np.nan] * len(at)
    for one in batch.slices:
        order = np.argsort(one.codes, kind="stable")
        ends = np.cumsum(np.bincount(one.codes + 1, minlength=len(one.keys) + 1))  # the first: rows in no slice
        for index, key in enumerate(one.keys):
            rows = order[ends[index] : ends[index + 1]]
            for model, predictions in zip(result.models, batch.predictions, strict=True):
                for name, function in functions.items():
                    where = f"{name} on {slice_text(key) or 'all rows'}"
                    with boundary(where, path=module_file):
                        value = function(batch.labels[rows], predictions[rows], weights[rows])
                    result.values[model][name][at[key]] = _number(value, name, where, module_file)


def _number(value: Any, name: str, where: str, module_file: str) -> float:
    array = np.asarray(value)
    if array.dtype.kind not in "fiub" or array.size != 1:
        raise UsageError(
            f"The metric {where} is {str(value)[:60]!r}, not a number.",
            hint="Give back one number for a slice, float('nan') where it is undefined.",
            metric=name,
            path=module_file,
        )
    return float(array.reshape(-1)[0])
