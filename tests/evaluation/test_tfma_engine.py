"""The second engine: what TFMA computes from our rows equals what ours does, and what only TFMA has is merged in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from penstock.artifacts import Examples, ModelEvaluation
from penstock.data.examples import write_split
from penstock.errors import DataError, UsageError, UserCodeError
from penstock.evaluation import tfma_format
from penstock.evaluation.asked import MetricItem, MetricValue, TfmaMetric, values_of
from penstock.evaluation.evaluate import prepare, wanted
from penstock.evaluation.given import Given
from penstock.evaluation.results import EvaluationResult, load
from penstock.evaluation.slices import SliceValue
from penstock.evaluation.thresholds import Threshold

pytestmark = [
    pytest.mark.conformance,
    # TFMA divides by empty bins, and builds Beam pipelines in ways that Beam warns of.
    pytest.mark.filterwarnings("ignore"),
]

ROWS = 240
SLICES: list[SliceValue] = [
    [],
    ["hour"],
    [{"column": "miles", "buckets": [2, 5]}, "pay"],
    {"expression": "miles > 3 and pay == 'Cash'", "name": "far_and_cash"},
]


def examples_in(directory: Path) -> Examples:
    """Rows of two scores with labels of three kinds, weights, queries, and columns to slice by; some lack an hour."""
    rng = np.random.default_rng(3)
    label = (rng.random(ROWS) < 0.4).astype(int)
    classes = rng.dirichlet(np.ones(3), ROWS)
    table = pa.record_batch(
        {
            "label": pa.array(label, mask=np.arange(ROWS) % 40 == 0),
            "score": pa.array(np.clip(rng.random(ROWS) * 0.6 + label * 0.3, 0.01, 0.99)),
            "old": pa.array(rng.random(ROWS)),
            "weight": pa.array(rng.random(ROWS)),
            "search": pa.array([f"q{one}" for one in rng.integers(0, 20, ROWS)]),
            "gain": pa.array(rng.integers(0, 4, ROWS)),
            "hour": pa.array(rng.integers(0, 3, ROWS), mask=rng.random(ROWS) < 0.1),
            "pay": pa.array(rng.choice(["Cash", "Card"], ROWS)),
            "miles": pa.array(rng.gamma(2, 2, ROWS)),
            "fare": pa.array(rng.gamma(3, 2, ROWS)),
            "kind": pa.array(np.array(["a", "b", "c"])[rng.integers(0, 3, ROWS)]),
            "kinds": pa.array(list(classes)),
            "several": pa.array([list(map(float, row)) for row in rng.random((ROWS, 3)) < 0.4]),
            "holes": pa.array(["a"] * ROWS, mask=np.arange(ROWS) % 7 == 0),
        }
    )
    examples = Examples(str(directory))
    examples.splits = ["eval"]
    write_split(examples, "eval", [table.slice(start, 100) for start in range(0, ROWS, 100)], table.schema)
    return examples


@pytest.fixture(scope="module")
def examples(tmp_path_factory: pytest.TempPathFactory) -> Examples:
    return examples_in(tmp_path_factory.mktemp("rows") / "examples")


def evaluated(examples: Examples, directory: Path, metrics: list[MetricValue], **asked: Any) -> EvaluationResult:
    """An evaluation of columns, without a model."""
    import apache_beam as beam

    given = {
        "label": "label",
        "slices": SLICES,
        "thresholds": [],
        "given": Given(prediction="score", baseline="old"),
        **asked,
    }
    models = {"candidate": "", "baseline": ""} if given["given"].baseline else {"candidate": ""}
    prepared = prepare(examples, models, load=str, transformed_label=False, split="eval", metrics=metrics, **given)
    return prepared.run(lambda: beam.Pipeline(runner="FnApiRunner"), directory)


def held_together(one: EvaluationResult, other: EvaluationResult, names: list[str]) -> None:
    """The same values of some metrics on the same slices of both models."""
    assert one.slices == other.slices
    for name in names:
        assert (one.engines[name], other.engines[name]) == ("vectorised", "tfma")
        for model in one.models:
            for key in one.slices:
                expected = other.value(name, key, model)
                assert one.value(name, key, model) == pytest.approx(expected, rel=1e-6, abs=1e-6), (name, model, key)


BINARY = ["auc", "auc_precision_recall", "accuracy", "precision", "recall", "calibration", "loss", "true_positives"]


@pytest.mark.parametrize("weight", [None, "weight"])
def test_both_engines_give_one_answer(examples: Examples, tmp_path: Path, weight: str | None) -> None:
    """Of two models, on crosses of buckets and on expressions too, with weights and without."""
    asked: list[MetricValue] = [*BINARY]
    mine = evaluated(examples, tmp_path / "mine", asked, weight=weight)
    theirs = evaluated(examples, tmp_path / "theirs", asked, weight=weight, engine="tfma")
    assert len(mine.slices) == 1 + 3 + 6 + 1
    held_together(mine, theirs, BINARY)
    assert theirs.engines["example_count"] == "vectorised"
    assert theirs.n == mine.n


AVERAGED = ["auc", "precision_macro", "recall_weighted", "f1_score"]
TASKS: dict[str, tuple[list[str], dict[str, Any]]] = {
    "regression": (["mae", "mse", "mape", "calibration"], {"label": "fare", "given": Given(prediction="miles")}),
    "multiclass": (AVERAGED, {"label": "kind", "given": Given(prediction="kinds"), "classes": ["a", "b", "c"]}),
    "multilabel": (AVERAGED, {"label": "several", "given": Given(prediction="kinds"), "classes": ["a", "b", "c"]}),
}


@pytest.mark.parametrize("task", TASKS)
def test_so_do_they_of_other_tasks(examples: Examples, tmp_path: Path, task: str) -> None:
    """Means over classes included; what TFMA has not stays with ours, and is said to."""
    names, asked = TASKS[task]
    extra = {"regression": "r2", "multiclass": "categorical_crossentropy", "multilabel": "exact_match"}[task]
    mine = evaluated(examples, tmp_path / "mine", [*names, extra], task=task, **asked)
    theirs = evaluated(examples, tmp_path / "theirs", [*names, extra], task=task, engine="tfma", **asked)
    held_together(mine, theirs, names)
    assert theirs.engines[extra] == "vectorised"


RANKING: list[MetricValue] = [
    "auc",
    MetricItem("NDCG", {"gain_key": "gain", "top_k_list": [2, 5]}),
    "min_label_position",
    "SymmetricFlipRate",
    "coefficient_of_discrimination",
    MetricItem("RecallAtPrecision", {"precision": 0.6}, name="recall_at_60"),
]


def ndcg(rows: Any, k: int) -> float:
    """By its formula, queries without a gain left out."""
    found = []
    for _, query in rows.groupby("search"):
        if query.gain.max() > 0:
            gains = query.sort_values("score", ascending=False).gain.to_numpy()
            discount = 1 / np.log2(np.arange(len(gains)) + 2)
            found.append((gains * discount)[:k].sum() / (np.sort(gains)[::-1] * discount)[:k].sum())
    return float(np.mean(found))


def test_what_only_tfma_has_is_merged_in(examples: Examples, tmp_path: Path) -> None:
    """Rankings by query, rates of flips between the models; with bounds, verdicts, and TFMA's own reader."""
    import tensorflow_model_analysis as tfma

    from penstock.data.examples import read_table

    thresholds = [
        Threshold("ndcg@5", min=0.1),
        Threshold("ndcg@2", max_drop=0.001, slices=([], ["hour"])),
        Threshold("coefficient_of_discrimination", min=0.99),
    ]
    found = evaluated(examples, tmp_path, RANKING, thresholds=thresholds, query="search")
    rows = read_table(examples, "eval").to_pandas().dropna(subset=["label"])
    assert found.value("ndcg@5") == pytest.approx(ndcg(rows, 5))
    assert found.value("ndcg@2") == pytest.approx(ndcg(rows, 2))
    flips = ((rows.score > 0.5) != (rows.old > 0.5)).mean()
    assert found.value("SymmetricFlipRate") == pytest.approx(flips)
    spread = rows.score[rows.label == 1].mean() - rows.score[rows.label == 0].mean()
    assert found.value("coefficient_of_discrimination") == pytest.approx(spread)
    cash = rows[(rows.miles > 3) & (rows.pay == "Cash")]
    spread = cash.score[cash.label == 1].mean() - cash.score[cash.label == 0].mean()
    assert found.value("coefficient_of_discrimination", (("far_and_cash", "true"),)) == pytest.approx(spread)
    assert found.engines == {
        **dict.fromkeys(["example_count", "auc"], "vectorised"),
        **dict.fromkeys(found.metrics[2:], "tfma"),
    }
    outcomes = {(one.check, one.subject): one.outcome for one in found.verdicts}
    assert outcomes["ndcg@5 min", ""] == "pass"
    assert outcomes["coefficient_of_discrimination min", ""] == "fail"
    drop = found.value("ndcg@2", (("hour", 1),)) - found.value("ndcg@2", (("hour", 1),), "baseline")
    assert outcomes["ndcg@2 max_drop", "hour=1"] == ("pass" if drop >= -0.001 else "fail")
    kept = load(ModelEvaluation(str(tmp_path)))
    np.testing.assert_array_equal(kept.values["baseline"]["ndcg@5"], found.values["baseline"]["ndcg@5"])
    assert kept.engines == found.engines

    metrics, others, specs = wanted(RANKING, SLICES, thresholds)
    by_tfma = [one for one in others if isinstance(one, TfmaMetric)]
    named: dict[str, Any] = {**metrics, **values_of(by_tfma, found.metrics[2:])}
    tfma_format.write(tmp_path, found, named, specs, thresholds)
    read = tfma.load_eval_result(str(tmp_path), model_name="candidate")
    by_key = {key: outputs[""] for key, outputs in read.slicing_metrics}
    hour = by_key[("hour", 1),]
    assert hour["topK:5"]["ndcg"]["doubleValue"] == found.value("ndcg@5", (("hour", 1),))
    assert hour[""]["recall_at_60"]["doubleValue"] == found.value("recall_at_60", (("hour", 1),))


def test_without_a_baseline_what_compares_is_undefined(examples: Examples, tmp_path: Path) -> None:
    """So that the first model of a pipeline is not held back by it."""
    metrics: list[MetricValue] = ["symmetric_flip_rate", "threat_score"]
    found = evaluated(examples, tmp_path, metrics, given=Given(prediction="score"))
    assert np.isnan(found.value("symmetric_flip_rate"))
    assert found.value("threat_score") > 0


def test_what_tfma_refuses_is_told(examples: Examples, tmp_path: Path) -> None:
    """With the column or the metric."""
    with pytest.raises(DataError, match=r"rows have no query 'holes'"):
        evaluated(examples, tmp_path, ["min_label_position"], query="holes")
    several: list[MetricValue] = [MetricItem("Precision", {"thresholds": [0.1, 0.5]})]
    with pytest.raises(UsageError, match="'precision' is several numbers on each slice"):
        evaluated(examples, tmp_path, several)
    with pytest.raises(UsageError, match="TFMA does not compute ThreatScore .* unexpected keyword argument 'colour'"):
        evaluated(examples, tmp_path, [MetricItem("ThreatScore", {"colour": 1})])


OWN = """
import apache_beam as beam
import numpy as np
from tensorflow_model_analysis.metrics import metric_types, metric_util


class Overrated(metric_types.Metric):
    \"\"\"Mean of how far predictions are above a bound, over all rows.\"\"\"

    def __init__(self, bound, name="overrated"):
        super().__init__(metric_util.merge_per_key_computations(computations), bound=bound, name=name)


class Mean(beam.CombineFn):
    def __init__(self, key, bound, model_name):
        self.key, self.bound, self.model_name = key, bound, model_name

    def create_accumulator(self):
        return (0.0, 0)

    def add_input(self, accumulator, inputs):
        found = metric_util.to_label_prediction_example_weight(inputs, model_name=self.model_name)
        _, prediction, _ = next(found)
        if self.bound > 1:
            raise ArithmeticError("a bound above 1")
        return (accumulator[0] + max(0.0, float(prediction[0]) - self.bound), accumulator[1] + 1)

    def merge_accumulators(self, accumulators):
        return tuple(map(sum, zip(*accumulators)))

    def extract_output(self, accumulator):
        return {self.key: accumulator[0] / accumulator[1]}


def computations(name, bound, eval_config, model_name, output_name, sub_key=None, **options):
    key = metric_types.MetricKey(name=name, model_name=model_name)
    return [metric_types.MetricComputation(keys=[key], preprocessors=None, combiner=Mean(key, bound, model_name))]


def mean_overrated(labels, predictions, weights):
    return np.maximum(predictions - 0.5, 0).mean()
"""


def test_a_class_of_the_users_runs_beside_a_function(examples: Examples, tmp_path: Path) -> None:
    """Both compute the same here; what the class raises begins with the user's line."""
    file = tmp_path / "own.py"
    file.write_text(OWN)
    function = MetricItem(function="mean_overrated")
    asked: list[MetricValue] = ["auc", function, MetricItem("Overrated", {"bound": 0.5})]
    found = evaluated(examples, tmp_path / "out", asked, module_file=str(file))
    assert found.engines["mean_overrated"] == "function"
    assert found.engines["Overrated"] == "tfma"
    for model in found.models:
        assert found.values[model]["Overrated"] == pytest.approx(found.values[model]["mean_overrated"])
    with pytest.raises(UserCodeError, match=r"Overrated raised ArithmeticError: a bound above 1") as raised:
        evaluated(examples, tmp_path / "out", [MetricItem("Overrated", {"bound": 2})], module_file=str(file))
    assert raised.value.facts["frames"][0]["code"] == 'raise ArithmeticError("a bound above 1")'
    with pytest.raises(UsageError, match="Mean is no metric class of TFMA's kind"):
        evaluated(examples, tmp_path / "out", [MetricItem("Mean")], module_file=str(file))


def test_the_table_of_classes_is_tfmas() -> None:
    """Their names for metrics, and the arguments that they cannot do without."""
    import inspect

    from tensorflow_model_analysis.metrics import metric_types

    from penstock.evaluation.tfma_names import TFMA_CLASSES

    registered = metric_types.registered_metrics()
    for class_name, one in TFMA_CLASSES.items():
        arguments = inspect.signature(registered[class_name].__init__).parameters
        plain = [value for name, value in arguments.items() if name != "self" and value.kind is not value.VAR_KEYWORD]
        needed = {value.name for value in plain if value.default is value.empty}
        assert needed <= set(one.needs), class_name
        assert ("name" in arguments) == one.named, class_name
        if not one.needs and one.named:
            assert registered[class_name]().name == one.name
