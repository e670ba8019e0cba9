"""TFMA reads the plots that we write, and would have computed the same."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from penstock.evaluation.task_names import Task
from tests.evaluation.test_conformance import data as binary_rows
from tests.evaluation.test_task_plots import evaluated
from tests.evaluation.test_tasks import CLASSES, columns

pytestmark = [
    pytest.mark.conformance,
    # TFMA divides by empty bins, and reads records and builds Beam pipelines in ways that both now warn of.
    pytest.mark.filterwarnings("ignore"),
]


HUNDREDTHS = [at / 100 for at in range(1, 100)]


def theirs(directory: Path, task: Task, data: dict[str, Any], metrics: list[tuple[str, dict[str, Any]]]) -> Any:
    """TFMA's own plots, by slice."""
    import pandas as pd  # type: ignore[import-untyped]  # its stubs are a package of their own
    import tensorflow_model_analysis as tfma
    from tensorflow_model_analysis.proto import config_pb2 as protos

    spec = protos.MetricsSpec(
        metrics=[protos.MetricConfig(class_name=name, config=json.dumps(config)) for name, config in metrics]
    )
    curves = protos.MetricsSpec(binarize=protos.BinarizationOptions(class_ids={"values": range(len(CLASSES))}))
    # Not ConfusionMatrixPlot, whose matrices are of buckets: these are of each row.
    at = {"name": "at_hundredths", "thresholds": HUNDREDTHS}
    for one in {"binary": [spec], "multiclass": [curves]}.get(task, []):
        one.metrics.add(class_name="ConfusionMatrixAtThresholds", config=json.dumps(at))
    config = protos.EvalConfig(
        model_specs=[protos.ModelSpec(label_key="label", prediction_key="prediction", example_weight_key="weight")],
        metrics_specs=[spec, curves] if task == "multiclass" else [spec],
        slicing_specs=[protos.SlicingSpec(), protos.SlicingSpec(feature_keys=["hour"])],
    )
    frame = pd.DataFrame({"hour": data["hour"].tolist(), "weight": data["weight"].tolist()})
    frame["label"] = np.searchsorted(CLASSES, data["label"]) if task == "multiclass" else data["label"]
    frame["prediction"] = list(data["prediction"])
    result = tfma.analyze_raw_data(frame, config, output_path=str(directory))
    found = read(directory)
    for key, outputs in result.slicing_metrics:
        found[key].update({(name, "metrics"): metrics for name, metrics in (outputs or {"": {}})[""].items()})
    return found


def read(directory: Path) -> Any:
    """What `tfma.load_plots` and `load_eval_result` read: by slice, by class, by kind of plot."""
    import tensorflow_model_analysis as tfma

    assert list(tfma.load_plots(str(directory)))
    return {key: outputs[""] for key, outputs in tfma.load_eval_result(str(directory)).plots}


def matrices(found: Any) -> Any:
    """Confusion matrices by threshold."""
    return {
        round(one.get("threshold", 0.0), 2): [
            one.get(name, 0.0) for name in ("truePositives", "falsePositives", "falseNegatives", "trueNegatives")
        ]
        for one in found["confusionMatrixAtThresholds"]["matrices"]
    }


def hold(mine: Any, reference: Any, key: Any) -> None:
    """Matrices at every hundredth are TFMA's."""
    ours, expected = matrices(mine), matrices(reference["at_hundredths"])
    assert len(expected) == len(HUNDREDTHS)
    for at, cells in expected.items():
        assert ours[at] == pytest.approx(cells, abs=1e-5), (key, at)


def buckets(found: Any) -> Any:
    """Calibration: weight, label and prediction by lower bound, those of no weight left out."""
    names = ("numWeightedExamples", "totalWeightedLabel", "totalWeightedRefinedPrediction")
    return {
        round(float(one.get("lowerThresholdInclusive", 0.0)), 6): [one.get(name, 0.0) for name in names]
        for one in found["calibrationHistogramBuckets"]["buckets"]
        if one.get("numWeightedExamples")
    }


def test_binary_plots_equal_tfmas(tmp_path: Path) -> None:
    """Confusion matrices at every hundredth, and calibration."""
    data = {name: column for name, column in binary_rows(8, "spread").items() if name != "pay"}
    evaluated(tmp_path, "binary", data)
    mine = read(tmp_path / "evaluation")
    plot = ("CalibrationPlot", {"num_buckets": 100, "left": 0.0, "right": 1.0})
    reference = theirs(tmp_path / "theirs", "binary", data, [plot])
    assert set(mine) == set(reference)
    for key, found in reference.items():
        hold(mine[key][""], found["", "metrics"], key)
        ours, expected = buckets(mine[key][""]), buckets(found[""])
        assert ours.keys() == expected.keys()
        for low, sums in expected.items():
            assert ours[low] == pytest.approx(sums, abs=1e-3), (key, low)


def test_plots_of_classes_equal_tfmas(tmp_path: Path) -> None:
    """The matrix of actual and predicted class, and each class's curve against the rest."""
    data = columns("multiclass")
    data["prediction"] = data["prediction"].astype(np.float32)
    evaluated(tmp_path, "multiclass", data)
    mine = read(tmp_path / "evaluation")
    reference = theirs(tmp_path / "theirs", "multiclass", data, [("MultiClassConfusionMatrixPlot", {})])
    assert set(mine) == set(reference)
    for key, found in reference.items():
        (ours,), (expected,) = (
            one[""]["multiClassConfusionMatrixAtThresholds"]["matrices"] for one in (mine[key], found)
        )
        cells = [
            {
                (entry.get("actualClassId", 0), entry.get("predictedClassId", 0)): entry["numWeightedExamples"]
                for entry in one["entries"]
            }
            for one in (ours, expected)
        ]
        assert cells[0] == pytest.approx(cells[1], abs=1e-5)
        for number in range(len(CLASSES)):
            name = f"classId:{number}"
            hold(mine[key][name], found[name, "metrics"], key)


def test_calibration_of_a_regression_equals_tfmas(tmp_path: Path) -> None:
    """In the same buckets, from which TFMA draws its residuals."""
    data = columns("regression")
    data["prediction"] = data["prediction"].astype(np.float32)
    evaluated(tmp_path, "regression", data)
    mine = read(tmp_path / "evaluation")
    bounds = mine[()][""]["calibrationHistogramBuckets"]["buckets"]
    inner = [one["lowerThresholdInclusive"] for one in bounds[1:]]
    left, right = inner[0], inner[-1]
    plot = {"num_buckets": len(bounds) - 2, "left": left, "right": right}
    reference = theirs(tmp_path / "theirs", "regression", data, [("CalibrationPlot", plot)])
    assert set(mine) == set(reference)
    for key, found in reference.items():
        ours, expected = buckets(mine[key][""]), buckets(found[""])
        assert [*ours.values()] == [pytest.approx(sums, rel=1e-5) for sums in expected.values()], key
