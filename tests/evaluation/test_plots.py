"""Plots: confusion matrices at thresholds, curves and calibration, against the rows themselves."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from penstock.artifacts import ModelEvaluation
from penstock.errors import DataError, UsageError
from penstock.evaluation import tfma_format
from penstock.evaluation.accumulator import Accumulator, Layout, ScoredBatch
from penstock.evaluation.evaluate import tabulated
from penstock.evaluation.metrics import named
from penstock.evaluation.plots import PLOTS_FILE, gathered, load_plots
from penstock.evaluation.slices import SpecSlices, parse
from penstock.evaluation.tfma_protos import metrics_for_slice_pb2

RNG = np.random.default_rng(5)
HOUR = RNG.integers(0, 3, 500)
LABEL = RNG.integers(0, 2, 500).astype(float)
SCORE = np.append(RNG.random(497), [0.0, 0.5, 1.0])
WEIGHT = RNG.random(500)


def accumulated() -> Accumulator:
    """Weighted rows, overall and by hour."""
    accumulator = Accumulator(Layout())
    hours = SpecSlices([(("hour", hour),) for hour in range(3)], HOUR.astype(np.int64))
    whole = SpecSlices([()], np.zeros(500, np.int64))
    accumulator.add(ScoredBatch([whole, hours], LABEL, (SCORE,), WEIGHT))
    return accumulator


@pytest.mark.parametrize("hour", [None, 1])
def test_confusion_matrices_are_those_of_the_rows(hour: int | None) -> None:
    """At every hundredth; the curves are their ratios."""
    plots = gathered(accumulated())
    assert plots is not None
    rows = np.ones(500, bool) if hour is None else hour == HOUR
    at = plots.at_thresholds(() if hour is None else (("hour", hour),))
    for index in (0, 1, 37, 50, 99):
        above = rows & (index / 100 <= SCORE)
        assert at["tp"][index] == pytest.approx((WEIGHT * LABEL)[above].sum())
        assert at["fp"][index] == pytest.approx((WEIGHT * (1 - LABEL))[above].sum())
    assert at["recall"][0] == at["fpr"][0] == 1
    assert at["tp"][100] == at["fp"][100] == 0
    # Of 100 buckets, the area under the curve is that of the rows to two places.
    area = -np.trapezoid(at["recall"], at["fpr"])
    pairs = np.subtract.outer(SCORE[rows & (LABEL == 1)], SCORE[rows & (LABEL == 0)])
    weights = np.multiply.outer(WEIGHT[rows & (LABEL == 1)], WEIGHT[rows & (LABEL == 0)])
    assert area == pytest.approx(((pairs > 0) * weights).sum() / weights.sum(), abs=0.01)


def test_calibration_is_the_means_of_each_bucket() -> None:
    """Predictions to a ten-thousandth, labels and weights exactly."""
    plots = gathered(accumulated())
    assert plots is not None
    found = plots.calibration()
    inside = (SCORE >= 0.25) & (SCORE < 0.26)
    assert found["label"][25] == pytest.approx(np.average(LABEL[inside], weights=WEIGHT[inside]))
    assert found["prediction"][25] == pytest.approx(np.average(SCORE[inside], weights=WEIGHT[inside]), abs=1e-4)
    assert found["weight"].sum() == pytest.approx(WEIGHT.sum())


def test_plots_come_back_and_stand_in_tfmas_file(tmp_path: Path) -> None:
    """For each slice; what there is none of says so."""
    accumulator = accumulated()
    plots = gathered(accumulator)
    assert plots is not None
    with pytest.raises(DataError, match="no plots"):
        load_plots(ModelEvaluation(str(tmp_path)))
    (tmp_path / PLOTS_FILE).write_text(json.dumps(plots.to_json()))
    assert load_plots(ModelEvaluation(str(tmp_path))) == plots
    with pytest.raises(UsageError, match="no plots of 'hour=9' for the candidate"):
        plots.buckets((("hour", 9),))
    result = tabulated(accumulator, label="y", split="eval", metrics=["auc"])
    tfma_format.write(tmp_path, result, named(["auc"]), parse([[], ["hour"]]), [])
    data = (tmp_path / "plots-00000-of-00001.tfrecord").read_bytes()
    length = int.from_bytes(data[:8], "little")
    first = metrics_for_slice_pb2().PlotsForSlice.FromString(data[12 : 12 + length])
    (entry,) = first.plot_keys_and_values
    assert len(entry.value.confusion_matrix_at_thresholds.matrices) == 101
    assert len(entry.value.calibration_histogram_buckets.buckets) == 100


def test_without_a_histogram_there_are_none() -> None:
    """Nor of no rows."""
    assert gathered(Accumulator(Layout(histogram=False))) is None
    assert gathered(Accumulator(Layout())) is None
