"""Reading and writing the rows of an `Examples` artifact: Parquet files with one record batch a row group."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from penstock.artifacts import Examples
from penstock.errors import DataError, did_you_mean

__all__ = [
    "ROW_GROUP_ROWS",
    "RowGroup",
    "arrow_schema",
    "empty_batch",
    "even_slices",
    "open_writer",
    "read_row_group",
    "read_table",
    "record_batches",
    "row_count",
    "row_groups",
    "write_split",
]

ROW_GROUP_ROWS = 65_536
"""The most rows that one row group, and so one record batch, holds."""


@dataclass(frozen=True, order=True)
class RowGroup:
    """Where one record batch lies: what a Beam pipeline starts from, in place of the data.

    Attributes:
        path: The Parquet file.
        index: The row group's index in it, from 0.
        rows: How many rows it holds.
    """

    path: str
    index: int
    rows: int


def row_groups(examples: Examples, split: str) -> list[RowGroup]:
    """The row groups of one split that hold rows, in the order of the rows; reads the files' footers only.

    Raises:
        DataError: There is no such split, it has no files, or a file is not Parquet; names the path.
    """
    found = []
    for path in examples.files(split):
        metadata = _metadata(path)
        for index in range(metadata.num_row_groups):
            rows = metadata.row_group(index).num_rows
            if rows:
                found.append(RowGroup(str(path), index, rows))
    return found


def read_row_group(group: RowGroup, columns: Sequence[str] | None = None) -> pa.RecordBatch:
    """One row group as one contiguous batch that owns its memory, its columns in the order asked for.

    Raises:
        DataError: The file lacks a column of ``columns``, or is damaged.
    """
    if columns is not None and not columns:
        return pa.record_batch({"": pa.nulls(group.rows)}).select([])
    try:
        with pq.ParquetFile(group.path) as file:
            _check_columns(file.schema_arrow, columns, group.path)
            table = file.read_row_group(group.index, columns=None if columns is None else list(columns))
    except (pa.ArrowInvalid, OSError) as error:
        raise _damaged(Path(group.path), error) from error
    if columns is not None:
        table = table.select(list(columns))
    return _one_batch(table)


def record_batches(examples: Examples, split: str, columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
    """The rows of one split, a batch for each row group, in order."""
    for group in row_groups(examples, split):
        yield read_row_group(group, columns)


def read_table(examples: Examples, split: str, *, columns: Sequence[str] | None = None) -> pa.Table:
    """The rows of one split in memory, in order.

    Args:
        examples: The artifact.
        split: The split's name.
        columns: The columns wanted, in this order; all of them if not given.

    Returns:
        A table with a chunk for each row group. Missing values are null; a column that no row has a value for is of
        type null.

    Raises:
        DataError: The artifact has no such split or column; offers the nearest.
    """
    schema = arrow_schema(examples, split)
    _check_columns(schema, columns, str(examples.split_path(split)))
    if columns is not None:
        schema = pa.schema([schema.field(name) for name in columns])
    return pa.Table.from_batches(record_batches(examples, split, columns), schema=schema)


def arrow_schema(examples: Examples, split: str) -> pa.Schema:
    """The names and Arrow types of a split's columns, from the footer of its first file."""
    path = examples.files(split)[0]
    try:
        with pq.ParquetFile(path) as file:
            return file.schema_arrow.remove_metadata()
    except (pa.ArrowInvalid, OSError) as error:
        raise _damaged(path, error) from error


def row_count(examples: Examples, split: str) -> int:
    """How many rows a split has, from the files' footers."""
    return sum(_metadata(path).num_rows for path in examples.files(split))


def write_split(examples: Examples, split: str, batches: Iterable[pa.RecordBatch], schema: pa.Schema) -> int:
    """Writes one split as a single Parquet file and returns its number of rows; no batches make an empty split.

    For what one process makes in one go. A Beam pipeline writes with `penstock.data.beam_io.WriteParquet`.
    """
    directory = examples.path(f"Split-{split}")
    directory.mkdir(parents=True, exist_ok=True)
    rows = 0
    with open_writer(directory / "data-00000-of-00001.parquet", schema) as writer:
        for batch in batches:
            rows += batch.num_rows
            for part in even_slices(batch):
                writer.write_batch(part)
    return rows


def open_writer(path: str | Path, schema: pa.Schema) -> pq.ParquetWriter:
    """A Parquet writer with the settings that every file of Examples has; the Arrow schema travels in its footer."""
    return pq.ParquetWriter(str(path), schema, compression="zstd")


def even_slices(batch: pa.RecordBatch, limit: int = ROW_GROUP_ROWS) -> Iterator[pa.RecordBatch]:
    """Cuts a batch into the fewest slices of at most ``limit`` rows, all of nearly the same length."""
    parts = max(1, -(-batch.num_rows // limit))
    bounds = [batch.num_rows * part // parts for part in range(parts + 1)]
    for start, stop in pairwise(bounds):
        yield batch.slice(start, stop - start)


def empty_batch(schema: pa.Schema) -> pa.RecordBatch:
    """A batch with no rows."""
    return pa.RecordBatch.from_arrays([pa.nulls(0, field.type) for field in schema], schema=schema)


def _one_batch(table: pa.Table) -> pa.RecordBatch:
    table = table.replace_schema_metadata(None)
    batches = table.combine_chunks().to_batches()
    if len(batches) > 1:
        raise DataError(
            f"A row group of {table.num_rows:,} rows holds more text than one Arrow array takes (2 GB).",
            hint="Write the examples in smaller row groups.",
        )
    return batches[0] if batches else empty_batch(table.schema)


def _metadata(path: Path) -> pq.FileMetaData:
    try:
        return pq.read_metadata(path)
    except (pa.ArrowInvalid, OSError) as error:
        raise _damaged(path, error) from error


def _damaged(path: Path, error: Exception) -> DataError:
    return DataError(
        f"This is not a readable Parquet file: {str(error).splitlines()[0][:200]}",
        path=str(path),
        hint="Examples are never changed once written: run the node that made them again.",
    )


def _check_columns(schema: pa.Schema, columns: Sequence[str] | None, path: str) -> None:
    for name in columns or ():
        if name not in schema.names:
            raise DataError(
                f"The examples have no column {name!r}.",
                hint=did_you_mean(name, schema.names),
                path=path,
                column=name,
            )
