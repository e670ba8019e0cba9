"""Several passes over the rows of an evaluation come to what one does."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from penstock.artifacts import Examples
from penstock.data.examples import row_groups, write_split
from penstock.errors import DataError
from penstock.evaluation import evaluate
from penstock.evaluation.evaluate import Evaluation, prepare
from penstock.evaluation.given import Given
from penstock.evaluation.passes import passes
from penstock.evaluation.plots import PLOTS_FILE
from penstock.evaluation.results import RESULTS_FILE
from penstock.evaluation.slices import SliceValue

ROWS = 3000
SLICES: list[SliceValue] = [[], ["key"], ["hour"], {"hour": 1}, ["hour", "key"], ["nobody"]]


@pytest.fixture
def examples(tmp_path: Path) -> Examples:
    """Rows of two row groups with two scores, a key of many values, and a feature that no row has."""
    rng = np.random.default_rng(3)
    table = pa.table(
        {
            "label": rng.integers(0, 2, ROWS).astype(np.float64),
            "score": rng.random(ROWS),
            "before": rng.random(ROWS),
            "weight": rng.random(ROWS),
            "hour": rng.integers(0, 4, ROWS),
            "key": pa.array(rng.integers(0, 100, ROWS), mask=rng.random(ROWS) < 0.1),
            "nobody": pa.nulls(ROWS, pa.string()),
        }
    )
    made = Examples(str(tmp_path / "examples"))
    made.splits = ["eval"]
    write_split(made, "eval", table.to_batches(ROWS // 2), table.schema)
    return made


def prepared(examples: Examples, slices: list[SliceValue], **more: Any) -> Evaluation:
    """An evaluation with two models."""
    return prepare(
        examples,
        {"candidate": "", "baseline": ""},
        load=str,
        label="label",
        transformed_label=False,
        slices=slices,
        metrics=["auc", "recall", "calibration"],
        thresholds=[],
        split="eval",
        weight="weight",
        given=Given(prediction="score", baseline="before"),
        **more,
    )


def test_specs_are_shared_out_by_the_cells_that_they_take(examples: Examples) -> None:
    """One pass where all fit; else specs over the same features stay together, and each pass has at least one."""
    plan, groups = prepared(examples, SLICES).plan, row_groups(examples, "eval")
    assert passes(plan, groups) == [plan.slices]
    # No slice has more cells than rows: two models with 3,000 of them a spec; those of hour=1 are hour's already.
    assert [[str(spec) for spec in one] for one in passes(plan, groups, at_once=12_500)] == [
        ["overall", "key"],
        ["hour", "hour=1", "hour, key", "nobody"],
    ]
    assert [len(one) for one in passes(plan, groups, at_once=1)] == [1, 1, 2, 1, 1]


def flat(value: Any) -> Any:
    """A JSON value with its numbers to eight places: in which order they were summed differs."""
    if isinstance(value, dict):
        return {name: flat(one) for name, one in value.items()}
    if isinstance(value, list):
        return [flat(one) for one in value]
    return round(value, 8) + 0.0 if isinstance(value, float) else value


@pytest.mark.component
def test_several_passes_come_to_what_one_does(
    examples: Examples, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same results and plots; a spec without a slice is no error, and an error of a later pass is told as it is."""
    import apache_beam as beam

    def run(name: str, slices: list[SliceValue]) -> tuple[Any, Any]:
        directory = tmp_path / name
        heard: list[int] = []
        one = prepared(examples, slices)
        one.run(lambda: beam.Pipeline(runner="FnApiRunner"), directory, heard.append)
        assert sum(heard) == one.rows
        assert not [*directory.glob("pass-*")]
        results, plots = (json.loads((directory / file).read_text()) for file in (RESULTS_FILE, PLOTS_FILE))
        return results, plots

    whole = run("one", SLICES)
    monkeypatch.setattr(evaluate, "passes", partial(passes, at_once=1))
    several = run("several", SLICES)
    for one, other in zip(several, whole, strict=True):
        assert one.keys() == other.keys()
        assert [name for name in one if flat(one[name]) != flat(other[name])] == []
    with pytest.raises(DataError, match="cannot be computed"):
        run("wrong", [*SLICES, [{"expression": "hour > 'a'"}]])
    with pytest.raises(DataError, match="no row to evaluate"):
        run("none", [["nobody"]])
