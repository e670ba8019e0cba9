"""Parquet files as input: schemas from the footers, rows by row groups."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from operator import add
from pathlib import Path
from typing import ClassVar

import pyarrow as pa
import pyarrow.parquet as pq

from penstock.artifacts import Examples
from penstock.data.examples import ROW_GROUP_ROWS
from penstock.data.ingest.files import Wanted, find, joined, refuse_other
from penstock.data.ingest.flow import Rows, Types, ingest, widened
from penstock.data.ingest.job import Job
from penstock.data.ingest.rejected import Rejections
from penstock.data.ingest.shards import Block, Shard, packed
from penstock.data.ingest.types import stored_batch
from penstock.dsl import Context
from penstock.errors import DataError

__all__ = ["PARQUET", "ParquetReader", "ingest_parquet"]

PARQUET = Wanted("Parquet", r"\.(parquet|pq)$", "*.parquet or *.pq", magics=(b"PAR1",))


def ingest_parquet(input_base: str | Mapping[str, str], examples: Examples, job: Job, ctx: Context) -> None:
    """Reads Parquet files and writes their rows as the splits of ``examples``; see `penstock.data.ingest.flow.ingest`.

    Raises:
        DataError: A file is damaged, or files differ in their columns.
    """
    found = find(input_base, PARQUET)
    ingest(ParquetReader(tuple(map(str, found.paths))), str(found.paths[0]), examples, job.reading(found), ctx)


@dataclass(frozen=True)
class ParquetReader:
    """Parquet files of one set of columns, whose order may differ."""

    paths: tuple[str, ...]
    lists: ClassVar[bool] = False

    def shards(self) -> list[Shard]:
        """Row groups, as the footers tell of them; raises a `DataError` where the files' columns differ."""
        types: dict[str, pa.DataType] = {}
        blocks: list[Block] = []
        for path in self.paths:
            metadata, schema = _footer(path)
            names = set(schema.names)
            if types and names != set(types):
                differences = [
                    f"{joined(sorted(map(repr, some)))} only in {where}"
                    for some, where in ((set(types) - names, self.paths[0]), (names - set(types), path))
                    if some
                ]
                raise DataError(
                    f"Its columns differ from those of {self.paths[0]}: {'; '.join(differences)}.",
                    hint="All files of one input must have the same columns. Write one again, or give a pattern that "
                    "leaves it out.",
                    path=path,
                    column=min(names ^ set(types)),
                )
            types = widened(types, schema, path, lists=False)
            row = 1
            for index in range(metadata.num_row_groups):
                group = metadata.row_group(index)
                if group.num_rows:
                    size = sum(group.column(at).total_compressed_size for at in range(group.num_columns))
                    blocks.append(Block(path, index, index + 1, row, max(size, 1)))
                row += group.num_rows
        return list(packed(blocks))

    def batches(self, block: Block, known: Types, reject: Rejections) -> Iterator[Rows]:
        """The rows of row groups, `ROW_GROUP_ROWS` at a time."""
        first = block.row
        try:
            with pq.ParquetFile(block.path, page_checksum_verification=True) as file:
                groups = range(block.start, block.stop or 0)
                for batch in file.iter_batches(ROW_GROUP_ROWS, row_groups=groups, use_threads=False):
                    yield Rows(batch, partial(add, first))
                    first += batch.num_rows
        except (pa.ArrowException, OSError) as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise
            raise _damaged(block.path, error, f"row group {block.start} (from row {block.row:,})") from error


def _footer(path: str) -> tuple[pq.FileMetaData, pa.Schema]:
    refuse_other(path, PARQUET)
    try:
        with pq.ParquetFile(path) as file:
            metadata, schema = file.metadata, file.schema_arrow
    except (pa.ArrowException, OSError) as error:
        raise _damaged(path, error, "the footer") from error
    if not schema.names:
        raise DataError("The file has no columns.", path=path, hint="A Parquet file with columns is expected.")
    arrays = [pa.nulls(0, field.type) for field in schema]
    return metadata, stored_batch(pa.RecordBatch.from_arrays(arrays, schema=schema), path).schema


def _damaged(path: str, error: Exception, where: str) -> DataError:
    return DataError(
        f"This Parquet file cannot be read at {where}: {str(error).splitlines()[0][:200]}",
        hint=f"If it is damaged, copy it again, whole: {Path(path).stat().st_size:,} bytes are here.",
        path=path,
    )
