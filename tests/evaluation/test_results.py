from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from penstock.artifacts import ModelEvaluation
from penstock.errors import DataError, UsageError
from penstock.evaluation.results import EvaluationResult, load
from penstock.evaluation.slices import SliceSpec
from penstock.gates import Verdict


def result() -> EvaluationResult:
    """Overall, three hours, one payment type."""
    return EvaluationResult(
        label="y",
        split="eval",
        models=["candidate"],
        metrics=["auc"],
        slices=[(), (("hour", 2),), (("hour", 3),), (("hour", 4),), (("pay", "Cash"),)],
        n=[100, 50, 40, 10, 70],
        values={"candidate": {"auc": [0.8, 0.7, math.nan, 0.6, math.inf]}},
        intervals={"candidate": {"auc": [(0.7, 0.9), (math.nan, math.nan), (0.1, 0.2), (0.1, 0.2), (0.1, 0.2)]}},
        counts={"rows": 100},
        verdicts=[Verdict("auc min", "pass", observed=0.8)],
    )


def written(directory: Path) -> ModelEvaluation:
    """An evaluation as the component leaves it."""
    (directory / "results.json").write_text(json.dumps(result().to_json(), allow_nan=False))
    result().write_verdicts(directory)
    return ModelEvaluation(str(directory))


def test_what_was_written_is_read_back(tmp_path: Path) -> None:
    """Keys with their types, undefined and infinite numbers, intervals, verdicts."""
    found = load(written(tmp_path))
    assert found.slices == result().slices
    assert found.verdicts == result().verdicts
    assert found.value("auc") == 0.8
    assert math.isnan(found.value("auc", (("hour", 3),)))
    assert found.value("auc", (("pay", "Cash"),)) == math.inf
    assert found.interval("auc") == (0.7, 0.9)
    assert found.interval("auc", (("hour", 2),)) is None


def test_the_worst_slices_come_worst_first() -> None:
    """Those over just these features, large enough, and defined."""
    found = result()
    assert [one.name for one in found.worst("auc", ["hour"])] == ["hour=4", "hour=2"]
    assert [one.name for one in found.worst("auc", ["hour"], min_examples=20)] == ["hour=2"]
    assert [(one.n, one.metrics) for one in found.worst("auc", ["hour"], count=1)] == [(10, {"auc": 0.6})]
    assert [one.name for one in found.of(SliceSpec())] == ["overall"]


def test_unknown_names_are_met_with_the_nearest() -> None:
    """A metric, a slice, a model."""
    found = result()
    with pytest.raises(UsageError, match="no metric 'aucc'") as caught:
        found.value("aucc")
    assert caught.value.hint == "Did you mean 'auc'?"
    with pytest.raises(UsageError, match="no slice 'hour=9'"):
        found.value("auc", (("hour", 9),))
    with pytest.raises(UsageError, match="no model 'baseline'"):
        found.value("auc", model="baseline")


def test_a_foreign_evaluation_is_refused_with_the_way_to_read_it(tmp_path: Path) -> None:
    """One of TFX's has no results of ours."""
    with pytest.raises(DataError, match=r"no results\.json") as caught:
        load(ModelEvaluation(str(tmp_path)))
    assert "load_eval_result" in str(caught.value)
