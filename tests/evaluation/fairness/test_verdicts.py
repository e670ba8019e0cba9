from __future__ import annotations

import math
from typing import Any

import pytest

from penstock.evaluation.fairness.options import Counterfactual, Fairness
from penstock.evaluation.fairness.results import Estimate, FairnessResult, Flips, Group, GroupSet
from penstock.evaluation.fairness.verdicts import judge_fairness
from penstock.evaluation.slices import SliceKey
from penstock.gates import Verdict

CASH: SliceKey = (("pay", "Cash"),)
CARD: SliceKey = (("pay", "Card"),)


def judged(gap: Estimate, n: int = 500, flips: Flips | None = None, **values: Any) -> Verdict:
    """The one verdict on a gap of cash to card, or on flips."""
    rates = {"calibration": Estimate(0.1, 0.0, 0.2)}
    groups = [Group(CARD, 900, rates), Group(CASH, n, rates, {"calibration": gap})]
    given = {"groups": (["pay"],), "max_gap": {} if flips else {"calibration": 0.1}, **values}
    result = FairnessResult([0.5], [GroupSet("pay", CARD, groups)], [flips] if flips else [])
    (verdict,) = judge_fairness(Fairness(**given), result)
    return verdict


@pytest.mark.parametrize(
    ("gap", "by", "outcome"),
    [
        (Estimate(0.05, -0.1, 0.2), "point", "pass"),
        (Estimate(-0.15, -0.3, 0.0), "point", "fail"),
        (Estimate(0.1, 0.0, 0.2), "point", "pass"),
        (Estimate(math.nan, math.nan, math.nan), "point", "undefined"),
        (Estimate(0.05, -0.1, 0.2), "interval", "undefined"),
        (Estimate(0.05, 0.01, 0.09), "interval", "pass"),
        (Estimate(-0.2, -0.3, -0.11), "interval", "fail"),
        (Estimate(math.nan, math.nan, math.nan), "interval", "undefined"),
    ],
)
def test_a_gap_is_bounded_either_way(gap: Estimate, by: str, outcome: str) -> None:
    """By its value or by its interval; with what it was measured against."""
    verdict = judged(gap, by=by)
    assert verdict.outcome == outcome
    assert verdict.check == "calibration gap"
    assert verdict.subject == "pay=Cash"
    assert bool(verdict.message) == (outcome != "pass")
    assert verdict.evidence["baseline_slice"] == [["pay", "Card"]]
    assert Verdict.from_json(verdict.to_json()) == verdict
    if outcome == "fail":
        assert "from pay=Card is above 0.1 (500 examples)" in verdict.message


def test_a_small_group_blocks_nothing() -> None:
    """12 rows say nothing."""
    verdict = judged(Estimate(0.5, 0.2, 0.8), n=12, min_examples=100)
    assert verdict.outcome == "undefined"
    assert "12 examples of pay=Cash, fewer than 100" in verdict.message


@pytest.mark.parametrize("groups", [[], [Group(CASH, 10, {})]])
def test_a_baseline_that_does_not_occur_is_said(groups: list[Group]) -> None:
    """Neither passed nor failed."""
    result = FairnessResult([0.5], [GroupSet("pay", None, groups)])
    (verdict,) = judge_fairness(Fairness((["pay"],), max_gap={"equalized_odds": 0.1}), result)
    assert verdict.outcome == "undefined"
    assert verdict.message


@pytest.mark.parametrize(
    ("n", "rate", "outcome"), [(500, 0.02, "pass"), (500, 0.3, "fail"), (0, math.nan, "undefined")]
)
def test_flips_are_bounded(n: int, rate: float, outcome: str) -> None:
    """Where no row has such a value nothing is known."""
    estimate = Estimate(rate, rate - 0.01, rate + 0.01)
    flips = Flips("pay", {"Cash": "Card"}, n, {"flip_rate@0.5": estimate})
    asked = (Counterfactual("pay", {"Cash": "Card"}, 0.1),)
    verdict = judged(Estimate(0, 0, 0), flips=flips, counterfactual=asked)
    assert verdict.outcome == outcome
    assert verdict.subject == "pay: Cash -> Card"
    unbounded = (Counterfactual("pay", {"Cash": "Card"}),)
    assert judge_fairness(Fairness(counterfactual=unbounded), FairnessResult([0.5], [], [flips])) == []
