from __future__ import annotations

import math

import numpy as np
import pytest

from penstock.evaluation.curves import Areas
from penstock.evaluation.histogram import Floats, Histogram, bins_of
from penstock.evaluation.intervals import logit_interval, wilson_interval


def areas_of(label: Floats, prediction: Floats) -> Areas:
    """The areas of one slice of rows that weigh 1."""
    histogram = Histogram()
    histogram.add(np.zeros(len(label), np.int64), bins_of(prediction), np.ones(len(label)), label)
    return Areas.under(histogram, 1)


def test_the_area_is_the_share_of_pairs_in_the_right_order() -> None:
    """Ties count half."""
    areas = areas_of(np.array([1.0, 0.0, 1.0, 0.0]), np.array([0.9, 0.5, 0.5, 0.1]))
    assert areas.roc.tolist() == [(1 + 1 + 0.5 + 1) / 4]


def test_a_slice_without_rows_has_no_area() -> None:
    """It is not a number, and does not disturb its neighbours."""
    histogram = Histogram()
    histogram.add(np.array([0, 0, 2, 2]), np.array([5, 9, 9, 5]), np.ones(4), np.array([0.0, 1.0, 0.0, 1.0]))
    np.testing.assert_array_equal(Areas.under(histogram, 4).roc, [1, math.nan, 0, math.nan])
    np.testing.assert_array_equal(np.isnan(Areas.under(histogram, 4).pr), [False, True, False, True])
    assert np.isnan(Areas.under(Histogram(), 2).roc).tolist() == [True, True]


def test_the_standard_error_is_delongs() -> None:
    """Against the variances of both classes' placements, taken pair by pair."""
    rng = np.random.default_rng(3)
    label = (rng.random(300) < 0.3).astype(float)
    spread = np.clip(rng.normal(0.4 + 0.2 * label, 0.2), 0, 0.99)
    prediction = (np.round(spread, 2) + 5e-5).astype(np.float64)
    positive, negative = prediction[label == 1], prediction[label == 0]
    wins = (positive[:, None] > negative) + 0.5 * (positive[:, None] == negative)
    variance = wins.mean(1).var(ddof=1) / len(positive) + wins.mean(0).var(ddof=1) / len(negative)
    areas = areas_of(label, prediction)
    assert areas.roc[0] == pytest.approx(wins.mean(), rel=1e-12)
    assert areas.roc_error[0] == pytest.approx(math.sqrt(variance), rel=1e-9)


def test_a_perfect_order_fills_both_squares() -> None:
    """Areas of 1, of which no error can be told."""
    areas = areas_of(np.array([0.0, 0.0, 1.0, 1.0]), np.array([0.1, 0.2, 0.8, 0.9]))
    assert areas.roc[0] == 1
    assert areas.pr[0] == pytest.approx(1)
    assert np.isnan(logit_interval(areas.roc, areas.roc_error)).all()


def test_intervals_cover_as_often_as_they_say() -> None:
    """For shares (Wilson) and for areas (DeLong) about 95 in 100 samples of 300 rows, within binomial error."""
    rng = np.random.default_rng(5)
    trials, rows = 600, 300
    label = (rng.random((trials, rows)) < 0.3).astype(float)
    prediction = 1 / (1 + np.exp(-rng.normal(label, 1.0)))
    histogram = Histogram()
    slices = np.repeat(np.arange(trials), rows)
    histogram.add(slices, bins_of(prediction.ravel()), np.ones(trials * rows), label.ravel())
    areas = Areas.under(histogram, trials)
    low, high = logit_interval(areas.roc, areas.roc_error)
    truth = 0.5 * (1 + math.erf(0.5))  # two normals one deviation apart: the area is Phi(1 / sqrt 2)
    allowed = 3 * math.sqrt(0.05 * 0.95 / trials)
    assert ((low <= truth) & (truth <= high)).mean() == pytest.approx(0.95, abs=allowed)
    low, high = wilson_interval(label.sum(1), np.full(trials, float(rows)))
    assert ((low <= 0.3) & (high >= 0.3)).mean() == pytest.approx(0.95, abs=allowed)


def test_wilsons_bounds_stay_within_0_and_1() -> None:
    """At no success and at all, where the plain formula gives a point; not a number of nothing."""
    low, high = wilson_interval(np.array([0.0, 10.0, 0.0]), np.array([10.0, 10.0, 0.0]))
    np.testing.assert_allclose(low[:2], [0, 0.7224672], atol=1e-6)
    np.testing.assert_allclose(high[:2], [0.2775328, 1], atol=1e-6)
    assert math.isnan(low[2])
    assert math.isnan(high[2])


def test_areas_do_not_depend_on_how_many_cells_are_taken_at_once() -> None:
    """One slice at a time, some, or all of them; slices without cells between."""
    rng = np.random.default_rng(8)
    histogram = Histogram()
    slices = rng.choice([0, 1, 2, 5, 6, 9], 500)
    histogram.add(slices, rng.integers(1, 10_001, 500), np.ones(500), rng.integers(0, 2, 500).astype(np.float64))
    whole = Areas.under(histogram, 11)
    assert np.isfinite(whole.roc).sum() == 6
    for at_once in (1, 90, 200, 10_000):
        part = Areas.under(histogram, 11, at_once=at_once)
        np.testing.assert_array_equal(part.roc, whole.roc)
        np.testing.assert_array_equal(part.roc_error, whole.roc_error)
        np.testing.assert_array_equal(part.pr, whole.pr)
