"""Other bounds on an evaluation that is there: verdicts anew, and nothing of it measured again."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from penstock.artifacts import ModelEvaluation
from penstock.evaluation.names import measured
from penstock.evaluation.rejudge import rejudged
from penstock.evaluation.results import EvaluationResult, load
from penstock.evaluation.thresholds import Threshold

VALUES = {"candidate": {"example_count": [100.0], "auc": [0.8]}}


def evaluation(directory: Path) -> ModelEvaluation:
    """An AUC of 0.8 over 100 rows, with predictions beside it."""
    result = EvaluationResult("y", "eval", ["candidate"], ["example_count", "auc"], [()], [100], VALUES)
    (directory / "predictions" / "candidate").mkdir(parents=True)
    (directory / "predictions" / "candidate" / "part-00000-of-00001.parquet").write_text("rows")
    (directory / "results.json").write_text(json.dumps(result.to_json()))
    return ModelEvaluation(str(directory))


def test_results_and_predictions_are_taken_along(tmp_path: Path) -> None:
    """With the verdicts of the new bounds only."""
    before = evaluation(tmp_path / "before")
    after = ModelEvaluation(str(tmp_path / "after"))
    rejudged(before, after, [Threshold("auc", min=0.9)])
    assert [verdict.outcome for verdict in load(after).verdicts] == ["fail"]
    assert load(after).value("auc") == 0.8
    assert after.path("predictions", "candidate", "part-00000-of-00001.parquet").read_text() == "rows"


@pytest.mark.parametrize(
    ("change", "same"),
    [
        ({"thresholds": [{"metric": "auc", "max": 0.5}]}, True),
        ({"gate": "warn"}, True),
        ({"thresholds": []}, True),
        ({"thresholds": [{"metric": "auc", "min": 0.5, "slices": [["hour"]]}]}, True),
        ({"thresholds": [{"metric": "auc", "min": 0.5, "slices": [["pay"]]}]}, False),
        ({"thresholds": [{"metric": "recall", "min": 0.5}]}, False),
        ({"label": "other"}, False),
    ],
)
def test_what_is_measured_does_not_depend_on_bounds(change: dict[str, object], same: bool) -> None:
    """But on the metrics and slices that thresholds name."""
    parameters = {"label": "y", "slices": [[], ["hour"]], "metrics": ["auc"], "thresholds": [], "gate": "block"}
    assert (measured({**parameters, **change}) == measured(parameters)) is same


def test_no_model_runs_and_nothing_heavy_is_imported(tmp_path: Path) -> None:
    """The component itself, in a process of its own: neither TensorFlow nor Beam, and TFMA's files are written."""
    before = evaluation(tmp_path / "before")
    program = f"""
import sys
from penstock.artifacts import Examples, Model, ModelBlessing, ModelEvaluation
from penstock.components.evaluator import Evaluator
from penstock.dsl.context import Context
from penstock.evaluation.thresholds import Threshold
Evaluator.function(
    examples=Examples("nowhere"), model=Model("nowhere"), blessing=ModelBlessing({str(tmp_path / "blessing")!r}),
    evaluation=ModelEvaluation({str(tmp_path / "after")!r}), label="y", metrics=["auc"],
    thresholds=[Threshold("auc", min=0.7)], ctx=Context(earlier={{"evaluation": ModelEvaluation({before.uri!r})}}),
)
print([name for name in ("tensorflow", "apache_beam", "tensorflow_model_analysis") if name in sys.modules])
"""
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout) == (0, "[]\n"), ran.stderr
    assert (tmp_path / "blessing" / "BLESSED").exists()
    assert (tmp_path / "after" / "validations.tfrecord").exists()
