"""Statistics of CSV and Parquet files as they lie there, before there is a pipeline."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from penstock.artifacts import ExampleStatistics
from penstock.data.csv import files as csv_files
from penstock.data.csv.ingest import read_csv
from penstock.data.ingest.files import find
from penstock.data.ingest.job import Job, Report
from penstock.data.ingest.rejected import OnError
from penstock.data.ingest.shards import Shard
from penstock.data.parquet import PARQUET
from penstock.data_validation.generate import write_statistics
from penstock.data_validation.statistics import SlicedSummary
from penstock.dsl import Context
from penstock.errors import DataError

__all__ = ["statistics_of_files"]

_SPLIT = "all"


def statistics_of_files(
    path: str,
    directory: Path,
    ctx: Context,
    *,
    types: Mapping[str, str] | None = None,
    on_error: OnError = "fail",
    max_skipped: int = 100,
) -> ExampleStatistics:
    """Statistics of every column, as `StatisticsGen` makes them; the rows are read once and written nowhere.

    Args:
        path: A CSV or Parquet file, a directory of CSV files, or a pattern.
        directory: Where ``FeatureStats.pb`` and ``Summary.zip`` go, below a directory of the split ``all``.
        ctx: Who is told how far it is.
        types: As for `CsvExampleGen`.
        on_error: Likewise.
        max_skipped: Likewise.

    Raises:
        DataError: The data is not usable; names file, row, column and what to do.
        UsageError: Types are not usable.
    """
    if re.search(PARQUET.names, path.lower()):
        summary = _of_parquet(path, ctx)
    else:
        summary = _of_csv(path, Job.of(path, {_SPLIT: 1}, types or {}, on_error, max_skipped, (), 1.0), ctx)
    statistics = ExampleStatistics(str(directory))
    to = statistics.split_path(_SPLIT)
    to.mkdir(parents=True, exist_ok=True)
    write_statistics(summary, _SPLIT, to)
    statistics.splits = [_SPLIT]
    return statistics


def _of_csv(path: str, job: Job, ctx: Context) -> SlicedSummary:
    summaries: dict[int, SlicedSummary] = {}

    def summed(shard: Shard, batch: pa.RecordBatch, _: Job) -> Report:
        summaries[shard.index] = SlicedSummary(batch.schema)
        summaries[shard.index].add(batch)
        return Report(shard.index, rows={_SPLIT: batch.num_rows})

    read = read_csv(csv_files.open_all(csv_files.find(path).paths), job, ctx, summed)
    whole = SlicedSummary()
    for report in read.reports:
        whole.merge(summaries.pop(report.shard))
    return whole


def _of_parquet(path: str, ctx: Context) -> SlicedSummary:
    whole = SlicedSummary()
    for one in find(path, PARQUET).paths:
        try:
            with pq.ParquetFile(one) as file:
                for batch in ctx.track(file.iter_batches(), text=str(one)):
                    whole.add(batch)
        except (pa.ArrowInvalid, OSError) as error:
            hint = "Write it again, or leave it out."
            raise DataError(f"{one} is no Parquet file that can be read: {error}.", hint=hint, path=str(one)) from None
    return whole
