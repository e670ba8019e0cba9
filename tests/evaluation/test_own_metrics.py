"""Metrics of the user's own: functions over the rows of each slice, held to giving a number."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from penstock.dsl.user_code import load_module
from penstock.errors import GraphError, UsageError, UserCodeError
from penstock.evaluation.accumulator import ScoredBatch
from penstock.evaluation.asked import FunctionMetric, MetricItem
from penstock.evaluation.names import check_parameters
from penstock.evaluation.own_metrics import compute, functions_of
from penstock.evaluation.results import EvaluationResult
from penstock.evaluation.slices import SpecSlices

SOURCE = """
import numpy as np

def profit(labels, predictions, weights):
    labels += 0  # may be changed: it is a copy
    return np.sum(weights * np.where(predictions > 0.5, 10 * labels - 4, 0))

def share(labels, predictions, weights, at=0.5):
    return np.average(predictions > at, weights=weights) if len(labels) > 2 else float("nan")

def broken(labels, predictions, weights):
    return labels.no_such_thing

def words(labels, predictions, weights):
    return "many"

def rows(labels, predictions):
    return len(labels)
"""
LABELS, SCORES = np.array([1.0, 0, 1, 0, 1]), np.array([0.9, 0.8, 0.2, 0.1, 0.7])
HOURS = np.array([0, 1, 0, -1, 1])
KEYS = [(("hour", 4),), (("hour", 5),)]


def computed(tmp_path: Path, name: str, weights: np.typing.NDArray[np.float64] | None = None) -> EvaluationResult:
    """One function over all rows, and over two slices that one row is in none of."""
    file = tmp_path / "metrics.py"
    file.write_text(SOURCE)
    slices = [SpecSlices([()], np.zeros(5, np.int64)), SpecSlices(list(KEYS), HOURS)]
    batch = ScoredBatch(slices, LABELS, (SCORES, SCORES[::-1]), weights)
    result = EvaluationResult(
        "y", "eval", ["candidate", "baseline"], [], [(), *KEYS], [5, 2, 2], {"candidate": {}, "baseline": {}}
    )
    compute(functions_of(load_module(file), [FunctionMetric("mine", name)]), batch, result, str(file))
    return result


def test_a_function_sees_the_rows_of_each_slice(tmp_path: Path) -> None:
    """Of both models, with weights of 1 where there are none."""
    found = computed(tmp_path, "profit")
    assert found.values["candidate"]["mine"] == [8.0, 6.0, 2.0]
    assert found.value("mine", (), "baseline") == 10 - 4 + 10 - 4 - 4 + 0
    weighted = computed(tmp_path, "profit", np.array([2.0, 1, 1, 1, 0]))
    assert weighted.values["candidate"]["mine"] == [8.0, 12.0, -4.0]


def test_not_a_number_is_undefined(tmp_path: Path) -> None:
    """Further arguments may have defaults."""
    found = computed(tmp_path, "share").values["candidate"]["mine"]
    assert found[0] == 0.6
    assert np.isnan(found[1:]).all()


def test_what_a_function_raises_begins_with_its_own_line(tmp_path: Path) -> None:
    """And names the slice."""
    with pytest.raises(UserCodeError, match=r"mine on all rows raised AttributeError") as raised:
        computed(tmp_path, "broken")
    frame = raised.value.facts["frames"][0]
    assert (frame["function"], frame["code"]) == ("broken", "return labels.no_such_thing")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("words", "mine on all rows is 'many', not a number"),
        ("rows", r"rows does not take \(labels, predictions, weights\)"),
        ("profits", "no function 'profits'"),
    ],
)
def test_what_is_no_metric_is_named(tmp_path: Path, name: str, message: str) -> None:
    """With the file."""
    with pytest.raises(UsageError, match=message) as raised:
        computed(tmp_path, name)
    assert raised.value.facts["path"].endswith("metrics.py")


def test_a_function_needs_a_module_file() -> None:
    """Which is said before anything runs."""
    with pytest.raises(GraphError, match="'profit' is to be found in a module file"):
        check_parameters({"metrics": [MetricItem(function="profit")]})
    check_parameters({"metrics": [MetricItem(function="profit")], "module_file": "metrics.py"})
    for wrong in ({"class_name": "A", "function": "b"}, {}, {"function": "b", "config": {"c": 1}}):
        with pytest.raises(ValueError, match="a metric is given by|config is for"):
            MetricItem(**wrong)
