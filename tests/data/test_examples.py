"""Reading and writing the rows of Examples."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from penstock.artifacts import Examples
from penstock.data import examples as data
from penstock.errors import DataError

SCHEMA = pa.schema([("n", pa.int64()), ("x", pa.float64()), ("s", pa.string()), ("nothing", pa.null())])


def batch(rows: int, start: int = 0) -> pa.RecordBatch:
    numbers = range(start, start + rows)
    return pa.RecordBatch.from_arrays(
        [
            pa.array(list(numbers), pa.int64()),
            pa.array([None if i % 3 == 0 else i / 2 for i in numbers], pa.float64()),
            pa.array([None if i % 5 == 0 else f"ü{i}" for i in numbers], pa.string()),
            pa.nulls(rows),
        ],
        schema=SCHEMA,
    )


@pytest.fixture
def examples(tmp_path: Path) -> Examples:
    made = Examples(str(tmp_path))
    assert data.write_split(made, "train", [batch(70_000), batch(5, 70_000)], SCHEMA) == 70_005
    assert data.write_split(made, "eval", [batch(3)], SCHEMA) == 3
    made.splits = ["train", "eval"]
    return made


def test_rows_come_back_as_they_were_written(examples: Examples) -> None:
    """A split read back equals the batches written, nulls and types included."""
    table = data.read_table(examples, "train")
    assert table.equals(pa.Table.from_batches([batch(70_005)]))
    assert table.schema == SCHEMA == data.arrow_schema(examples, "train")
    assert data.row_count(examples, "train") == 70_005


def test_row_groups_are_even_and_bounded(examples: Examples) -> None:
    """A long batch is cut into row groups of nearly the same length, none longer than the limit."""
    groups = data.row_groups(examples, "train")
    assert [group.rows for group in groups] == [35_000, 35_000, 5]
    second = data.read_row_group(groups[1])
    assert second.equals(batch(35_000, 35_000))
    assert second.get_total_buffer_size() < 2 * batch(35_000).nbytes


def test_columns_come_in_the_order_asked_for(examples: Examples) -> None:
    """A choice of columns is read in the caller's order, whatever the file's."""
    assert data.read_table(examples, "eval", columns=["s", "n"]).column_names == [
        "s",
        "n",
    ]
    assert [b.schema.names for b in data.record_batches(examples, "eval", ["x"])] == [["x"]]


def test_no_columns_still_count_rows(examples: Examples) -> None:
    """Asked for no columns, a row group keeps its number of rows."""
    assert data.read_row_group(data.row_groups(examples, "eval")[0], []).num_rows == 3


def test_unknown_column_offers_the_nearest(examples: Examples) -> None:
    """A misspelt column is an error that names it and offers one that exists."""
    with pytest.raises(DataError, match=r"no column 'nothin'(.|\n)*'nothing'") as caught:
        data.read_table(examples, "eval", columns=["nothin"])
    assert caught.value.column == "nothin"


def test_unknown_split_offers_the_nearest(examples: Examples) -> None:
    """A misspelt split is an error that offers one that exists."""
    with pytest.raises(DataError, match=r"no split 'evl'(.|\n)*'eval'"):
        data.read_table(examples, "evl")


def test_a_split_without_rows_has_a_schema(tmp_path: Path) -> None:
    """A split written without batches reads as no rows of the right types."""
    examples = Examples(str(tmp_path))
    data.write_split(examples, "empty", [], SCHEMA)
    assert data.row_groups(examples, "empty") == []
    assert data.read_table(examples, "empty").schema == SCHEMA


def test_a_damaged_file_is_named(examples: Examples) -> None:
    """A file that is no longer Parquet is an error with its path."""
    file = examples.files("eval")[0]
    file.write_bytes(file.read_bytes()[:40])
    with pytest.raises(DataError, match="not a readable Parquet file") as caught:
        data.read_table(examples, "eval")
    assert caught.value.path == str(file)
