from __future__ import annotations

import json
import math

import numpy as np
import pytest

from penstock.evaluation.accumulator import Accumulator, Layout, ScoredBatch
from penstock.evaluation.fairness.groups import gap_of, group_sets
from penstock.evaluation.fairness.options import Fairness
from penstock.evaluation.fairness.results import Estimate, FairnessResult
from penstock.evaluation.metrics import Sums, named
from penstock.evaluation.slices import SliceKey, SpecSlices, parse

SPECS = parse([["pay"]])
KEYS: list[SliceKey] = [(("pay", "Cash"),), (("pay", "Card"),), (("pay", "None"),)]
# Our names beside the engine's.
ENGINE = {
    "false_negative_rate": "fnr",
    "false_positive_rate": "fpr",
    "true_positive_rate": "recall",
    "true_negative_rate": "specificity",
    "positive_rate": "predicted_positive_rate",
    "false_discovery_rate": "false_discovery_rate",
    "false_omission_rate": "false_omission_rate",
    "precision": "precision",
}


def rows(seed: int = 0, count: int = 3_000, *, weighted: bool = False) -> ScoredBatch:
    """Three groups, the second the largest; some rows are in none."""
    rng = np.random.default_rng(seed)
    score = rng.random(count)
    label = (rng.random(count) < score).astype(np.float64)
    codes = rng.choice(4, count, p=[0.3, 0.4, 0.2, 0.1]) - 1
    order = np.array([-1, 1, 0, 2])
    weights = rng.random(count) if weighted else None
    return ScoredBatch([SpecSlices(KEYS, order[codes + 1])], label, (score,), weights)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("threshold", [0.5, 0.2])
def test_rates_are_those_of_the_engine(threshold: float, weighted: bool) -> None:
    """For every group, weighted or not, at any threshold."""
    batch = rows(weighted=weighted)
    (found,) = group_sets(batch, SPECS, Fairness((["pay"],), (threshold,)))
    accumulator = Accumulator(Layout(thresholds=(threshold,)))
    accumulator.add(batch)
    sums = Sums(accumulator, 0)
    for name, metric in ENGINE.items():
        expected = named([metric])[metric].compute(sums)
        for group in found.groups:
            value = group.rates[f"{name}@{threshold:g}"].value
            assert value == pytest.approx(expected[accumulator.slices[group.key]]), name
    for group in found.groups:
        positive = group.rates[f"positive_rate@{threshold:g}"].value
        assert group.rates[f"negative_rate@{threshold:g}"].value == pytest.approx(1 - positive)


def test_the_baseline_is_the_largest_group_or_the_one_named() -> None:
    """The others have gaps to it, it has none."""
    found = group_sets(rows(), SPECS, Fairness((["pay"],)))[0]
    sizes = {group.key: group.n for group in found.groups}
    assert found.baseline == max(sizes, key=lambda key: sizes[key])
    found = group_sets(rows(), SPECS, Fairness((["pay"],), baseline={"pay": "None"}))[0]
    assert found.baseline == KEYS[2]
    assert [bool(group.gaps) for group in found.groups] == [group.key != KEYS[2] for group in found.groups]
    assert group_sets(rows(), SPECS, Fairness((["pay"],), baseline={"pay": "Cheque"}))[0].baseline is None
    by_default = group_sets(rows(), SPECS, Fairness((["pay"],), baseline={"hour": 4}))[0]
    assert by_default.baseline is not None


def test_gaps_are_what_their_names_say() -> None:
    """Equalised odds is the larger of the gaps of both rates, demographic parity that of the positive rate."""
    found = group_sets(rows(), SPECS, Fairness((["pay"],)))[0]
    base = next(group for group in found.groups if group.key == found.baseline)
    for group in found.groups:
        if group is not base:
            gaps = {
                name: group.rates[f"{name}@0.5"].value - base.rates[f"{name}@0.5"].value
                for name in ("true_positive_rate", "false_positive_rate", "positive_rate")
            }
            assert group.gaps["true_positive_rate@0.5"].value == pytest.approx(gaps["true_positive_rate"])
            odds = max(abs(gaps["true_positive_rate"]), abs(gaps["false_positive_rate"]))
            assert group.gaps["equalized_odds@0.5"].value == pytest.approx(odds)
            assert group.gaps["equal_opportunity@0.5"].value == pytest.approx(abs(gaps["true_positive_rate"]))
            assert group.gaps["demographic_parity@0.5"].value == pytest.approx(abs(gaps["positive_rate"]))
            for gap in group.gaps.values():
                assert gap.low <= gap.value <= gap.high


def test_the_calibration_of_a_group_is_its_mean_error() -> None:
    """Mean prediction less mean label, its interval by the normal distribution."""
    batch = rows()
    found = group_sets(batch, SPECS, Fairness((["pay"],)))[0]
    for group in found.groups:
        inside = batch.slices[0].codes == KEYS.index(group.key)
        error = batch.predictions[0][inside] - batch.labels[inside]
        estimate = group.rates["calibration"]
        assert estimate.value == pytest.approx(error.mean())
        spread = 1.959964 * error.std(ddof=1) / math.sqrt(inside.sum())
        assert estimate.high - estimate.value == pytest.approx(spread)


def test_the_interval_of_a_difference_is_newcombes() -> None:
    """56 of 70 and 48 of 80: his table II, method 10, without continuity correction."""
    from penstock.evaluation.intervals import wilson_interval

    sides = []
    for part, whole in ((56, 70), (48, 80)):
        low, high = wilson_interval(np.array([part]), np.array([whole]))
        sides.append(Estimate(part / whole, float(low[0]), float(high[0])))
    gap = gap_of(*sides)
    assert gap.value == pytest.approx(0.2)
    assert gap.low == pytest.approx(0.0524, abs=5e-5)
    assert gap.high == pytest.approx(0.3339, abs=5e-5)


def test_intervals_of_gaps_cover_at_the_stated_rate() -> None:
    """300 pairs of groups of 200 and 300 rows with rates 0.2 and 0.35: about 95 % hold the true gap."""
    rng = np.random.default_rng(3)
    held = 0
    for _ in range(300):
        label = np.zeros(500)
        score = np.where(rng.random(500) < np.repeat([0.2, 0.35], [200, 300]), 0.9, 0.1)
        codes = np.repeat([0, 1], [200, 300])
        batch = ScoredBatch([SpecSlices(KEYS[:2], codes)], label, (score,))
        found = group_sets(batch, SPECS, Fairness((["pay"],), baseline={"pay": "Card"}))[0]
        gap = next(group for group in found.groups if group.key == KEYS[0]).gaps["false_positive_rate@0.5"]
        held += gap.low <= -0.15 <= gap.high
    assert abs(held / 300 - 0.95) <= 3.5 * math.sqrt(0.95 * 0.05 / 300)


def test_what_is_undefined_stays_so() -> None:
    """A group without positives has no true positive rate; one with a broken prediction has no rate at all."""
    label, score = np.array([0.0, 0, 1, 1]), np.array([0.9, 0.1, 0.9, math.nan])
    batch = ScoredBatch([SpecSlices(KEYS, np.array([0, 0, 1, 2]))], label, (score,))
    found = {group.key: group for group in group_sets(batch, SPECS, Fairness((["pay"],)))[0].groups}
    assert math.isnan(found[KEYS[0]].rates["true_positive_rate@0.5"].value)
    assert found[KEYS[0]].rates["false_positive_rate@0.5"].value == 0.5
    assert all(math.isnan(estimate.value) for estimate in found[KEYS[2]].rates.values())
    assert math.isnan(found[KEYS[1]].gaps["equalized_odds@0.5"].value)
    assert (
        group_sets(
            ScoredBatch([SpecSlices([], np.empty(0, np.int64))], label[:0], (score[:0],)), SPECS, Fairness((["pay"],))
        )[0].groups
        == []
    )


def test_the_file_reads_as_it_was_written() -> None:
    """Undefined numbers too."""
    batch = rows(count=30)
    result = FairnessResult([0.5], group_sets(batch, SPECS, Fairness((["pay"],))))
    value = json.loads(json.dumps(result.to_json(), allow_nan=False))
    assert FairnessResult.from_json(value).to_json() == result.to_json()


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"groups": (["pay"],), "max_gap": {"equalised_odds": 0.1}}, "Did you mean 'equalized_odds'"),
        ({"groups": (["pay"],), "max_gap": {"calibration": -0.1}}, "cannot be negative"),
        ({"groups": (["pay"],), "thresholds": ()}, "needs a threshold"),
        ({"max_gap": {"calibration": 0.1}}, "needs groups"),
        ({}, "needs groups"),
    ],
)
def test_a_section_that_means_nothing_is_refused(values: dict[str, object], message: str) -> None:
    """With the nearest name."""
    with pytest.raises(ValueError, match=message):
        Fairness(**values)  # type: ignore[arg-type]
