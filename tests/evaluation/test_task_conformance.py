"""Regression, several classes and several labels held against TFMA."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from penstock.evaluation.task_metrics import TASK_METRICS
from penstock.evaluation.task_names import BY_CLASS, Task
from tests.evaluation.test_tasks import CLASSES, columns, result

pytestmark = [
    pytest.mark.conformance,
    # TFMA divides by empty bins, and builds Beam pipelines in ways that Beam warns of.
    pytest.mark.filterwarnings("ignore"),
]

# TFMA calls a mean over the classes by the metric's own name, under a key that says how it was averaged.
AVERAGES = {"": {}, "_macro": {"macro_average": True}, "_weighted": {"weighted_macro_average": True}}
OF_ALL = {
    "regression": [
        "mean_absolute_error",
        "mean_squared_error",
        "mean_absolute_percentage_error",
        "mean_squared_logarithmic_error",
        "squared_pearson_correlation",
        "calibration",
        "mean_label",
        "mean_prediction",
    ],
    # Not categorical_crossentropy: TFMA's divides the scores in place, which NumPy's arrays here do not let it do.
    "multiclass": [],
    "multilabel": [],
}


def theirs(task: Task, data: dict[str, Any], *, weighted: bool) -> dict[tuple[Any, ...], dict[str, float]]:
    """TFMA's table: by slice key, by our name of the metric."""
    import pandas as pd  # type: ignore[import-untyped]  # its stubs are a package of their own
    import tensorflow_model_analysis as tfma
    from tensorflow_model_analysis.proto import config_pb2 as protos

    def config(names: list[str]) -> list[Any]:
        known = TASK_METRICS[task]
        return [
            protos.MetricConfig(class_name=known[one].tfma_class, config=json.dumps({"name": one})) for one in names
        ]

    specs = [protos.MetricsSpec(metrics=config(OF_ALL[task]))] if OF_ALL[task] else []
    if task != "regression":
        for end, options in AVERAGES.items():
            spec = protos.MetricsSpec(metrics=config([f"{name}{end}" for name in BY_CLASS]))
            if options:
                spec.aggregate.MergeFrom(protos.AggregationOptions(**options))
                spec.aggregate.class_weights.update(dict.fromkeys(range(len(CLASSES)), 1.0))
            specs.append(spec)
    eval_config = protos.EvalConfig(
        model_specs=[
            protos.ModelSpec(
                label_key="label", prediction_key="prediction", example_weight_key="weight" if weighted else ""
            )
        ],
        metrics_specs=specs,
        slicing_specs=[protos.SlicingSpec(), protos.SlicingSpec(feature_keys=["hour"])],
    )
    label = data["label"]
    if task == "multiclass":
        label = np.searchsorted(CLASSES, label)
    frame = pd.DataFrame({"hour": data["hour"].tolist(), "weight": data["weight"].tolist(), "label": list(label)})
    frame["prediction"] = list(data["prediction"])
    found: dict[tuple[Any, ...], dict[str, float]] = {}
    for key, outputs in tfma.analyze_raw_data(frame, eval_config).slicing_metrics:
        values = found.setdefault(key, {})
        for sub_key, metrics in outputs[""].items():
            if "classId" in str(sub_key):
                continue
            for name, value in metrics.items():
                # A mean's name begins with how it was averaged, on a line of its own.
                values[name.rpartition("\n_")[2]] = float(value.get("doubleValue", np.nan))
    return found


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("task", ["regression", "multiclass", "multilabel"])
def test_every_metric_that_tfma_has_equals_its(task: Task, weighted: bool) -> None:
    """On the whole set and on slices, to 1e-6."""
    data = columns(task)
    mine, reference = result(task, data, weighted=weighted), theirs(task, data, weighted=weighted)
    assert set(mine.slices) == set(reference)
    compared = set()
    for key in mine.slices:
        for name, expected in reference[key].items():
            assert mine.value(name, key) == pytest.approx(expected, rel=1e-6, abs=1e-6, nan_ok=True), (name, key)
            compared.add(name)
    averaged = [] if task == "regression" else [f"{name}{end}" for name in BY_CLASS for end in AVERAGES]
    assert compared == {*OF_ALL[task], *averaged}
