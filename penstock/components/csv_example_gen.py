"""CsvExampleGen: CSV files in, typed Parquet examples in splits out."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from penstock.artifacts import Examples
from penstock.data.ingest.check import check_input
from penstock.data.spans import resolve_spans
from penstock.data.time_splits import TimeSplits
from penstock.dsl import Context, InputPaths, Output, component

__all__ = ["CsvExampleGen"]

_SPLITS = {"train": 2, "eval": 1}
_NO_TYPES: dict[str, str] = {}
_ALL_COLUMNS: list[str] = []


@component(check=check_input, resolve=resolve_spans)
def CsvExampleGen(
    examples: Output[Examples],
    *,
    input_base: InputPaths,
    span: int | str | None = None,
    version: int | None = None,
    splits: dict[str, int] = _SPLITS,
    types: dict[str, str] = _NO_TYPES,
    on_error: Literal["fail", "skip"] = "fail",
    max_skipped: int = 100,
    split_by: list[str] = _ALL_COLUMNS,
    split_by_time: TimeSplits | None = None,
    on_leak: Literal["fail", "allow"] = "fail",
    sample: float = 1.0,
    ctx: Context,
) -> None:
    """Reads CSV files, tells the types of their columns and shares the rows out to splits.

    A column is int64 if all its values are, else float64, else string; it is looked at as a whole. An empty field,
    quoted or not, is a missing value, and a column without any value has the type null. A column that would become
    string although 95 % of its values are numbers is an error that names the first value that is not, or such rows
    are left out: ``on_error``.

    A row's split follows from its values alone, so that it is the same whatever the order of rows and files, and rows
    that are equal are never in two splits.

    Args:
        examples: Parquet files by split.
        input_base: A CSV file, a directory of ``*.csv`` files, or a pattern, or one of these for each split; gzip
            and zstd files are recognised. UTF-8, comma separated, with a header.
        span: The span to read where ``input_base`` has ``{SPAN}`` or ``{YYYY}``, ``{MM}`` and ``{DD}``: a number, or a
            date. The newest if it is not given.
        version: The version to read where ``input_base`` has ``{VERSION}``; the span's newest if it is not given.
        splits: Names and weights of the splits, as ratios; not those of a path for each split.
        types: Types that are declared and not told from the values, by column: see docs/ingest.md.
        on_error: What a row does that is not usable: ``fail`` stops, ``skip`` leaves it out and reports it.
        max_skipped: How many rows may be left out.
        split_by: Columns whose values decide about a row's split, so that rows that are equal in them are never in two
            splits; all columns if none are given.
        split_by_time: The column of a row's time, and when each split but the first begins; in place of weights.
        on_leak: What it does that rows which are equal, as far as ``split_by`` says, lie in two splits, where splits
            are given or by time: ``fail`` stops and names them, ``allow`` does not look.
        sample: The share of the rows that is kept, for quick runs; chosen by the values that decide about splits.
        ctx: The running node.

    Raises:
        DataError: The data is not usable; names file, row, column and what to do.
        UsageError: Splits or types are not usable.
    """
    from penstock.data.csv.ingest import ingest_csv
    from penstock.data.ingest.job import Job

    job = Job.of(examples.uri, splits, types, on_error, max_skipped, split_by, sample)
    job = replace(job, span=span, version=version, on_leak=on_leak, times=split_by_time)
    ingest_csv(input_base, examples, job, ctx)
