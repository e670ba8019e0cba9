from __future__ import annotations

import math
from typing import Any

import pytest

from penstock.dsl.parameters import validated
from penstock.errors import GraphError
from penstock.evaluation.results import EvaluationResult
from penstock.evaluation.thresholds import Threshold, blessed, judge
from penstock.gates import Verdict

NAN = math.nan


def result(*, baseline: bool = True) -> EvaluationResult:
    """Overall and three hours; hour 3 has 12 rows, hour 4 one class only."""
    values = {"candidate": {"auc": [0.84, 0.9, 0.5, NAN]}, "baseline": {"auc": [0.85, 0.9, 0.8, 0.7]}}
    models = ["candidate", "baseline"] if baseline else ["candidate"]
    return EvaluationResult(
        label="y",
        split="eval",
        models=models,
        metrics=["auc"],
        slices=[(), (("hour", 2),), (("hour", 3),), (("hour", 4),)],
        n=[1000, 500, 12, 488],
        values={model: values[model] for model in models},
        intervals={"candidate": {"auc": [(0.81, 0.87), (0.8, 0.95), (NAN, NAN), (NAN, NAN)]}},
    )


def outcomes(*thresholds: Threshold, baseline: bool = True) -> list[tuple[str, str]]:
    """Subject and outcome of each verdict."""
    return [(one.subject, one.outcome) for one in judge(thresholds, result(baseline=baseline))]


def test_an_absolute_bound_is_held_against_the_whole_set() -> None:
    """The verdict carries what was seen, the bound, the interval and n."""
    passed, failed = judge([Threshold("auc", min=0.8), Threshold("auc", max=0.8)], result())
    assert (passed.outcome, passed.observed, passed.bound, passed.relation) == ("pass", 0.84, 0.8, ">=")
    assert (passed.interval, passed.n, passed.check) == ((0.81, 0.87), 1000, "auc min")
    assert (failed.outcome, failed.relation) == ("fail", "<=")
    assert failed.message == "auc: 0.84 is above 0.8 (1,000 examples)."


def test_a_drop_of_just_the_bound_passes() -> None:
    """Though 0.85 - 0.84 is a little more than 0.01 in binary."""
    assert outcomes(Threshold("auc", max_drop=0.01)) == [("", "pass")]
    assert outcomes(Threshold("auc", max_drop=0.0099)) == [("", "fail")]


def test_every_slice_of_a_spec_gets_a_verdict_of_its_own() -> None:
    """Small slices and one-class slices are undefined and say so."""
    verdicts = judge([Threshold("auc", max_drop=0.01, slices=(["hour"],), min_examples=200)], result())
    assert [(one.subject, one.outcome) for one in verdicts] == [
        ("hour=2", "pass"),
        ("hour=3", "undefined"),
        ("hour=4", "undefined"),
    ]
    assert "12 examples, fewer than the 200 asked for" in verdicts[1].message
    assert "not defined for the model" in verdicts[2].message
    assert outcomes(Threshold("auc", max_drop=0.01, slices=(["hour"],)))[1] == ("hour=3", "fail")


def test_a_rise_is_bounded_from_above() -> None:
    """Where less is better, as for a loss."""
    assert outcomes(Threshold("auc", max_rise=0.0)) == [("", "pass")]
    (verdict,) = judge([Threshold("auc", max_rise=0.01)], result())
    assert (verdict.relation, verdict.baseline, verdict.bound) == ("<=", 0.85, 0.86)


def test_without_a_baseline_a_comparison_is_undefined() -> None:
    """And says why."""
    (verdict,) = judge([Threshold("auc", max_drop=0.01)], result(baseline=False))
    assert (verdict.outcome, verdict.bound) == ("undefined", None)
    assert verdict.message == "auc: no baseline to compare with."


def test_a_spec_that_no_row_is_in_is_undefined() -> None:
    """A slice held to a value that does not occur."""
    (verdict,) = judge([Threshold("auc", min=0.1, slices=({"hour": 9},))], result())
    assert (verdict.outcome, verdict.message) == ("undefined", "No slice of hour=9 occurs.")


@pytest.mark.parametrize(
    ("checks", "expected"),
    [
        ([], True),
        ([("auc min", "pass")], True),
        ([("auc min", "pass"), ("auc max_drop", "fail")], False),
        ([("auc min", "undefined")], False),
        ([("auc min", "undefined"), ("recall min", "pass")], True),
        ([("auc max_drop", "undefined")], True),
        ([("auc min", "undefined"), ("auc max_drop", "pass")], False),
    ],
)
def test_a_model_is_blessed_by_the_rule(checks: list[tuple[str, Any]], *, expected: bool) -> None:
    """No failure, and something known in its favour where absolute bounds were asked for."""
    assert blessed([Verdict(check, outcome) for check, outcome in checks]) is expected


def test_the_config_becomes_thresholds() -> None:
    """As pipeline.yaml writes them, and a wrong key or a bound that is none is an error that names the way in."""
    from penstock.components.evaluator import Evaluator

    given = [{"metric": "auc", "max_drop": 0.01, "slices": [["trip_start_hour"]], "min_examples": 200}]
    (threshold,) = validated(Evaluator, "thresholds", given, "Evaluator")
    assert threshold == Threshold("auc", max_drop=0.01, slices=(["trip_start_hour"],), min_examples=200)
    slices = validated(Evaluator, "slices", [[], ["a", {"b": 1}], {"c": "x"}], "Evaluator")
    assert slices == [[], ["a", {"b": 1}], {"c": "x"}]
    for wrong in ({"metric": "auc"}, {"metric": "auc", "minn": 0.8}, {"metric": "auc", "max_drop": -0.1}):
        with pytest.raises(GraphError, match=r"thresholds\[0\]"):
            validated(Evaluator, "thresholds", [wrong], "Evaluator")


def by_interval(*thresholds: Threshold, change: tuple[float, float] | None = None) -> list[tuple[str, str]]:
    """Subject and outcome of each verdict on the whole set and hour 2, with the intervals of both models there."""
    found = result()
    found.intervals["baseline"] = {"auc": [(0.82, 0.88), (0.85, 0.94), (NAN, NAN), (NAN, NAN)]}
    if change is not None:
        found.change_intervals["auc"] = [change] * 4
    return [(one.outcome, one.message) for one in judge(thresholds, found)]


@pytest.mark.parametrize(
    ("bounds", "outcome", "says"),
    [
        ({"min": 0.80}, "pass", ""),
        ({"min": 0.83}, "undefined", "the 95 % interval 0.81 to 0.87 holds 0.83: 1,000 examples are too few to tell."),
        ({"min": 0.88}, "fail", "the 95 % interval 0.81 to 0.87 is below 0.88"),
        ({"max": 0.88}, "pass", ""),
        ({"max": 0.80}, "fail", "is above 0.8"),
        ({"max_drop": 0.06}, "pass", ""),
        ({"max_drop": 0.01}, "undefined", "the 95 % interval -0.05243 to 0.03243 holds -0.01"),
        ({"max_rise": 0.01}, "undefined", "holds 0.01"),
        ({"min": 0.5, "slices": (["hour"],), "min_examples": 200}, "pass", ""),
    ],
)
def test_a_threshold_can_be_held_against_the_interval(bounds: dict[str, Any], outcome: str, says: str) -> None:
    """It fails only where none of the interval is within the bound; a change by the interval of the difference."""
    first = by_interval(Threshold("auc", by="interval", **bounds))[0]
    assert first[0] == outcome
    assert says in first[1]


def test_an_interval_of_the_change_that_was_resampled_counts() -> None:
    """In place of the one put together of both models' own."""
    assert by_interval(Threshold("auc", max_drop=0.01, by="interval"), change=(-0.02, -0.015))[0][0] == "fail"
    assert by_interval(Threshold("auc", max_drop=0.01, by="interval"), change=(-0.005, 0.02))[0][0] == "pass"


def test_without_an_interval_nothing_is_decided_by_it() -> None:
    """A slice of 12 rows, of which no interval is known, holds nothing back."""
    verdicts = by_interval(Threshold("auc", min=0.8, slices=(["hour"],), by="interval"))
    assert [outcome for outcome, _ in verdicts] == ["pass", "undefined", "undefined"]
    assert "no interval is known (12 examples)" in verdicts[1][1]
