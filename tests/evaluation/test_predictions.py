"""Predictions kept with an evaluation: written by row group, read as the split's rows."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from penstock.artifacts import Examples, ModelEvaluation
from penstock.data.examples import write_split
from penstock.errors import DataError
from penstock.evaluation.predictions import as_numbers, read, write_part
from penstock.evaluation.results import CANDIDATE, EvaluationResult


@pytest.fixture
def evaluation(tmp_path: Path) -> ModelEvaluation:
    """Five rows in two parts, written in the wrong order; one row without a label, one without a weight."""
    table = EvaluationResult("y", "eval", [CANDIDATE], [], [()], [4], {CANDIDATE: {}})
    (tmp_path / "results.json").write_text(json.dumps(table.to_json()))
    weights = np.array([1.0, np.nan])
    write_part(tmp_path, CANDIDATE, (1, 2), np.array([0.4, 0.5]), np.array([1.0, 0.0]), weights)
    write_part(tmp_path, CANDIDATE, (0, 2), np.array([0.1, np.nan, 0.3]), np.array([0.0, np.nan, 1.0]), np.ones(3))
    return ModelEvaluation(str(tmp_path))


def examples(directory: Path, rows: int) -> Examples:
    found = Examples(str(directory / "examples"))
    found.splits = ["eval"]
    batch = pa.record_batch({"hour": pa.array(range(rows)), "label": pa.array(["a"] * rows)})
    write_split(found, "eval", [batch], batch.schema)
    return found


def test_rows_come_back_in_the_splits_order(evaluation: ModelEvaluation) -> None:
    """A missing label or weight is null; a prediction that is not a number is one."""
    table = read(evaluation)
    assert table.schema.names == ["prediction", "label", "weight"]
    assert table["label"].to_pylist() == [0.0, None, 1.0, 1.0, 0.0]
    assert table["weight"].to_pylist() == [1.0, 1.0, 1.0, 1.0, None]
    np.testing.assert_array_equal(table["prediction"].to_numpy(), [0.1, np.nan, 0.3, 0.4, 0.5])


def test_columns_of_the_examples_stand_beside_them(evaluation: ModelEvaluation, tmp_path: Path) -> None:
    """Row by row; those of a name that is taken, of other examples or of none are refused by name."""
    assert read(evaluation, examples(tmp_path, 5), columns=["hour"])["hour"].to_pylist() == [0, 1, 2, 3, 4]
    with pytest.raises(DataError, match="a column 'label' of their own"):
        read(evaluation, examples(tmp_path, 5), columns=["label"])
    with pytest.raises(DataError, match="no column 'huor'"):
        read(evaluation, examples(tmp_path, 5), columns=["huor"])
    with pytest.raises(DataError, match="made of 5 rows and these examples have 6"):
        read(evaluation, examples(tmp_path, 6), columns=["hour"])


def test_scores_of_several_classes_are_lists(tmp_path: Path) -> None:
    """Of fixed size; a row of labels with a hole in it is null."""
    scores = np.array([[0.1, 0.9], [0.7, 0.3]])
    write_part(tmp_path, "baseline", (0, 1), scores, np.array([[0.0, 1.0], [np.nan, 1.0]]), None)
    table = read(ModelEvaluation(str(tmp_path)), model="baseline")
    assert table.schema.names == ["prediction", "label"]
    assert table["prediction"].to_pylist() == scores.tolist()
    assert table["label"].to_pylist() == [[0.0, 1.0], None]


def test_what_keeps_no_predictions_or_damaged_ones_says_so(evaluation: ModelEvaluation) -> None:
    """With the model asked for, or the directory that is damaged."""
    with pytest.raises(DataError, match="no predictions of a model 'baseline'"):
        read(evaluation, model="baseline")
    evaluation.path("predictions", "candidate", "part-00000-of-00002.parquet").write_bytes(b"PAR1")
    with pytest.raises(DataError, match="predictions are damaged"):
        read(evaluation)


def test_lists_of_scores_become_a_matrix() -> None:
    """Whole, in slices and in several chunks; a row that is null is not a number throughout."""
    lists = pa.FixedSizeListArray.from_arrays(pa.array(np.arange(8.0)), 2, mask=pa.array([False, True, False, False]))
    expected = [[0, 1], [math.nan, math.nan], [4, 5], [6, 7]]
    np.testing.assert_array_equal(as_numbers(pa.chunked_array([lists])), expected)
    np.testing.assert_array_equal(as_numbers(pa.chunked_array([lists.slice(1, 2), lists.slice(3)])), expected[1:])
    np.testing.assert_array_equal(as_numbers(pa.chunked_array([pa.array([1.0, None])])), [1, math.nan])
