from __future__ import annotations

from typing import Any

import pytest

from penstock.errors import ConfigError, UsageError
from penstock.evaluation.finder.gate import conditions_of, with_gate
from penstock.evaluation.slices import parse

TEXT = "name: x\nevaluator:\n  label: y\n  thresholds:\n    - {metric: recall, min: 0.5}  # agreed\n"


def gated(text: str = TEXT, *conditions: str, **values: Any) -> tuple[dict[str, Any], str]:
    return with_gate(text, conditions or ("a=1",), **{"metric": None, "bounds": {}, "min_examples": 100, **values})


def test_a_slice_becomes_a_threshold() -> None:
    """Of the metric of the first threshold, held against the baseline, after those that are there."""
    threshold, new = gated(TEXT, "a=1, pay=No Charge")
    assert threshold == {
        "metric": "recall",
        "max_drop": 0.01,
        "slices": [{"a": 1, "pay": "No Charge"}],
        "min_examples": 100,
    }
    line = "    - {metric: recall, max_drop: 0.01, slices: [{a: 1, pay: No Charge}], min_examples: 100}\n"
    assert new == TEXT + line
    assert gated(new, "a=1", "pay=No Charge") == (threshold, new)


def test_a_metric_that_should_be_low_may_not_rise() -> None:
    """Whichever way is worse is what is bounded."""
    assert gated(metric="fpr")[0]["max_rise"] == 0.01
    assert gated(metric="auc", bounds={"min": 0.7})[0]["min"] == 0.7
    assert gated(by="interval")[1].endswith("min_examples: 100, by: interval}\n")


def test_metrics_that_the_config_names_can_be_held() -> None:
    """Those of TFMA and of functions too; an EvalConfig in a file of its own is not written to."""
    text = "evaluator:\n  metrics: [auc, {function: profit}]\n  thresholds:\n    - {metric: ndcg@5, min: 0.5}\n"
    assert gated(text)[0]["metric"] == "ndcg@5"
    assert gated(text, metric="profit")[0]["metric"] == "profit"
    with pytest.raises(UsageError, match="stand in e.pbtxt"):
        gated("evaluator: {eval_config: e.pbtxt}\n")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"metric": "acu"}, "no metric 'acu'"),
        ({"bounds": {"min": 2.0, "max": 1.0}}, "above its max"),
    ],
)
def test_a_threshold_that_means_nothing_is_refused(values: dict[str, Any], message: str) -> None:
    """Before the file is touched."""
    with pytest.raises(UsageError, match=message):
        gated(**values)


@pytest.mark.parametrize(
    "conditions", [("Cash",), ("a=",), ("=1",), ("a=1, a=2",), ("a in [x, 2)",), ("a in [1, 2), a=3",)]
)
def test_what_is_no_slice_is_refused(conditions: tuple[str, ...]) -> None:
    """With what to write."""
    with pytest.raises(UsageError):
        conditions_of(conditions)


@pytest.mark.parametrize(
    ("bucket", "expression"),
    [
        ("miles in [2, 3.5)", "miles >= 2 and miles < 3.5"),
        ("miles in [-inf, 2)", "miles < 2"),
        ("miles in [1e+03, inf)", "miles >= 1e+03"),
        ("trip miles in [2, 3)", "col('trip miles') >= 2 and col('trip miles') < 3"),
        ("in in [2, 3)", "col('in') >= 2 and col('in') < 3"),
    ],
)
def test_a_bucket_becomes_an_expression_of_the_evaluator(bucket: str, expression: str) -> None:
    """That it can parse, with the columns meant."""
    (spec,) = parse(gated(TEXT, f"a=1, {bucket}")[0]["slices"])
    (derived,) = spec.derived
    assert derived.name == expression
    assert spec.reads == tuple(sorted(("a", bucket.split(" in [", maxsplit=1)[0])))


@pytest.mark.parametrize("text", ["name: x\n", "name: x\nevaluator:\n", "[]\n"])
def test_a_pipeline_without_an_evaluator_has_no_gate_to_add_to(text: str) -> None:
    """Its file stays as it is."""
    with pytest.raises(ConfigError, match=r"evaluator\.thresholds"):
        gated(text)
