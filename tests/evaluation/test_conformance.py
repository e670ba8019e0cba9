"""The vectorised engine held against TFMA itself, on the same predictions."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pytest

from penstock.evaluation import tfma_format
from penstock.evaluation.accumulator import Accumulator, Layout
from penstock.evaluation.evaluate import tabulated
from penstock.evaluation.fairness.groups import group_sets
from penstock.evaluation.fairness.options import Fairness
from penstock.evaluation.fairness.results import FairnessResult
from penstock.evaluation.metrics import METRICS, layout_for, named
from penstock.evaluation.resampling.options import ConfidenceIntervals
from penstock.evaluation.resampling.resample import resample
from penstock.evaluation.results import EvaluationResult
from penstock.evaluation.rows import EvaluationPlan, Rows, scored_batch
from penstock.evaluation.slices import SliceValue, parse
from penstock.evaluation.thresholds import Threshold, judge

pytestmark = [
    pytest.mark.conformance,
    # TFMA divides by empty bins, and reads records and builds Beam pipelines in ways that both now warn of.
    pytest.mark.filterwarnings("ignore"),
]

SLICES: list[SliceValue] = [[], ["hour"], ["hour", "pay"], {"pay": "Cash"}]
NAMES = sorted({metric.name for metric in METRICS.values()})

# TFMA gives these 0 where one class only occurs; there they are undefined.
AREAS = ("auc", "auc_precision_recall")


def no_model(path: str) -> Any:
    """Predictions are given here."""
    raise AssertionError(path)


def data(seed: int, scores: str) -> dict[str, npt.NDArray[Any]]:
    """Rows of one of several kinds of scores: spread, clustered in few values, at the edges of the bins."""
    rng = np.random.default_rng(seed)
    rows = 400
    spread = rng.random(rows)
    prediction = {
        "spread": spread,
        "clustered": np.round(spread, 1),
        "edges": rng.choice([0.0, 0.0001, 0.0002, 0.49999, 0.5, 0.50001, 0.999, 0.9991, 0.9999, 0.99995], rows),
        "near_one": 1 - spread / 500,
    }[scores]
    return {
        "label": (rng.random(rows) < 0.2 + 0.5 * spread).astype(np.float64),
        "prediction": prediction.astype(np.float32),
        "hour": rng.integers(0, 8, rows),
        "pay": rng.choice(["Cash", "Card", "Übertrag"], rows),
        "weight": rng.random(rows).astype(np.float32),
    }


def ours(
    columns: dict[str, npt.NDArray[Any]],
    weight: str | None,
    models: tuple[str, ...] = ("candidate",),
    slices: list[SliceValue] = SLICES,
) -> EvaluationResult:
    """The table of every metric; a second model's scores are the first one's, squared."""
    layout = layout_for(named(NAMES).values(), models)
    plan = EvaluationPlan(layout, models, no_model, tuple(parse(slices)), "label", weight=weight)
    batch = pa.record_batch({name: pa.array(column) for name, column in columns.items()})
    prediction = columns["prediction"].astype(np.float64)
    accumulator = Accumulator(layout)
    step = batch.num_rows // 3 + 1
    for start in range(0, batch.num_rows, step):
        rows = slice(start, start + step)
        given = [prediction[rows], prediction[rows] ** 2][: len(models)]
        accumulator.add(scored_batch(plan, Rows.of(plan, batch.slice(start, step), given)))
    return tabulated(accumulator, label="label", split="eval", metrics=NAMES)


def theirs(
    columns: dict[str, npt.NDArray[Any]], weight: str | None, slices: list[SliceValue] = SLICES
) -> dict[tuple[Any, ...], dict[str, float]]:
    """TFMA's table of one model: by slice key, by metric."""
    return theirs_of(columns, {"": ("prediction", weight)}, slices)[""]


def theirs_of(
    columns: dict[str, npt.NDArray[Any]], models: dict[str, tuple[str, str | None]], slices: list[SliceValue] = SLICES
) -> dict[str, dict[tuple[Any, ...], dict[str, float]]]:
    """TFMA's tables of several models in one run of it: by model, whose columns of predictions and weights are given.

    A run of TFMA takes seconds, however little there is to compute: the same model may stand twice, with and without
    weights.
    """
    import tempfile

    import pandas as pd  # type: ignore[import-untyped]  # its stubs are a package of their own
    import tensorflow_model_analysis as tfma
    from tensorflow_model_analysis.proto import config_pb2 as config

    metrics = [
        config.MetricConfig(class_name=metric.tfma_class, config=json.dumps({"name": name}))
        for name, metric in named(NAMES).items()
    ]
    weighted = [[name for name, (_, weight) in models.items() if (weight is not None) is one] for one in (True, False)]
    eval_config = config.EvalConfig(
        model_specs=[
            config.ModelSpec(name=name, label_key="label", prediction_key=prediction, example_weight_key=weight or "")
            for name, (prediction, weight) in models.items()
        ],
        metrics_specs=[
            config.MetricsSpec(metrics=metrics, model_names=names if len(models) > 1 else [])
            for names in weighted
            if names
        ],
        slicing_specs=[
            config.SlicingSpec(feature_keys=spec.features, feature_values={name: str(one) for name, one in spec.values})
            for spec in parse(slices)
        ],
    )
    frame = pd.DataFrame({name: column.tolist() for name, column in columns.items()})
    for prediction, _ in models.values():
        frame[prediction] = columns[prediction]
    with tempfile.TemporaryDirectory() as directory:
        tfma.analyze_raw_data(frame, eval_config, output_path=directory)
        return {name: by_slice(tfma.load_eval_result(directory, model_name=name or None)) for name in models}


def by_slice(result: Any) -> dict[tuple[Any, ...], dict[str, float]]:
    """A result of TFMA's as plain numbers."""
    return {
        key: {name: number(value) for name, value in metrics[""][""].items()} for key, metrics in result.slicing_metrics
    }


def number(value: dict[str, Any]) -> float:
    """A metric's value, with or without an interval around it."""
    if "boundedValue" in value:
        return float(value["boundedValue"].get("value", 0.0))
    return float(value["doubleValue"]) if value.get("doubleValue") is not None else math.nan


@pytest.mark.parametrize(("seed", "scores"), [(0, "spread"), (1, "clustered"), (2, "edges"), (3, "near_one")])
def test_every_metric_equals_tfmas(seed: int, scores: str) -> None:
    """On every slice to 1e-6, areas under curves at the same thresholds; but undefined ones, and weighted counts."""
    columns = data(seed, scores)
    reference = theirs_of(columns, {"plain": ("prediction", None), "weighted": ("prediction", "weight")})
    for name, weight in (("plain", None), ("weighted", "weight")):
        mine = ours(columns, weight)
        assert compared(mine, reference[name], weight, extreme=scores in ("clustered", "edges")) > 600


def compared(
    mine: EvaluationResult, reference: dict[tuple[Any, ...], dict[str, float]], weight: str | None, *, extreme: bool
) -> int:
    """Holds every metric of every slice against TFMA's; ``extreme`` if predictions of exactly 0 and 1 occur."""
    assert set(mine.slices) == set(reference)
    found = 0
    for key in mine.slices:
        for name in NAMES:
            if name == "example_count" and weight is not None:
                continue  # TFMA gives the weight under this name; here it is the number of rows
            value, expected = mine.value(name, key), reference[key][name]
            if name in AREAS and math.isnan(value):
                two_classes = 0 < mine.value("mean_label", key) < 1  # not a number where nothing weighs anything
                assert not two_classes, (name, key)
                assert expected == 0, (name, key)
                continue
            weighs = mine.value("weighted_example_count", key) > 0
            if name == "binary_crossentropy" and math.isnan(expected) and weighs:
                # Where a prediction is exactly 0 or 1: TFMA takes 0 log 0 for no number.
                assert extreme, (name, key)
                assert not math.isnan(value), (name, key)
                continue
            assert value == pytest.approx(expected, rel=1e-6, abs=1e-6, nan_ok=True), (name, key)
            found += 1
    return found


def test_tfma_reads_what_is_written(tmp_path: Path) -> None:
    """Keys with their types, values, intervals, the change of a candidate, the configuration, and the validation."""
    import tensorflow_model_analysis as tfma

    columns = data(4, "spread")
    result = ours(columns, None, ("candidate", "baseline"))
    thresholds = [Threshold("auc", min=0.9), Threshold("recall", max_drop=0.01, slices=(["hour"],))]
    result.verdicts.extend(judge(thresholds, result))
    tfma_format.write(
        tmp_path,
        result,
        named(NAMES),
        parse(SLICES),
        thresholds,
        data="here",
        models={"candidate": "a", "baseline": "b"},
    )

    for model in ("candidate", "baseline"):
        loaded = tfma.load_eval_result(str(tmp_path), model_name=model)
        found = by_slice(loaded)
        assert set(found) == set(result.slices)
        for key in result.slices:
            for name in NAMES:
                assert found[key][name] == pytest.approx(result.value(name, key, model), nan_ok=True), (
                    model,
                    key,
                    name,
                )
    candidate = by_slice(tfma.load_eval_result(str(tmp_path), model_name="candidate"))[()]
    assert candidate["recall_diff"] == pytest.approx(result.value("recall") - result.value("recall", (), "baseline"))
    assert [spec.name for spec in loaded.config.model_specs] == ["candidate", "baseline"]
    assert loaded.config.model_specs[1].is_baseline
    assert loaded.data_location == "here"

    validation = tfma.load_validation_result(str(tmp_path))
    assert not validation.validation_ok
    failed = [verdict for verdict in result.verdicts if verdict.outcome == "fail"]
    assert sum(len(one.failures) for one in validation.metric_validations_per_slice) == len(failed) > 0
    assert [one.num_matching_slices for one in validation.validation_details.slicing_details] == [1, 8]


def test_tfma_would_compute_the_configuration_that_is_written(tmp_path: Path) -> None:
    """Its own engine takes our eval_config.json and comes to the same numbers and the same verdict."""
    import pandas as pd
    import tensorflow_model_analysis as tfma

    columns = data(5, "spread")
    result = ours(columns, None)
    thresholds = [Threshold("auc", min=0.5), Threshold("recall", min=0.99, slices=(["hour"],))]
    result.verdicts.extend(judge(thresholds, result))
    tfma_format.write(tmp_path / "ours", result, named(NAMES), parse(SLICES), thresholds)
    config = tfma.load_eval_result(str(tmp_path / "ours")).config
    config.model_specs[0].prediction_key = "prediction"
    config.model_specs[0].ClearField("signature_name")
    frame = pd.DataFrame({name: column.tolist() for name, column in columns.items()})
    tfma.analyze_raw_data(frame, config, output_path=str(tmp_path / "theirs"))
    mine, reference = (tfma.load_validation_result(str(tmp_path / one)) for one in ("ours", "theirs"))
    assert mine.validation_ok == reference.validation_ok
    failures = [
        {
            (str(one.slice_key), failure.metric_key.name)
            for one in validation.metric_validations_per_slice
            for failure in one.failures
        }
        for validation in (mine, reference)
    ]
    assert failures[0] == failures[1]
    assert failures[0]


@pytest.mark.parametrize("method", ["poisson_bootstrap", "jackknife"])
def test_tfma_reads_resampled_intervals(tmp_path: Path, method: Literal["poisson_bootstrap", "jackknife"]) -> None:
    """With their errors and degrees of freedom, as its own; its jackknife comes to errors of the same size."""
    import pandas as pd
    import tensorflow_model_analysis as tfma
    from tensorflow_model_analysis.proto import config_pb2 as config

    columns = data(6, "spread")
    names = ["auc", "binary_accuracy", "calibration", "example_count"]
    result = ours(columns, None)
    found = named(names)
    layout = layout_for(found.values(), ("candidate",))
    plan = EvaluationPlan(layout, ("candidate",), no_model, tuple(parse(SLICES)), "label")
    batch = pa.record_batch({name: pa.array(column) for name, column in columns.items()})
    rows = Rows.of(plan, batch, [columns["prediction"].astype(np.float64)])
    resample(scored_batch(plan, rows), layout, found, ConfidenceIntervals(method)).put(result)
    tfma_format.write(tmp_path / "ours", result, found, parse(SLICES), [])
    loaded = tfma.load_eval_result(str(tmp_path / "ours"))
    assert loaded.config.options.confidence_intervals.method == getattr(
        config.ConfidenceIntervalOptions, method.upper()
    )
    mine = dict(loaded.slicing_metrics)[()][""][""]
    low, high = result.interval("auc") or (0.0, 0.0)
    assert mine["auc"]["boundedValue"]["lowerBound"] == pytest.approx(low)
    assert mine["auc"]["boundedValue"]["upperBound"] == pytest.approx(high)
    assert "boundedValue" not in mine["example_count"]
    if method == "poisson_bootstrap":
        return  # TFMA runs a pipeline for each of its samples
    theirs_config = loaded.config
    theirs_config.model_specs[0].prediction_key = "prediction"
    theirs_config.model_specs[0].ClearField("signature_name")
    frame = pd.DataFrame({name: column.tolist() for name, column in columns.items()})
    reference = dict(tfma.analyze_raw_data(frame, theirs_config).slicing_metrics)[()][""][""]
    for name in ("auc", "binary_accuracy", "calibration"):
        width, expected = (
            one[name]["boundedValue"]["upperBound"] - one[name]["boundedValue"]["lowerBound"]
            for one in (mine, reference)
        )
        # The error of either has 19 degrees of freedom: a ratio beyond 2.6 happens once in 25,000.
        assert 1 / 2.6 < width / expected < 2.6, name


@pytest.mark.parametrize("weight", [None, "weight"])
def test_rates_of_groups_equal_tfmas(tmp_path: Path, weight: str | None) -> None:
    """At two thresholds, and TFMA reads them under the names of its fairness indicators."""
    import pandas as pd
    import tensorflow_model_analysis as tfma
    from tensorflow_model_analysis.proto import config_pb2 as config

    classes = {
        "false_negative_rate": "FNR",
        "false_positive_rate": "FPR",
        "true_positive_rate": "TPR",
        "true_negative_rate": "TNR",
        "positive_rate": "PredictedPositiveRate",
        "false_discovery_rate": "FalseDiscoveryRate",
        "false_omission_rate": "FalseOmissionRate",
    }
    thresholds = (0.25, 0.5)
    columns = data(7, "spread")
    fairness = Fairness((["pay"],), thresholds)
    plan = EvaluationPlan(Layout(), ("candidate",), no_model, tuple(parse(fairness.groups)), "label", weight=weight)
    batch = pa.record_batch({name: pa.array(column) for name, column in columns.items()})
    rows = scored_batch(plan, Rows.of(plan, batch, [columns["prediction"].astype(np.float64)]))
    found = FairnessResult(list(thresholds), group_sets(rows, parse(fairness.groups), fairness))
    found.write(tmp_path)
    result = ours(columns, weight)
    slices = [key for key in result.slices if key == () or dict(key).keys() == {"pay"}]
    tfma_format.write(tmp_path, result, named(NAMES), parse(SLICES), [], weight=weight, fairness=found)
    loaded = by_slice(tfma.load_eval_result(str(tmp_path)))

    metrics = [
        config.MetricConfig(class_name=kind, config=json.dumps({"name": f"{name}@{at}", "thresholds": at}))
        for name, kind in classes.items()
        for at in thresholds
    ]
    eval_config = config.EvalConfig(
        model_specs=[config.ModelSpec(label_key="label", prediction_key="prediction", example_weight_key=weight or "")],
        metrics_specs=[config.MetricsSpec(metrics=metrics)],
        slicing_specs=[config.SlicingSpec(feature_keys=["pay"])],
    )
    frame = pd.DataFrame({name: column.tolist() for name, column in columns.items()})
    frame["prediction"] = columns["prediction"]
    reference = by_slice(tfma.analyze_raw_data(frame, eval_config))
    compared = 0
    for group in found.sets[0].groups:
        for name in classes:
            for at in thresholds:
                expected = pytest.approx(reference[group.key][f"{name}@{at}"], abs=1e-6)
                assert group.rates[f"{name}@{at}"].value == expected, (name, at)
                if group.key in slices:
                    assert loaded[group.key][f"fairness_indicators_metrics/{name}@{at:.2f}"] == expected
                    compared += 1
    assert compared >= 14
