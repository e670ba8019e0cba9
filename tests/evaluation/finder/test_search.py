from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.evaluation.finder.features import Feature
from penstock.evaluation.finder.search import Options, adjusted, find
from penstock.evaluation.histogram import Floats
from penstock.evaluation.moments import Rows, less, worse

SIZES = {"hour": 24, "pay": 4, "area": 12, "day": 7, "company": 30}


def features(rng: np.random.Generator, rows: int) -> list[Feature]:
    """Columns that say nothing of one another."""
    return [
        Feature(name, list(range(size)), rng.integers(0, size, rows).astype(np.int32)) for name, size in SIZES.items()
    ]


def calibrated(rng: np.random.Generator, rows: int) -> tuple[Floats, Floats]:
    """Predictions and labels of a model that is equally good everywhere."""
    prediction = rng.beta(2, 5, rows)
    return prediction, (rng.random(rows) < prediction).astype(np.float64)


def entropy(prediction: Floats, label: Floats) -> Floats:
    return -(label * np.log(prediction) + (1 - label) * np.log1p(-prediction))


def held(columns: list[Feature], **values: int) -> np.typing.NDArray[np.bool_]:
    """Which rows have these values."""
    mask = np.ones(len(columns[0].codes), bool)
    for feature in columns:
        if feature.name in values:
            mask &= feature.codes == values[feature.name]
    return mask


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("order", [2, 3])
def test_a_planted_cross_comes_first_and_alone(seed: int, order: int) -> None:
    """Neither the features that it crosses nor its own parts are listed beside it."""
    rng = np.random.default_rng(seed)
    columns = features(rng, 20_000)
    prediction, label = calibrated(rng, 20_000)
    bad = held(columns, pay=2, day=3)
    label = np.where(bad, rng.random(20_000) < 0.65, label)
    searched = find(columns, Rows(entropy(prediction, label)), Options(order=order))
    assert searched.found[0].name == "day=3, pay=2"
    assert searched.found[0].rows == bad.sum()
    assert searched.found[0].inside.mean[0] > searched.found[0].outside.mean[0]
    assert not any({"day", "pay"} & dict(one.conditions).keys() for one in searched.found[1:])
    assert searched.significant > len(searched.found)


def test_several_planted_slices_are_all_found() -> None:
    """A single feature, a cross, and a part of a slice that is worse than the rest of it."""
    rng = np.random.default_rng(7)
    columns = features(rng, 60_000)
    prediction, label = calibrated(rng, 60_000)
    for share, values in ((0.55, {"hour": 4}), (0.6, {"pay": 1, "area": 5}), (0.95, {"hour": 4, "pay": 3})):
        label = np.where(held(columns, **values), rng.random(60_000) < share, label)
    searched = find(columns, Rows(entropy(prediction, label)))
    assert {one.name for one in searched.found} == {"hour=4", "area=5, pay=1", "hour=4, pay=3"}


@pytest.mark.parametrize("order", [2, 3])
def test_where_nothing_is_planted_false_discoveries_stay_at_the_rate(order: int) -> None:
    """Of 200 datasets no more than 1 in 20 has any slice found at a rate of 0.05, whatever its effect."""
    wrong = 0
    for seed in range(200):
        rng = np.random.default_rng(1_000 + seed)
        columns = [feature for feature in features(rng, 2_000) if feature.name != "company"]
        loss = entropy(*calibrated(rng, 2_000))
        searched = find(columns, Rows(loss), Options(order=order, min_rows=20, min_effect=0.0))
        assert searched.tested > 200
        wrong += bool(searched.found)
    assert wrong <= 10


def test_what_is_told_beside_planted_slices_is_mostly_true() -> None:
    """Over 40 datasets with three bad slices the share of others among those told is at most the rate."""
    told = false = 0
    planted: list[dict[str, int]] = [{"hour": 4}, {"pay": 1, "area": 5}, {"day": 2, "area": 3}]
    for seed in range(40):
        rng = np.random.default_rng(seed)
        columns = features(rng, 20_000)
        prediction, label = calibrated(rng, 20_000)
        for values in planted:
            label = np.where(held(columns, **values), rng.random(20_000) < 0.6, label)
        for one in find(columns, Rows(entropy(prediction, label)), Options(min_effect=0.0, min_rows=30)).found:
            told += 1
            false += not any(values.items() <= dict(one.conditions).items() for values in planted)
    assert told >= 100
    assert false / told <= 0.05


def test_a_feature_that_another_implies_is_told_once() -> None:
    """Two columns with the same rows give one slice, and no cross of the two."""
    rng = np.random.default_rng(3)
    columns = features(rng, 5_000)
    columns.append(Feature("hour_copy", columns[0].values, columns[0].codes))
    loss = rng.random(5_000) + held(columns, hour=5)
    assert len(find(columns, Rows(loss)).found) == 1


def test_rows_that_are_equally_bad_by_chance_prove_nothing() -> None:
    """A slice without variance inside is held to the variance of all rows."""
    rng = np.random.default_rng(0)
    loss = (rng.random(1_000) < 0.5).astype(np.float64)
    column = Feature("a", ["x"], np.where(np.cumsum(loss) <= 4, 0, -1).astype(np.int32))
    column.codes[loss == 0] = -1
    assert np.count_nonzero(column.codes == 0) == 4
    assert not find([column], Rows(loss), Options(min_rows=2, min_effect=0)).found


@pytest.mark.parametrize(
    "losses",
    [np.zeros(0), np.zeros(50), np.ones(1)],
    ids=["no rows", "all equal", "one row"],
)
def test_nothing_is_found_where_there_is_nothing(losses: Floats) -> None:
    """Without rows, or with losses that are all equal, no test is made."""
    column = Feature("a", [1, 2], (np.arange(len(losses)) % 2).astype(np.int32))
    assert find([column], Rows(losses)).found == []
    assert find([], Rows(losses)).tested == 0


def test_progress_is_told_for_each_cross() -> None:
    """All crosses of one to three features are counted."""
    rng = np.random.default_rng(0)
    told: list[tuple[int, int]] = []
    find(features(rng, 500), Rows(rng.random(500)), Options(order=3), lambda *done: told.append(done))
    crosses = sum(math.comb(5, order) for order in (1, 2, 3))
    assert told == [(done + 1, crosses) for done in range(crosses)]


def test_welchs_test_equals_scipys() -> None:
    """Statistic and p value, one-sided; the effect is Cohen's."""
    from scipy.stats import ttest_ind

    rng = np.random.default_rng(1)
    inside, outside = rng.exponential(1.3, 80), rng.exponential(1.0, 500)
    values = Rows(np.concatenate((inside, outside)))
    codes = np.repeat([0, 1], [80, 500])
    moments = values.by(codes, 2)
    one = values.of(codes == 0)
    assert moments.rows.tolist() == [80, 500]
    found = worse(one, less(values.of(codes >= 0), one), 0.0)
    expected = ttest_ind(inside, outside, equal_var=False, alternative="greater")
    assert found.t[0] == pytest.approx(expected.statistic)
    assert found.p[0] == pytest.approx(expected.pvalue)
    spread = math.sqrt((inside.var(ddof=1) + outside.var(ddof=1)) / 2)
    assert found.effect[0] == pytest.approx((inside.mean() - outside.mean()) / spread)


def test_weights_that_are_all_equal_change_nothing() -> None:
    """The effective number of rows is then the number of rows."""
    rng = np.random.default_rng(2)
    columns = features(rng, 4_000)
    loss = rng.exponential(1, 4_000) + held(columns, day=1)
    plain, weighted = (find(columns, Rows(loss, weights)) for weights in (None, np.full(4_000, 2.5)))
    assert [one.name for one in plain.found] == [one.name for one in weighted.found] == ["day=1"]
    assert weighted.found[0].t == pytest.approx(plain.found[0].t)


def test_a_few_heavy_rows_are_not_taken_for_many() -> None:
    """A slice whose weight lies on three of its rows has an effective size of about three."""
    rng = np.random.default_rng(5)
    weights = np.concatenate(([1e6] * 3, np.ones(997)))
    moments = Rows(rng.random(1_000), weights).by(np.zeros(1_000, np.int64), 1)
    assert moments.size[0] == pytest.approx(3, abs=0.01)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=40), st.integers(0, 20))
def test_adjusted_p_values_find_what_the_step_up_procedure_finds(values: list[float], more: int) -> None:
    """Those at or below the rate are the k smallest, where k is the last with p at most rate x k / tests."""
    p, tests = np.array(values), len(values) + more
    order = np.sort(p)
    for rate in (0.01, 0.05, 0.3):
        fitting = np.flatnonzero(order * tests / np.arange(1, len(p) + 1) <= rate)
        assert (adjusted(p, tests) <= rate).sum() == (fitting[-1] + 1 if len(fitting) else 0)
