"""Regression, several classes and several labels: against scikit-learn's definitions written out, and in any order."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from penstock.errors import DataError, GraphError
from penstock.evaluation.accumulator import Layout
from penstock.evaluation.evaluate import tabulated
from penstock.evaluation.metrics import layout_for, named
from penstock.evaluation.names import check_parameters
from penstock.evaluation.resampling.options import ConfidenceIntervals
from penstock.evaluation.results import EvaluationResult
from penstock.evaluation.rows import EvaluationPlan, Rows, scored_batch
from penstock.evaluation.slices import parse
from penstock.evaluation.task_accumulator import TaskAccumulator
from penstock.evaluation.task_metrics import TASK_METRICS
from penstock.evaluation.task_names import TASK_NAMES, Task

ROWS = 300
CLASSES = ("a", "b", "c")


def no_model(path: str) -> Any:
    """Predictions are given here."""
    raise AssertionError(path)


def columns(task: Task, seed: int = 0) -> dict[str, Any]:
    """Rows with a label of the task, scores, weights and a feature to slice by."""
    rng = np.random.default_rng(seed)
    scores = rng.dirichlet(np.ones(3), ROWS)
    given: dict[str, Any] = {
        "regression": (rng.gamma(3, 2, ROWS), rng.gamma(3, 2, ROWS)),
        "multiclass": (np.array(CLASSES)[rng.integers(0, 3, ROWS)], scores),
        "multilabel": ([list(map(float, row)) for row in rng.random((ROWS, 3)) < 0.4], rng.random((ROWS, 3))),
    }
    label, prediction = given[task]
    return {"label": label, "prediction": prediction, "weight": rng.random(ROWS), "hour": rng.integers(0, 4, ROWS)}


def accumulated(task: Task, data: dict[str, Any], *, weighted: bool, parts: list[slice]) -> TaskAccumulator:
    """The sums over some runs of the rows."""
    classes = () if task == "regression" else CLASSES
    layout = layout_for(named(TASK_NAMES[task], task).values(), ("candidate",), task, len(classes))
    specs, weight = tuple(parse([[], ["hour"]])), "weight" if weighted else None
    plan = EvaluationPlan(layout, ("",), no_model, specs, "label", weight=weight, classes=classes)
    batch = pa.record_batch({name: pa.array(data[name]) for name in ("label", "weight", "hour")})
    accumulator = TaskAccumulator(layout)
    for part in parts:
        rows = batch.slice(part.start, part.stop - part.start)
        accumulator.add(scored_batch(plan, Rows.of(plan, rows, [data["prediction"][part]])))
    return accumulator


def result(task: Task, data: dict[str, Any], *, weighted: bool = False) -> EvaluationResult:
    """Every metric of the task."""
    parts = [slice(start, min(start + 70, ROWS)) for start in range(0, ROWS, 70)]
    accumulator = accumulated(task, data, weighted=weighted, parts=parts)
    return tabulated(accumulator, label="label", split="eval", metrics=sorted(TASK_NAMES[task]))


def test_the_names_that_are_checked_are_those_there_are() -> None:
    """In each task, aliases included."""
    assert {task: frozenset(metrics) for task, metrics in TASK_METRICS.items()} == TASK_NAMES


@pytest.mark.parametrize("weighted", [False, True])
def test_regression_errors(weighted: bool) -> None:
    """On the whole set and on a slice of it, by the formulas on the rows themselves."""
    data = columns("regression")
    found = result("regression", data, weighted=weighted)
    for key, rows in (((), slice(None)), ((("hour", 2),), data["hour"] == 2)):
        y, p = data["label"][rows], data["prediction"][rows]
        w = data["weight"][rows] if weighted else np.ones(len(y))

        def mean(values: Any, w: Any = w) -> float:
            return float(np.average(values, weights=w))

        expected = {
            "mae": mean(np.abs(y - p)),
            "rmse": mean((y - p) ** 2) ** 0.5,
            "mape": mean(100 * np.abs(y - p) / y),
            "msle": mean((np.log1p(y) - np.log1p(p)) ** 2),
            "r2": 1 - mean((y - p) ** 2) / mean((y - mean(y)) ** 2),
            "calibration": mean(p) / mean(y),
        }
        for name, value in expected.items():
            assert found.value(name, key) == pytest.approx(value, rel=1e-9), (name, key)


def test_accuracy_and_loss_of_several_classes() -> None:
    """With the label's name among the classes; of equal scores the first class wins."""
    data = columns("multiclass")
    index = np.searchsorted(CLASSES, data["label"])
    found = result("multiclass", data)
    assert found.value("accuracy") == (data["prediction"].argmax(axis=1) == index).mean()
    assert found.value("top_3_accuracy") == 1.0
    entropy = -np.log(data["prediction"][np.arange(ROWS), index]).mean()
    assert found.value("categorical_crossentropy") == pytest.approx(entropy)
    assert found.interval("accuracy") is not None
    data["prediction"] = np.full((ROWS, 3), 1 / 3)
    assert result("multiclass", data).value("accuracy") == (index == 0).mean()


@pytest.mark.parametrize("task", ["multiclass", "multilabel"])
def test_averages_over_the_classes(task: Task) -> None:
    """Pooled, alike, and by the weight of the labels."""
    data = columns(task)
    found = result(task, data)
    truth = np.array(data["label"].tolist() if task == "multiclass" else data["label"])
    truth = np.eye(3)[np.searchsorted(CLASSES, truth)] if task == "multiclass" else truth
    above = data["prediction"] > 0.5
    right = (truth * above).sum(axis=0)
    recalls = right / truth.sum(axis=0)
    assert found.value("recall") == pytest.approx(right.sum() / truth.sum())
    assert found.value("recall_macro") == pytest.approx(recalls.mean())
    assert found.value("recall_weighted") == pytest.approx(np.average(recalls, weights=truth.sum(axis=0)))
    if task == "multilabel":
        assert found.value("hamming_loss") == pytest.approx((above != truth).mean())
        assert found.value("exact_match") == pytest.approx((above == truth).all(axis=1).mean())


@pytest.mark.parametrize("task", TASK_NAMES)
def test_sums_merge_in_any_order(task: Task) -> None:
    """To the same metrics, up to the rounding of sums."""
    data = columns(task)
    whole = result(task, data)
    late = accumulated(task, data, weighted=False, parts=[slice(200, ROWS)])
    late.merge(accumulated(task, data, weighted=False, parts=[slice(0, 90), slice(90, 200)]))
    merged = tabulated(late, label="label", split="eval", metrics=sorted(TASK_NAMES[task]))
    assert merged.slices == whole.slices
    for name in whole.metrics:
        np.testing.assert_allclose(merged.values["candidate"][name], whole.values["candidate"][name], rtol=1e-9)


def test_a_score_that_is_not_finite_makes_its_slices_undefined() -> None:
    """Not those of other rows, nor the counts."""
    data = columns("regression")
    data["prediction"][0] = np.inf
    found = result("regression", data)
    assert np.isnan(found.value("mae"))
    assert found.value("example_count") == ROWS
    others = [key for key in found.slices if key and key != (("hour", int(data["hour"][0])),)]
    assert all(np.isfinite(found.value("mae", key)) for key in others)


@pytest.mark.parametrize(
    ("task", "change", "message"),
    [
        ("multiclass", {"label": ["z"] * ROWS}, "none of the classes: 70 rows, the first is 'z'"),
        ("multiclass", {"prediction": np.ones((ROWS, 2))}, "wants 3 scores a row, and there are 2"),
        ("multilabel", {"label": [[1.0, 0.0]] * ROWS}, "must be a list of 3 numbers"),
        ("multilabel", {"label": [[1.0], [1.0, 0.0]] * (ROWS // 2)}, "lists of different lengths"),
        ("regression", {"label": [float("inf")] * ROWS}, "must be finite"),
        ("regression", {"prediction": np.ones((ROWS, 2))}, "wants 1 score a row"),
    ],
)
def test_what_does_not_fit_the_task_is_named(task: Task, change: dict[str, Any], message: str) -> None:
    """With the column, the number of rows and what was expected."""
    with pytest.raises(DataError, match=message):
        result(task, {**columns(task), **change})


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"task": "regression", "metrics": ["auc"]}, "no metric 'auc'"),
        ({"task": "multiclass"}, "classes are not named"),
        (
            {"task": "regression", "confidence_intervals": ConfidenceIntervals("jackknife")},
            "jackknife are found for binary models only",
        ),
        ({"classes": ["a"]}, "classes are named"),
    ],
)
def test_parameters_fit_the_task(parameters: dict[str, Any], message: str) -> None:
    """Before anything runs."""
    with pytest.raises(GraphError, match=message):
        check_parameters(parameters)


def test_a_layout_is_binary_unless_it_says_so() -> None:
    """So that nothing changes for those who never heard of tasks."""
    assert (Layout().task, Layout().classes) == ("binary", 0)
