"""TFMA's ``EvalConfig`` as a text proto: what it stands for here, and what has no equivalent, by line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from penstock.errors import GraphError, UsageError
from penstock.evaluation.asked import MetricItem
from penstock.evaluation.eval_config import read_eval_config, with_eval_config
from penstock.evaluation.given import Given
from penstock.evaluation.names import check_parameters
from penstock.evaluation.resampling.options import ConfidenceIntervals
from penstock.evaluation.thresholds import Threshold

# In the manner of TFX's taxi example.
TAXI = """
model_specs {
  signature_name: "serving_default"
  label_key: "big_tipper"
  preprocessing_function_names: ["transform_features"]
}
slicing_specs {}
slicing_specs { feature_keys: ["trip_start_hour"] }
slicing_specs { feature_keys: "trip_start_hour" feature_values { key: "payment_type" value: "Cash" } }
metrics_specs {
  metrics { class_name: "ExampleCount" }
  metrics {
    class_name: "BinaryAccuracy"
    threshold {
      value_threshold { lower_bound { value: 0.6 } }
      change_threshold { direction: HIGHER_IS_BETTER absolute { value: -1e-10 } }
    }
  }
  metrics: [
    { class_name: "AUC" },
    { class_name: "BinaryCrossEntropy" config: '{"name": "loss"}' },
    { class_name: "AUC" config: '{"name": "coarse", "num_thresholds": 20}'
      per_slice_thresholds {
        slicing_specs { feature_keys: ["trip_start_hour"] }
        threshold { value_threshold { lower_bound { value: 0.1 } upper_bound { value: 1.0 } } }
      }
    }
  ]
  thresholds { key: "loss" value { change_threshold { direction: LOWER_IS_BETTER absolute { value: 0.1 } } } }
}
options { min_slice_size { value: 50 } compute_confidence_intervals { value: true } }
"""
SLICES: list[Any] = [[], ["trip_start_hour"], ["trip_start_hour", {"payment_type": "Cash"}]]
SAME: dict[str, Any] = {
    "label": "big_tipper",
    "slices": SLICES,
    "metrics": [
        "example_count",
        "binary_accuracy",
        "auc",
        "loss",
        MetricItem("AUC", {"num_thresholds": 20}, name="coarse"),
    ],
    "thresholds": [
        Threshold("binary_accuracy", min=0.6, max_drop=1e-10, slices=tuple(SLICES), min_examples=50),
        Threshold("coarse", min=0.1, max=1.0, slices=(["trip_start_hour"],), min_examples=50),
        Threshold("loss", max_rise=0.1, slices=tuple(SLICES), min_examples=50),
    ],
    "confidence_intervals": ConfidenceIntervals("jackknife"),
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "eval_config.pbtxt"


def test_it_says_what_pipeline_yaml_would(file: Path) -> None:
    """Slices, metrics by the engine that has them, bounds on every slice or on some, and intervals."""
    file.write_text(TAXI)
    assert read_eval_config(str(file)) == SAME
    check_parameters({"eval_config": str(file), "label": ""})


def test_models_weights_queries_and_means(file: Path) -> None:
    """Columns of predictions of candidate and baseline, the best k, and averages over classes."""
    file.write_text("""
        model_specs { name: "new" label_key: "y" prediction_key: "score" example_weight_key: "w" }
        model_specs { name: "old" label_key: "y" prediction_key: "old" example_weight_key: "w" is_baseline: true }
        metrics_specs { query_key: "search" binarize { top_k_list { values: [2, 5] } } model_names: ["old", "new"]
          metrics { class_name: "NDCG" config: '{"gain_key": "gain"}' } }
        options { compute_confidence_intervals { value: true } confidence_intervals { method: POISSON_BOOTSTRAP } }
    """)
    assert read_eval_config(str(file)) == {
        "label": "y",
        "weight": "w",
        "query": "search",
        "slices": [[]],
        "predictions": Given(prediction="score", baseline="old"),
        "metrics": [MetricItem("NDCG", {"gain_key": "gain", "top_k_list": [2, 5]}, name="ndcg")],
        "thresholds": [],
        "confidence_intervals": ConfidenceIntervals("poisson_bootstrap"),
    }
    file.write_text("""model_specs { label_keys { key: "tips" value: "tip" } }
        metrics_specs { output_names: "tips" metrics { class_name: "AUC" } aggregate { macro_average: true } }
        metrics_specs { metrics { class_name: "SparseCategoricalAccuracy" config: '{"name": "accuracy"}' } }""")
    found = read_eval_config(str(file), "multiclass")
    assert (found["metrics"], found["label"], found["output"]) == (["auc_macro", "accuracy"], "tip", "tips")


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        (
            "model_specs {\n label_keys { key: 'a' value: 'b' }\n label_keys { key: 'c' value: 'd' } }",
            3,
            "labels of several outputs",
        ),
        ("model_specs {}\n\nmodel_specs {}", 3, "more than one candidate"),
        ("model_specs { label_key: 'a' }\nmodel_specs { label_key: 'b' is_baseline: true }", 2, "different labels"),
        ("model_specs {\n signature_name: 'eval' }", 2, "the signature 'eval'"),
        ("model_specs {\n preprocessing_function_names: ['tft_layer'] }", 2, "preprocessing is by transform_features"),
        ("slicing_specs {}\nslicing_specs {\n slice_keys_sql: 'SELECT 1' }", 3, "slice_keys_sql has no equivalent"),
        ("# a\ncross_slicing_specs {}", 2, "cross_slicing_specs has no equivalent"),
        ("metrics_specs {\n metrics { class_name: 'AUC' }\n metrics { class_name: 'Auk' } }", 3, "class 'Auk'"),
        ("metrics_specs {\n metrics {\n class_name: 'AUC' module: 'mine' } }", 3, "module 'mine' is not imported"),
        ("metrics_specs {\n metrics {\n class_name: 'AUC' config: '{' } }", 3, "config of AUC is not JSON"),
        ("metrics_specs {\n output_names: ['a', 'b'] }", 2, "several outputs"),
        ("metrics_specs {\n output_weights { key: 'a' value: 1 } }", 2, "output_weights has no equivalent"),
        ("metrics_specs {\n binarize { class_ids { values: [1] } } }", 2, "class_ids has no equivalent"),
        ("metrics_specs {\n example_weights { weighted: true } }", 2, "all metrics are weighted"),
        ("options {\n disabled_outputs { values: ['a'] } }", 2, "disabled_outputs has no equivalent"),
        ("options {\n include_default_metrics { value: true } }", 2, "compiled with are not read"),
    ],
)
def test_what_has_no_equivalent_is_told_by_line(file: Path, text: str, line: int, message: str) -> None:
    """Never left out."""
    file.write_text(text)
    with pytest.raises(UsageError, match=message) as raised:
        read_eval_config(str(file))
    assert raised.value.message.startswith(f"{file}:{line}: ")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("relative { value: 0.1 } direction: HIGHER_IS_BETTER", "relative has no equivalent"),
        ("absolute { value: 0.1 }", "needs a direction and an absolute bound"),
        ("absolute { value: 0.1 } direction: HIGHER_IS_BETTER", "being better by a distance"),
    ],
)
def test_changes_that_cannot_be_held(file: Path, change: str, message: str) -> None:
    """With the line of the threshold."""
    file.write_text(
        f"metrics_specs {{\n metrics {{ class_name: 'AUC'\n threshold {{ change_threshold {{\n {change} }} }} }} }}"
    )
    with pytest.raises(UsageError, match=rf":[34]: .*{message}"):
        read_eval_config(str(file))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"model_spec {}", r"pbtxt:1: this is no EvalConfig: .*model_spec"),
        (b"slicing_specs {}\nmodel_specs {", r"pbtxt:2: this is no EvalConfig"),
        (b"\xff\xfe", "cannot be read"),
        (None, "cannot be read"),
    ],
)
def test_a_file_that_is_none_is_named(file: Path, content: bytes | None, message: str) -> None:
    """With the line where it ends to be one."""
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(UsageError, match=message):
        read_eval_config(str(file))


def test_one_place_says_each_thing(file: Path) -> None:
    """What the file does not say may stand beside it."""
    file.write_text("metrics_specs { metrics { class_name: 'AUC' } }")
    asked: dict[str, Any] = {"eval_config": str(file), "label": "y", "slices": [[]], "metrics": None, "gate": "warn"}
    assert with_eval_config(asked) == {**asked, "metrics": ["auc"], "thresholds": []}
    with pytest.raises(GraphError, match="Both pipeline.yaml and .* say metrics"):
        check_parameters({**asked, "metrics": ["auc"]})
    with pytest.raises(GraphError, match="no label"):
        check_parameters({**asked, "label": ""})


def test_an_empty_file_says_nothing(file: Path) -> None:
    """But what TFMA would compute of it: the number of rows of the whole set."""
    file.write_text("")
    assert read_eval_config(str(file)) == {"slices": [[]], "metrics": ["example_count"], "thresholds": []}
