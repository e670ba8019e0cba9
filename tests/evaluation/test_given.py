"""Predictions and late labels from columns: of a file that is joined by key, of whatever format."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from penstock.errors import DataError, GraphError, UsageError
from penstock.evaluation.given import Given, GivenFile, check_given

GIVEN = Given(prediction="score", label="tipped", key=("trip", "part"))
TABLE = pa.table({"trip": [3, 1, 2], "part": ["a", "a", "b"], "score": [0.3, 0.1, 0.2], "tipped": [1, 0, None]})
WRITERS: dict[str, Callable[[Path], object]] = {
    "parquet": lambda path: pq.write_table(TABLE, path),
    "csv": lambda path: pyarrow.csv.write_csv(TABLE, path),
    "jsonl": lambda path: path.write_text("\n".join(json.dumps(row) for row in TABLE.to_pylist())),
}


@pytest.mark.parametrize("format", WRITERS)
def test_rows_are_found_by_key(tmp_path: Path, format: str) -> None:
    """In the order of the examples, whatever the file's; a row that the file does not know is null."""
    path = tmp_path / f"scores.{format}"
    WRITERS[format](path)
    batch = pa.record_batch({"trip": [1, 2, 3, 4, None], "part": ["a", "b", "a", "a", "a"]})
    found = GivenFile(str(path), GIVEN).found(batch)
    assert found["score"].to_pylist() == [0.1, 0.2, 0.3, None, None]
    assert found["tipped"].to_pylist() == [0, None, 1, None, None]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (Given(prediction="scroe", key=("trip",)), "no column 'scroe'"),
        (Given(prediction="score", key=("part",)), "1 of 3 rows of the predictions repeat a key"),
    ],
)
def test_a_file_that_does_not_fit_is_named(tmp_path: Path, given: Given, message: str) -> None:
    """With its columns or keys."""
    pq.write_table(TABLE, tmp_path / "scores.parquet")
    with pytest.raises(DataError, match=message):
        GivenFile(str(tmp_path / "scores.parquet"), given)


def test_a_key_of_another_type_is_named(tmp_path: Path) -> None:
    """Numbers are found by numbers that are written as text, but not by words."""
    pq.write_table(TABLE, tmp_path / "scores.parquet")
    file = GivenFile(str(tmp_path / "scores.parquet"), Given(prediction="score", key=("trip",)))
    assert file.found(pa.record_batch({"trip": ["3"]}))["score"].to_pylist() == [0.3]
    with pytest.raises(DataError, match="no column 'trip' to find rows by"):
        file.found(pa.record_batch({"trap": [3]}))
    words = GivenFile(str(tmp_path / "scores.parquet"), Given(prediction="score", key=("trip", "part")))
    with pytest.raises(DataError, match="key 'part' of the predictions is of type string"):
        words.found(pa.record_batch({"trip": [3], "part": [1]}))


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("gone.parquet", None, DataError),
        ("torn.parquet", b"PAR1", DataError),
        ("empty.csv", b"", DataError),
        ("scores.xls", b"x", UsageError),
    ],
)
def test_what_cannot_be_read_names_the_file(
    tmp_path: Path, name: str, content: bytes | None, kind: type[Exception]
) -> None:
    """And the formats there are."""
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(kind, match=r"\.parquet, \.csv, \.jsonl"):
        GivenFile(str(tmp_path / name), GIVEN)


@pytest.mark.parametrize(
    ("given", "file", "message"),
    [
        (None, "scores.csv", "does not say which of its columns"),
        (Given(prediction="score"), "scores.csv", "does not say which of its columns"),
        (Given(prediction="score", key=("trip",)), "", "no predictions_file"),
        (Given(label="late"), "", "no predictions_file"),
        (Given(baseline="old"), "", "none of the candidate"),
        (Given(prediction="trip", key=("trip",)), "scores.csv", "a column of the key"),
    ],
)
def test_parameters_are_held_against_each_other(given: Given | None, file: str, message: str) -> None:
    """Before anything runs."""
    with pytest.raises(GraphError, match=message):
        check_given({"predictions": given, "predictions_file": file})
