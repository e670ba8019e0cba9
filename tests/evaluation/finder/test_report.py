from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from penstock.artifacts import Examples, ModelEvaluation
from penstock.errors import DataError, UsageError
from penstock.evaluation.finder.report import find_slices
from penstock.evaluation.finder.search import Options
from tests.evaluation.finder.conftest import plant

Planted = tuple[ModelEvaluation, Examples]


@pytest.mark.parametrize("metric", ["loss", "accuracy", "fnr", "recall"])
def test_the_planted_cross_is_found_from_kept_predictions(planted: Planted, metric: str) -> None:
    """First, with the metric inside and outside; whichever way is better, inside is worse."""
    report = find_slices(*planted, metric=metric, options=Options(min_rows=50))
    one, inside, outside = report.found[0]
    assert one.name == "hour=4, pay=Cash"
    assert report.missing == 6
    assert report.features == ["hour", "pay", "miles"]
    assert "list" in report.left_out["words"]
    assert inside.interval[0] < inside.value < inside.interval[1]
    assert (inside.value < outside.value) == (metric in ("accuracy", "recall"))


@pytest.mark.parametrize("metric", ["loss", "accuracy"])
def test_against_a_baseline_slices_are_found_where_the_candidate_is_worse_than_it(tmp_path: Path, metric: str) -> None:
    """First where it got worse; where the baseline was the bad one, the other way round. Values are differences."""
    planted = plant(tmp_path, baseline=True)
    report = find_slices(*planted, metric=metric, against="baseline", options=Options(min_rows=50))
    one, inside, _ = report.found[0]
    assert one.name == "hour=4, pay=Cash"
    assert (inside.value < 0) == (metric == "accuracy")
    assert inside.interval[0] < inside.value < inside.interval[1]
    other = find_slices(*planted, metric=metric, model="baseline", against="candidate", options=Options(min_rows=50))
    assert [found.name for found, *_ in other.found][:1] == ["hour=1"]
    assert report.to_json()["against"] == "baseline"


def test_a_slice_where_the_candidate_gained_less_is_not_worse(tmp_path: Path) -> None:
    """It stands out among the differences, and is no reason to keep the old model."""
    evaluation, examples = plant(tmp_path, baseline=True)
    file = next(evaluation.path("predictions", "baseline").glob("*.parquet"))
    table = pq.read_table(file)
    hour = pq.read_table(next(examples.split_path("eval").glob("*.parquet")))["hour"].to_numpy()
    label = table["label"].to_numpy(zero_copy_only=False)
    near = np.where(label == 1, 0.6, 0.4)
    candidate = next(evaluation.path("predictions", "candidate").glob("*.parquet"))
    pq.write_table(table.set_column(0, "prediction", pa.array(near)), candidate)
    # Far off everywhere, but less so at 3 o'clock.
    worse = np.where(hour == 3, 0.5, np.where(label == 1, 0.1, 0.9))
    pq.write_table(table.set_column(0, "prediction", pa.array(worse)), file)
    assert not find_slices(evaluation, examples, against="baseline").found


def test_what_cannot_be_compared_with_a_baseline_is_said(tmp_path: Path) -> None:
    """Precision is over other rows of each model; no model differs from itself; a baseline must have been kept."""
    planted = plant(tmp_path, baseline=True)
    with pytest.raises(UsageError, match="others of each model"):
        find_slices(*planted, metric="precision", against="baseline")
    with pytest.raises(UsageError, match="with itself"):
        find_slices(*planted, model="baseline", against="baseline")
    with pytest.raises(DataError, match="no predictions of a model 'baseline'"):
        find_slices(*plant(tmp_path / "alone"), against="baseline")


def test_the_report_is_json(tmp_path: Path) -> None:
    """Conditions as values, buckets with their ends."""
    report = find_slices(*plant(tmp_path, far=True), only=["miles"])
    value = json.loads(json.dumps(report.to_json(), allow_nan=False))
    assert value["features"] == ["miles"]
    ends = [one["conditions"]["miles"] for one in value["slices"]]
    assert {"from": pytest.approx(6.9, abs=0.5), "below": None} in ends


def test_columns_may_be_left_out(planted: Planted) -> None:
    """Without pay only the hour can show what is wrong."""
    report = find_slices(*planted, exclude=["pay"])
    assert report.found[0][0].name == "hour=4"
    with pytest.raises(UsageError, match="no column 'pya'") as error:
        find_slices(*planted, exclude=["pya"])
    assert "pay" in str(error.value.hint)


def test_a_regression_is_compared_by_its_squared_error(planted: Planted) -> None:
    """Where labels are not between 0 and 1 and no metric is named."""
    evaluation, examples = planted
    file = next(evaluation.path("predictions").rglob("*.parquet"))
    table = pq.read_table(file)
    pq.write_table(table.set_column(0, "prediction", pa.array([7.5] * len(table))), file)
    assert find_slices(evaluation, examples).metric == "mean_squared_error"


def test_examples_of_another_evaluation_are_refused(planted: Planted) -> None:
    """Their rows do not stand beside the predictions."""
    evaluation, examples = planted
    file = next(evaluation.path("predictions").rglob("*.parquet"))
    pq.write_table(pq.read_table(file).slice(1), file)
    with pytest.raises(DataError, match="made of 5,999 rows and these examples have 6,000"):
        find_slices(evaluation, examples)


def test_scores_of_several_classes_are_refused(planted: Planted) -> None:
    """It is said what can be done instead."""
    evaluation, examples = planted
    file = next(evaluation.path("predictions").rglob("*.parquet"))
    table = pq.read_table(file)
    pq.write_table(table.set_column(0, "prediction", pa.array([[0.5, 0.5]] * len(table))), file)
    with pytest.raises(DataError, match="one prediction a row"):
        find_slices(evaluation, examples)
