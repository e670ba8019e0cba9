"""The taxi model, candidate and baseline, weighted and not: every metric on every slice equals TFMA's."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from penstock.artifacts import Examples, ModelEvaluation
from penstock.evaluation.predictions import read
from penstock.evaluation.slices import SliceValue
from tests.evaluation.test_conformance import compared, ours, theirs_of

pytestmark = [
    pytest.mark.conformance,
    pytest.mark.timeout(900),
    # TFMA divides by empty bins, and reads records and builds Beam pipelines in ways that both now warn of.
    pytest.mark.filterwarnings("ignore"),
]

SLICES: list[SliceValue] = [
    [],
    ["trip_start_hour"],
    ["payment_type"],
    ["company"],
    ["trip_start_hour", "payment_type"],
]
WEIGHTS = (None, "seconds")
FEATURES = ["trip_start_hour", "payment_type", "company", "trip_seconds"]


@pytest.fixture(scope="module")
def scored(repository: Path, taxi_csv: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The evaluated trips with the scores of two models: the one trained first, and a longer trained candidate."""
    import shutil

    directory = tmp_path_factory.mktemp("taxi") / "chicago_taxi"
    ignored = shutil.ignore_patterns(".penstock", "serving", "data", "__pycache__")
    shutil.copytree(repository / "examples" / "chicago_taxi", directory, ignore=ignored)
    for steps in (200, 400):
        command = [sys.executable, "-P", "-m", "penstock", "run", str(directory), "--set", f"data.path={taxi_csv}"]
        command += ["--set", f"trainer.train_args.num_steps={steps}", "--set", "evaluator.gate=off"]
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=dict(os.environ))
        assert done.returncode == 0, done.stdout + done.stderr
    newest = max(directory.glob(".penstock/*/Evaluator/*/evaluation"), key=lambda path: path.stat().st_mtime)
    (made,) = directory.glob(".penstock/*/CsvExampleGen/*/examples")
    examples = Examples(str(made))
    table = read(ModelEvaluation(str(newest)), examples, columns=FEATURES).to_pandas()
    baseline = read(ModelEvaluation(str(newest)), model="baseline").to_pandas()
    # Rows where a feature is missing are in no slice of it; here all are kept, so that both engines say so.
    table = table.assign(baseline=baseline.prediction, seconds=table.trip_seconds.fillna(0.0) / 1000 + 0.5)
    return {str(name): table[name].to_numpy() for name in table}


def test_every_metric_of_the_taxi_models_equals_tfmas(scored: dict[str, npt.NDArray[Any]]) -> None:
    """Overall, by hour, by payment, by company, and by hour and payment, to 1e-6; areas at the same thresholds."""
    known = np.array([isinstance(one, str) for one in scored["company"]])
    columns = {
        "label": scored["label"],
        "prediction": scored["prediction"].astype(np.float32),
        "baseline": scored["baseline"].astype(np.float32),
        "trip_start_hour": scored["trip_start_hour"].astype(np.int64),
        "payment_type": scored["payment_type"].astype(str),
        "company": np.where(known, scored["company"], "unknown").astype(str),
        "seconds": scored["seconds"].astype(np.float32),
    }
    assert not np.array_equal(columns["prediction"], columns["baseline"])
    models = {f"{model}, {weight}": (model, weight) for model in ("prediction", "baseline") for weight in WEIGHTS}
    reference = theirs_of(columns, models, SLICES)
    for name, (model, weight) in models.items():
        mine = ours({**columns, "prediction": columns[model]}, weight, slices=SLICES)
        assert compared(mine, reference[name], weight, extreme=False) > 3000, name
