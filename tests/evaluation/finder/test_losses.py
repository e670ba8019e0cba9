from __future__ import annotations

import math

import numpy as np
import pytest

from penstock.errors import DataError, UsageError
from penstock.evaluation.accumulator import Accumulator, Layout, ScoredBatch
from penstock.evaluation.finder.losses import ROW_METRICS, row_losses, row_metric
from penstock.evaluation.metrics import METRICS, computed, named
from penstock.evaluation.slices import OVERALL, SpecSlices


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("soft", [False, True])
@pytest.mark.parametrize("name", sorted(ROW_METRICS.keys() & METRICS.keys()))
def test_the_mean_loss_is_the_evaluators_metric(name: str, soft: bool, weighted: bool) -> None:
    """Weighted or not, with labels of 0 and 1 and between them."""
    rng = np.random.default_rng(4)
    prediction, label = rng.random(500), rng.random(500)
    label = label if soft else np.round(label)
    weights = rng.random(500) if weighted else None
    accumulator = Accumulator(Layout())
    everywhere = SpecSlices([OVERALL], np.zeros(500, np.int64))
    accumulator.add(ScoredBatch([everywhere], label, (prediction,), weights))
    expected = computed(accumulator, named([name]))[0]["candidate"][name][0]
    losses = row_losses(row_metric(name), prediction, label, weights)
    mean = losses.rows.of(np.ones(len(losses.rows), bool)).mean[0]
    assert losses.value(mean) == pytest.approx(expected)


def test_rows_without_label_weight_or_prediction_are_left_out_and_counted() -> None:
    """Each once."""
    losses = row_losses(
        row_metric("accuracy"),
        np.array([0.9, math.nan, 0.9, 0.1, math.inf]),
        np.array([1.0, 1.0, math.nan, 1.0, 0.0]),
        np.array([1.0, 1.0, 1.0, math.nan, 1.0]),
    )
    assert losses.missing == 4
    assert losses.kept.tolist() == [True, False, False, False, False]
    assert losses.rows.values.tolist() == [0.0]


def test_a_certain_and_wrong_prediction_costs_a_finite_loss() -> None:
    """Keras's bound: no single row decides."""
    losses = row_losses(row_metric("loss"), np.array([0.0, 1.0]), np.array([1.0, 1.0]))
    assert losses.rows.values[0] == pytest.approx(-math.log(1e-7))
    assert losses.rows.values[1] == pytest.approx(0, abs=1e-6)


def test_only_the_rows_of_a_rate_count() -> None:
    """False positives are looked for among negatives, with unit weights where all count in full."""
    losses = row_losses(row_metric("fpr"), np.array([0.9, 0.9, 0.1]), np.array([0.0, 1.0, 0.0]))
    assert losses.kept.tolist() == [True, False, True]
    assert losses.rows.values.tolist() == [1.0, 0.0]
    assert losses.rows.weights is None


def test_a_metric_that_is_no_mean_is_refused() -> None:
    """It is said which there are."""
    with pytest.raises(UsageError, match="means over rows") as error:
        row_metric("auc")
    assert "binary_accuracy" in str(error.value.hint)


def test_labels_of_a_regression_need_a_metric_of_a_regression() -> None:
    """A cross entropy of a label of 7 means nothing."""
    with pytest.raises(DataError, match="first other one is 7"):
        row_losses(row_metric("loss"), np.array([0.5]), np.array([7.0]))
    assert row_losses(row_metric("mean_squared_error"), np.array([5.0]), np.array([7.0])).rows.values.tolist() == [4.0]
