from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from penstock.artifacts import Examples, ModelEvaluation
from penstock.data.examples import write_split
from penstock.evaluation.results import BASELINE, CANDIDATE, EvaluationResult

ROWS = 6_000


@pytest.fixture
def planted(tmp_path: Path) -> tuple[ModelEvaluation, Examples]:
    """An evaluation of 6,000 rows whose model is bad where pay is Cash at 4 o'clock; a few rows have no label."""
    return plant(tmp_path)


def plant(directory: Path, *, far: bool = False, baseline: bool = False) -> tuple[ModelEvaluation, Examples]:
    """The evaluation and its examples; with ``far`` long trips are bad; with a baseline, it is bad elsewhere."""
    rng = np.random.default_rng(11)
    hour, pay = rng.integers(0, 6, ROWS), rng.choice(["Cash", "Card", "Other"], ROWS)
    prediction = rng.beta(2, 5, ROWS)
    miles = rng.exponential(3, ROWS)
    bad = miles > 6 if far else (hour == 4) & (pay == "Cash")
    label = (rng.random(ROWS) < np.where(bad, 0.8, prediction)).astype(np.float64)
    batch = pa.record_batch(
        {
            "hour": pa.array(hour),
            "pay": pa.array(pay),
            "miles": pa.array(miles),
            "label": pa.array(label),
            "words": pa.array([["a"]] * ROWS),
        }
    )
    examples = Examples(str(directory / "examples"))
    examples.splits = ["eval"]
    write_split(examples, "eval", [batch], batch.schema)

    evaluation = ModelEvaluation(str(directory / "evaluation"))
    models = [CANDIDATE, BASELINE] if baseline else [CANDIDATE]
    table = EvaluationResult("label", "eval", models, [], [()], [ROWS], {model: {} for model in models})
    kept = evaluation.path("predictions", CANDIDATE)
    kept.mkdir(parents=True)
    evaluation.path("results.json").write_text(json.dumps(table.to_json()))
    missing = np.arange(ROWS) % 1_000 == 0
    columns = {"prediction": pa.array(prediction), "label": pa.array(label, mask=missing)}
    pq.write_table(pa.table(columns), kept / "part-00000-of-00001.parquet")
    if baseline:
        # Right where the candidate is bad, and bad where both get some wrong already: at 1 o'clock.
        other = np.where(bad, 0.8, np.where(hour == 1, 1 - prediction, prediction))
        before = evaluation.path("predictions", BASELINE)
        before.mkdir()
        pq.write_table(pa.table({**columns, "prediction": pa.array(other)}), before / "part-00000-of-00001.parquet")
    return evaluation, examples
