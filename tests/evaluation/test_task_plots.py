"""Plots of regressions, several classes and several labels, against the rows themselves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from penstock.artifacts import Examples, ModelEvaluation
from penstock.data.examples import write_split
from penstock.errors import DataError, UsageError
from penstock.evaluation import tfma_format
from penstock.evaluation.evaluate import prepare
from penstock.evaluation.given import Given
from penstock.evaluation.plots import load_plots
from penstock.evaluation.results import EvaluationResult
from penstock.evaluation.slices import SliceValue
from penstock.evaluation.task_names import Task
from penstock.evaluation.task_plots import RESIDUALS, VALUES, load_task_plots
from penstock.evaluation.tfma_protos import metrics_for_slice_pb2
from penstock.views.evaluation import make as evaluation_view
from tests.evaluation.test_tasks import CLASSES, columns

SLICES: list[SliceValue] = [[], ["hour"], {"hour": 1}]
METRICS = {
    "binary": ["auc"],
    "regression": ["mae"],
    "multiclass": ["accuracy"],
    "multilabel": ["exact_match"],
}


def evaluated(directory: Path, task: Task, data: dict[str, Any]) -> EvaluationResult:
    """An evaluation of given predictions, weighted, with TFMA's files."""
    import apache_beam as beam

    table = pa.table({name: pa.array([*map(_value, column)]) for name, column in data.items()})
    examples = Examples(str(directory / "examples"))
    examples.splits = ["eval"]
    write_split(examples, "eval", table.to_batches(table.num_rows // 2 + 1), table.schema)
    prepared = prepare(
        examples,
        {"candidate": ""},
        load=str,
        label="label",
        transformed_label=False,
        slices=SLICES,
        metrics=METRICS[task],
        thresholds=[],
        split="eval",
        weight="weight",
        given=Given(prediction="prediction"),
        task=task,
        classes=CLASSES if task.startswith("multi") else (),
    )
    out = directory / "evaluation"
    result = prepared.run(lambda: beam.Pipeline(runner="FnApiRunner"), out)
    tfma_format.write(out, result, prepared.metrics, prepared.slices, [], weight="weight")
    return result


def _value(one: Any) -> Any:
    return one.tolist() if hasattr(one, "tolist") else one


def first_message(directory: Path) -> Any:
    """What TFMA's file holds of the whole set."""
    record = (directory / "evaluation" / "plots-00000-of-00001.tfrecord").read_bytes()
    length = int.from_bytes(record[:8], "little")
    return metrics_for_slice_pb2().PlotsForSlice.FromString(record[12 : 12 + length])


@pytest.mark.component
def test_residuals_and_predicted_against_actual_are_those_of_the_rows(tmp_path: Path) -> None:
    """Actual less predicted, by slice; what lies beyond the bounds is in the last bucket."""
    data = columns("regression")
    evaluated(tmp_path, "regression", data)
    evaluation = ModelEvaluation(str(tmp_path / "evaluation"))
    plots = load_task_plots(evaluation)
    label, prediction, weight = (np.array(data[name]) for name in ("label", "prediction", "weight"))
    for key, rows in (((), np.ones(len(label), bool)), ((("hour", 1),), data["hour"] == 1)):
        residuals = plots.numbers("residuals", key)
        edges = np.array(plots.edges["residual"])
        edges[[0, -1]] = -np.inf, np.inf
        found, _ = np.histogram((label - prediction)[rows], edges, weights=weight[rows])
        assert residuals == pytest.approx(found)
        assert len(residuals) == RESIDUALS
        edges = np.array(plots.edges["value"])
        edges[[0, -1]] = -np.inf, np.inf
        joint, *_ = np.histogram2d(prediction[rows], label[rows], [edges, edges], weights=weight[rows])
        assert plots.numbers("joint", key) == pytest.approx(joint)
        assert joint.shape == (VALUES, VALUES)
        sums = plots.numbers("predicted", key).sum(axis=1)
        assert sums == pytest.approx([(weight * one)[rows].sum() for one in (np.ones(len(label)), label, prediction)])
    (entry,) = first_message(tmp_path).plot_keys_and_values
    assert len(entry.value.calibration_histogram_buckets.buckets) == VALUES
    view = evaluation_view(evaluation, {})
    (table,) = (one for one in view.tables if one.title.startswith("Residuals"))
    assert sum(float(str(row[1])) for row in table.rows) == pytest.approx(weight.sum())
    assert view.model()["task_plots"]["names"][:2] == ["overall", "hour=0"]
    with pytest.raises(UsageError, match="no 'confusion' of 'overall'"):
        plots.numbers("confusion")
    with pytest.raises(DataError, match="no plots"):
        load_plots(evaluation)


@pytest.mark.component
def test_several_classes_have_a_matrix_and_curves_each(tmp_path: Path) -> None:
    """By actual and predicted class; each class's curve against the rest is that of a binary model."""
    data = columns("multiclass")
    evaluated(tmp_path, "multiclass", data)
    plots = load_task_plots(ModelEvaluation(str(tmp_path / "evaluation")))
    view = evaluation_view(ModelEvaluation(str(tmp_path / "evaluation")), {})
    label, weight = np.searchsorted(CLASSES, data["label"]), data["weight"]
    predicted = np.argmax(data["prediction"], axis=1)
    hour = data["hour"] == 1
    matrix = np.zeros((3, 3))
    np.add.at(matrix, (label[hour], predicted[hour]), weight[hour])
    assert plots.numbers("confusion", (("hour", 1),)) == pytest.approx(matrix)
    at = plots.of_class("b").at_thresholds((("hour", 1),))
    above = hour & (data["prediction"][:, 1] >= 0.3)
    assert at["tp"][30] == pytest.approx(weight[above & (label == 1)].sum())
    assert at["fp"][30] == pytest.approx(weight[above & (label != 1)].sum())
    (table,) = (one for one in view.tables if one.title.startswith("Confusion"))
    assert [*table.rows[0]][1:] == plots.numbers("confusion")[0].tolist()
    entries = first_message(tmp_path).plot_keys_and_values
    assert [entry.key.sub_key.class_id.value for entry in entries] == [0, 1, 2, 0]
    with pytest.raises(UsageError, match="no plots of a class 'd'"):
        plots.of_class("d")


@pytest.mark.component
def test_several_labels_have_curves_and_no_matrix(tmp_path: Path) -> None:
    """Rows have any number of them."""
    data = columns("multilabel")
    evaluated(tmp_path, "multilabel", data)
    plots = load_task_plots(ModelEvaluation(str(tmp_path / "evaluation")))
    at = plots.of_class("c").at_thresholds()
    assert at["tp"][0] == pytest.approx((np.array(data["label"])[:, 2] * data["weight"]).sum())
    with pytest.raises(UsageError, match="no 'confusion'"):
        plots.numbers("confusion")


@pytest.mark.component
def test_huge_and_missing_predictions_break_no_plot(tmp_path: Path) -> None:
    """Rows without a finite prediction count in none; others in the last bucket, however far off they are."""
    data = {name: column[:6] for name, column in columns("regression").items()}
    data["label"] = np.array([1e308, -1e308, 0.0, 1.0, 2.0, 3.0])
    data["prediction"] = np.array([-1e308, 1e308, 1.0, np.inf, -np.inf, 3.0])
    data["weight"] = np.ones(6)
    with np.errstate(over="ignore", invalid="ignore"):
        evaluated(tmp_path, "regression", data)
    plots = load_task_plots(ModelEvaluation(str(tmp_path / "evaluation")))
    residuals = plots.numbers("residuals")
    assert residuals.sum() == 4
    assert residuals[0] == residuals[-1] == 1


def test_a_binary_evaluation_has_other_plots(tmp_path: Path) -> None:
    """The error says which."""
    with pytest.raises(DataError, match="regression or of several classes"):
        load_task_plots(ModelEvaluation(str(tmp_path)))
