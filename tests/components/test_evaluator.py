"""The Evaluator on a real SavedModel: from examples on disk to a blessing."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pytest

from penstock.artifacts import Examples, Model, ModelBlessing, ModelEvaluation
from penstock.components.evaluator import Evaluator
from penstock.data.examples import write_split
from penstock.dsl.context import Context
from penstock.errors import DataError, UsageError
from penstock.evaluation.fairness.options import Counterfactual, Fairness
from penstock.evaluation.resampling.options import ConfidenceIntervals
from penstock.evaluation.results import EvaluationResult, load
from penstock.evaluation.thresholds import Threshold

pytestmark = pytest.mark.component

ROWS = 3000


@dataclass
class Evaluated:
    """What a run of the component left."""

    blessing: ModelBlessing
    evaluation: ModelEvaluation
    events: list[dict[str, Any]]

    @property
    def result(self) -> EvaluationResult:
        return load(self.evaluation)

    def said(self, kind: str) -> list[dict[str, Any]]:
        return [event for event in self.events if event["type"] == kind]


@dataclass
class Setting:
    """Examples and models to evaluate."""

    root: Path
    examples: Examples
    models: dict[str, Model] = field(default_factory=dict)

    def evaluate(
        self,
        model: str = "good",
        baseline: str | None = None,
        earlier: ModelEvaluation | None = None,
        **parameters: Any,
    ) -> Evaluated:
        events: list[dict[str, Any]] = []
        out = self.root / f"out-{len(list(self.root.iterdir()))}"
        blessing, evaluation = ModelBlessing(str(out / "blessing")), ModelEvaluation(str(out / "evaluation"))
        given = {"label": "label", "metrics": ["auc", "accuracy"], **parameters}
        Evaluator.function(
            examples=self.examples,
            model=self.models[model] if model else None,
            baseline_model=self.models[baseline] if baseline else None,
            blessing=blessing,
            evaluation=evaluation,
            ctx=Context(emit=events.append, earlier={"evaluation": earlier} if earlier else {}),
            **given,
        )
        return Evaluated(blessing, evaluation, events)


def saved(path: Path, weight: float, night: float) -> Model:
    """A Keras model over x and hour whose score is sigmoid(weight x), or sigmoid(night x) at 4 in the morning."""
    import keras
    import tensorflow as tf

    x, hour = keras.Input((1,)), keras.Input((1,))
    at_night = keras.layers.Lambda(lambda value: keras.ops.cast(keras.ops.equal(value, 4.0), "float32"))(hour)
    model = keras.Model([x, hour], keras.ops.sigmoid(x * (weight + at_night * (night - weight))))
    parsed = {
        "x": tf.io.FixedLenFeature([1], tf.float32, [0.0]),
        "hour": tf.io.FixedLenFeature([1], tf.int64, [0]),
        "y": tf.io.FixedLenFeature([1], tf.int64, [-1]),
    }
    takes = [tf.TensorSpec([None], tf.string, name="examples")]

    @tf.function(input_signature=takes)
    def serve(examples: Any) -> dict[str, Any]:
        rows = tf.io.parse_example(examples, parsed)
        score = model([rows["x"], tf.cast(rows["hour"], tf.float32)])
        return {"outputs": score, "turned": 1.0 - score}

    @tf.function(input_signature=takes)
    def transform(examples: Any) -> dict[str, Any]:
        y = tf.io.parse_example(examples, parsed)["y"]
        return {"label": tf.where(y < 0, float("nan"), tf.cast(y, tf.float32))}

    holder = tf.Module()
    holder.model = model
    tf.saved_model.save(
        holder, str(path / "Format-Serving"), {"serving_default": serve, "transform_features": transform}
    )
    return Model(str(path))


@pytest.fixture(scope="module")
def setting(tmp_path_factory: pytest.TempPathFactory) -> Setting:
    """Rows in several row groups, some without label or hour; a good model, and one that is poor at 4 a.m."""
    root = tmp_path_factory.mktemp("evaluator")
    rng = np.random.default_rng(7)
    x = rng.normal(size=ROWS)
    y = (rng.random(ROWS) < 1 / (1 + np.exp(-2 * x))).astype(int)
    hour = rng.integers(0, 6, ROWS)
    table = pa.record_batch(
        {
            "id": pa.array(range(ROWS)),
            "x": pa.array(x, mask=rng.random(ROWS) < 0.05),
            "hour": pa.array(hour, mask=rng.random(ROWS) < 0.02),
            "y": pa.array(y, mask=np.arange(ROWS) % 100 == 0),
            "pay": pa.array(rng.choice(["Cash", "Card"], ROWS)),
            "weight": pa.array(rng.random(ROWS)),
            "word": pa.array(["a"] * ROWS),
            "big": pa.array(y * 2),
        }
    )
    examples = Examples(str(root / "examples"))
    examples.splits = ["eval", "none"]
    write_split(examples, "eval", [table.slice(start, 1000) for start in range(0, ROWS, 1000)], table.schema)
    write_split(examples, "none", [], table.schema)
    models = {"good": saved(root / "good", 2.0, 2.0), "poor_at_4": saved(root / "poor_at_4", 2.0, -0.5)}
    return Setting(root, examples, models)


def test_a_good_model_is_blessed(setting: Setting) -> None:
    """Values, counts, verdicts, progress by rows, a note and a warning for the rows without a label."""
    found = setting.evaluate(slices=[[], ["hour"], ["hour", "pay"]], thresholds=[Threshold("auc", min=0.8)])
    assert found.blessing.blessed
    assert found.blessing.custom_properties == {"blessed": 1}
    assert [file.name for file in found.blessing.path().iterdir()] == ["BLESSED"]
    result = found.result
    assert result.n[0] == ROWS - 30
    assert result.counts == {"rows": ROWS, "missing_label": 30, "missing_weight": 0}
    assert len(result.slices) == 1 + 6 + 12
    assert found.said("note")[0]["text"].startswith("AUC 0.8")
    assert "30 of 3,000 rows have no label 'label'" in found.said("warning")[0]["text"]
    assert [event["done"] for event in found.said("progress")] == [0, 1000, 2000, 3000]
    assert {event["name"] for event in found.said("metric")} == {"example_count", "auc", "accuracy"}
    (verdict,) = found.said("verdict")
    assert verdict["verdict"]["outcome"] == "pass"


def test_the_numbers_are_those_of_the_rows(setting: Setting) -> None:
    """Accuracy on a slice, from the table itself."""
    from penstock.data.examples import read_table

    rows = read_table(setting.examples, "eval").to_pandas()
    rows = rows[rows.y.notna()]
    rows = rows[rows.hour == 3]
    accuracy = ((rows.x.fillna(0) > 0) == rows.y).mean()
    assert setting.evaluate(slices=[["hour"]]).result.value("accuracy", (("hour", 3),)) == pytest.approx(accuracy)


@pytest.mark.parametrize("method", ["poisson_bootstrap", "jackknife"])
def test_intervals_can_be_resampled(setting: Setting, method: Literal["poisson_bootstrap", "jackknife"]) -> None:
    """Of every metric and of its change, on a bucket too; thresholds are decided by them, and progress is told."""
    found = setting.evaluate(
        baseline="good",
        slices=[[], ["hour"], {"column": "hour", "buckets": [2, 4]}],
        thresholds=[Threshold("auc", max_drop=0.05, by="interval")],
        confidence_intervals=ConfidenceIntervals(method),
    )
    result = found.result
    assert result.resampling["method"] == method
    for metric in ("auc", "accuracy"):
        for key in result.slices:
            low, high = result.interval(metric, key) or (1.0, 0.0)
            assert low < result.value(metric, key) < high
    assert result.change_interval("auc") == (0.0, 0.0)
    assert result.verdicts[0].outcome == "pass"
    assert found.said("progress")[-1]["unit"] == "slices"
    again = setting.evaluate(confidence_intervals=ConfidenceIntervals(method), baseline="good").result
    assert again.interval("auc") == result.interval("auc")


def test_predictions_are_kept_row_by_row(setting: Setting) -> None:
    """Of both models, in the split's order and with its columns; the metrics follow from them."""
    from penstock.evaluation.predictions import read

    found = setting.evaluate("good", "poor_at_4", label="y", weight="weight", metrics=["accuracy"])
    table = read(found.evaluation, setting.examples, columns=["hour", "y"]).to_pandas()
    baseline = read(found.evaluation, model="baseline").to_pandas()
    assert len(table) == len(baseline) == ROWS
    assert table.label.isna().sum() == 30
    assert (table.label.dropna() == table.y.dropna()).all()
    assert (table.prediction != baseline.prediction)[table.hour == 4].mean() > 0.9
    assert (table.prediction == baseline.prediction)[table.hour != 4].all()
    kept = table.dropna(subset=["label"])
    right = (kept.prediction > 0.5) == kept.label
    assert found.result.value("accuracy") == pytest.approx((right * kept.weight).sum() / kept.weight.sum())


def test_predictions_and_late_labels_can_come_from_a_file(setting: Setting, tmp_path: Path) -> None:
    """Joined by key; no model is loaded, the numbers are its own; rows the file does not know are left out."""
    import pyarrow.parquet as pq

    from penstock.data.examples import read_table
    from penstock.evaluation.given import Given
    from penstock.evaluation.predictions import read

    scored = setting.evaluate("good", "poor_at_4", slices=[[], ["hour"]])
    ids = read_table(setting.examples, "eval", columns=["id"])["id"]
    table = pa.table(
        {
            "id": ids,
            "new": read(scored.evaluation)["prediction"],
            "old": read(scored.evaluation, model="baseline")["prediction"],
            "tipped": read(scored.evaluation)["label"],
        }
    )
    shuffled = np.random.default_rng(0).permutation(ROWS)
    pq.write_table(table.take(shuffled), tmp_path / "scores.parquet")
    given = Given(prediction="new", baseline="old", label="tipped", key=("id",))
    file = str(tmp_path / "scores.parquet")
    asked: dict[str, Any] = {"predictions": given, "predictions_file": file, "slices": [[], ["hour"]]}
    found = setting.evaluate("", label="tipped", **asked).result
    assert found.values == scored.result.values
    assert found.n == scored.result.n
    pq.write_table(table.slice(0, 1000), tmp_path / "scores.parquet")
    few = setting.evaluate("", label="tipped", **asked)
    assert few.result.counts["missing_label"] == 10 + ROWS - 1000
    assert few.result.n[0] == 990
    late = {**asked, "predictions": Given(label="tipped", key=("id",))}
    assert setting.evaluate("good", label="late", **late).result.n[0] == 990
    with pytest.raises(UsageError, match="neither a model nor a column of predictions for the candidate"):
        setting.evaluate("")


def test_other_bounds_need_no_model(setting: Setting, monkeypatch: pytest.MonkeyPatch) -> None:
    """The verdicts on an earlier evaluation are those that a new one would come to."""
    from penstock.models import inference

    before = setting.evaluate(slices=[[], ["hour"]])
    bounds = [Threshold("auc", min=0.99, slices=(["hour"],))]
    anew = setting.evaluate(slices=[[], ["hour"]], thresholds=bounds)

    def refuse(path: str) -> None:
        raise AssertionError(path)

    monkeypatch.setattr(inference, "Scorer", refuse)
    judged = setting.evaluate(slices=[[], ["hour"]], thresholds=bounds, earlier=before.evaluation)
    assert judged.result == anew.result
    assert not judged.blessing.blessed


def test_a_model_that_is_unfair_is_not_blessed(setting: Setting) -> None:
    """Who is treated otherwise is named, with both rates; rows scored again at another hour come out otherwise."""
    fairness = Fairness(
        (["hour"],),
        baseline={"hour": 1},
        max_gap={"equalized_odds": 0.3},
        counterfactual=(Counterfactual("hour", {"4": 3}, 0.1),),
    )
    found = setting.evaluate("poor_at_4", fairness=fairness)
    assert not found.blessing.blessed
    failed = {verdict.subject: verdict for verdict in found.result.verdicts if verdict.outcome == "fail"}
    assert set(failed) == {"hour=4", "hour: 4 -> 3"}
    evidence = failed["hour=4"].evidence
    rates, base = (evidence[name]["true_positive_rate@0.5"] for name in ("rates", "baseline_rates"))
    assert rates < 0.4 < base
    assert failed["hour: 4 -> 3"].observed == pytest.approx(0.95, abs=0.03)
    assert len(found.said("verdict")) == 5 + 1
    assert setting.evaluate("good", fairness=fairness).blessing.blessed


def test_other_bounds_on_fairness_need_no_model(setting: Setting, monkeypatch: pytest.MonkeyPatch) -> None:
    """Gaps and flips are judged anew, and come to what a new evaluation would."""
    from penstock.models import inference

    def asked(bound: float) -> Fairness:
        flips = (Counterfactual("hour", {"4": 3}, bound),)
        return Fairness((["hour"],), max_gap={"equalized_odds": bound, "calibration": bound}, counterfactual=flips)

    before = setting.evaluate("poor_at_4", fairness=asked(1.0))
    anew = setting.evaluate("poor_at_4", fairness=asked(0.1))

    def refuse(path: str) -> None:
        raise AssertionError(path)

    monkeypatch.setattr(inference, "Scorer", refuse)
    judged = setting.evaluate("poor_at_4", fairness=asked(0.1), earlier=before.evaluation)
    assert judged.result == anew.result
    assert before.blessing.blessed
    assert not judged.blessing.blessed


def test_a_candidate_that_is_worse_on_one_slice_is_not_blessed(setting: Setting) -> None:
    """Though it would pass overall; the verdict names the slice, both values and n."""
    found = setting.evaluate(
        "poor_at_4",
        "good",
        thresholds=[
            Threshold("auc", min=0.6),
            Threshold("auc", max_drop=0.05, slices=(["hour"],), min_examples=200),
        ],
    )
    assert not found.blessing.blessed
    assert found.blessing.path("NOT_BLESSED").exists()
    failed = [verdict for verdict in found.result.verdicts if verdict.outcome == "fail"]
    assert [verdict.subject for verdict in failed] == ["hour=4"]
    assert failed[0].baseline is not None
    assert failed[0].observed is not None
    assert failed[0].baseline - failed[0].observed > 0.3
    assert found.result.worst("auc", ["hour"], count=1)[0].name == "hour=4"
    assert json.loads(found.evaluation.path("verdicts.json").read_text())[0]["outcome"] == "pass"


def test_a_model_equals_itself(setting: Setting) -> None:
    """As its own baseline no metric drops, on any slice."""
    found = setting.evaluate(
        "good", "good", thresholds=[Threshold("auc", max_drop=0.0, max_rise=0.0, slices=([], ["hour", "pay"]))]
    )
    assert {verdict.outcome for verdict in found.result.verdicts} == {"pass"}
    assert len(found.result.verdicts) == 2 * 13
    assert found.blessing.blessed


def test_metrics_and_slices_that_only_a_threshold_names_are_computed(setting: Setting) -> None:
    """Nobody has to say them twice; a first model has no baseline, which holds nothing back."""
    found = setting.evaluate(
        metrics=["accuracy"], thresholds=[Threshold("calibration", max_drop=0.1, slices=(["pay"],))]
    )
    assert found.result.value("calibration", (("pay", "Cash"),)) == pytest.approx(1, abs=0.1)
    assert {verdict.outcome for verdict in found.result.verdicts} == {"undefined"}
    assert found.blessing.blessed


def test_a_raw_column_can_be_the_label_and_another_the_weight(setting: Setting) -> None:
    """Then no transform runs, and the weights count."""
    plain = setting.evaluate(label="y").result
    weighted = setting.evaluate(label="y", weight="weight", metrics=["auc", "weighted_example_count"]).result
    assert plain.value("auc") == setting.evaluate().result.value("auc")
    assert weighted.value("auc") != plain.value("auc")
    assert weighted.value("weighted_example_count") == pytest.approx(weighted.n[0] / 2, rel=0.1)
    assert weighted.interval("auc") is None
    assert plain.interval("auc") is not None


@pytest.mark.parametrize(
    ("parameters", "kind", "message"),
    [
        ({"label": "lable"}, UsageError, "no label 'lable'"),
        ({"slices": [["huor"]]}, UsageError, "no column 'huor'"),
        ({"metrics": ["acu"]}, UsageError, "no metric 'acu'"),
        ({"thresholds": [Threshold("acu", min=0)]}, UsageError, "no metric 'acu'"),
        ({"weight": "wait"}, UsageError, "weight: the examples have no column 'wait'"),
        ({"split": "evla"}, DataError, "no split 'evla'"),
        ({"split": "none"}, DataError, "'none' has no row to evaluate"),
        ({"label": "word"}, DataError, "label 'word' is of type string"),
        ({"label": "big"}, DataError, "label 'big' must be between 0 and 1: .* of 1,000 rows are not, the first is 2"),
    ],
)
def test_what_cannot_be_evaluated_is_named(
    setting: Setting, parameters: dict[str, Any], kind: type[Exception], message: str
) -> None:
    """With its name, whether it was found before any computation or on a worker."""
    with pytest.raises(kind, match=message):
        setting.evaluate(**parameters)


def test_tfma_files_are_written(setting: Setting, tfrecords: Callable[[Path], list[bytes]]) -> None:
    """A record for each slice, and the validation."""
    from penstock.evaluation.tfma_protos import metrics_for_slice_pb2, validation_result_pb2

    found = setting.evaluate(slices=[[], ["pay"]], thresholds=[Threshold("auc", min=0.99)])
    records = tfrecords(found.evaluation.path("metrics-00000-of-00001.tfrecord"))
    slices = [metrics_for_slice_pb2().MetricsForSlice.FromString(record) for record in records]
    keys = [[(one.column, one.bytes_value) for one in each.slice_key.single_slice_keys] for each in slices]
    assert keys == [[], [("pay", b"Card")], [("pay", b"Cash")]]
    values = {entry.key.name: entry.value.double_value.value for entry in slices[0].metric_keys_and_values}
    assert values["binary_accuracy"] == found.result.value("accuracy")
    (record,) = tfrecords(found.evaluation.path("validations.tfrecord"))
    validation = validation_result_pb2().ValidationResult.FromString(record)
    assert not validation.validation_ok
    failure = validation.metric_validations_per_slice[0].failures[0]
    assert failure.metric_threshold.value_threshold.lower_bound.value == 0.99


def test_one_of_several_outputs_is_judged_by_its_name(
    setting: Setting, tfrecords: Callable[[Path], list[bytes]]
) -> None:
    """Which stands in the results and in TFMA's keys; one that the model does not have is named."""
    from penstock.evaluation.tfma_protos import metrics_for_slice_pb2

    thresholds = [Threshold("auc", max=0.2)]
    found = setting.evaluate(output="turned", thresholds=thresholds)
    assert found.blessing.blessed
    assert found.result.output == "turned"
    usual = setting.evaluate(thresholds=thresholds)
    assert not usual.blessing.blessed
    assert found.result.value("auc") == pytest.approx(1 - usual.result.value("auc"), abs=1e-4)
    (record,) = tfrecords(found.evaluation.path("metrics-00000-of-00001.tfrecord"))
    keys = [one.key for one in metrics_for_slice_pb2().MetricsForSlice.FromString(record).metric_keys_and_values]
    assert {key.output_name for key in keys} == {"turned"}
    config = json.loads(found.evaluation.path("eval_config.json").read_text())["evalConfig"]
    assert config["modelSpecs"][0]["labelKeys"] == {"turned": "label"}
    with pytest.raises(UsageError, match="no output 'turnt'"):
        setting.evaluate(output="turnt")


def test_an_eval_config_stands_for_parameters(setting: Setting, tmp_path: Path) -> None:
    """What it says is what the same parameters say."""
    file = tmp_path / "eval_config.pbtxt"
    file.write_text("""
        model_specs { label_key: "y" example_weight_key: "weight" }
        slicing_specs {} slicing_specs { feature_keys: ["hour"] feature_values { key: "pay" value: "Cash" } }
        metrics_specs { metrics { class_name: "AUC"
          threshold { value_threshold { lower_bound { value: 0.8 } } } } metrics { class_name: "Recall" } }
    """)
    nothing: dict[str, Any] = {"label": "", "metrics": None}
    found = setting.evaluate(eval_config=str(file), **nothing)
    slices: list[Any] = [[], ["hour", {"pay": "Cash"}]]
    bound = Threshold("auc", min=0.8, slices=tuple(slices))
    same = setting.evaluate(label="y", weight="weight", slices=slices, metrics=["auc", "recall"], thresholds=[bound])
    for name in ("results.json", "verdicts.json", "metrics-00000-of-00001.tfrecord", "eval_config.json"):
        assert found.evaluation.path(name).read_bytes() == same.evaluation.path(name).read_bytes(), name


@pytest.fixture
def tfrecords() -> Callable[[Path], list[bytes]]:
    """Reads a TFRecord file by its framing: length, its checksum, the record, its checksum."""

    def read(path: Path) -> list[bytes]:
        data, records = path.read_bytes(), []
        while data:
            length = int.from_bytes(data[:8], "little")
            records.append(data[12 : 12 + length])
            data = data[16 + length :]
        return records

    return read
