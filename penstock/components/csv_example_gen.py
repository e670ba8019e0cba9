"""CsvExampleGen: CSV files in, typed Parquet examples in splits out."""

from __future__ import annotations

from typing import Literal

from penstock.artifacts import Examples
from penstock.dsl import Context, InputPath, Output, component

__all__ = ["CsvExampleGen"]

_SPLITS = {"train": 2, "eval": 1}
_NO_TYPES: dict[str, str] = {}
_ALL_COLUMNS: list[str] = []


@component
def CsvExampleGen(
    examples: Output[Examples],
    *,
    input_base: InputPath,
    splits: dict[str, int] = _SPLITS,
    types: dict[str, str] = _NO_TYPES,
    on_error: Literal["fail", "skip"] = "fail",
    max_skipped: int = 100,
    split_by: list[str] = _ALL_COLUMNS,
    sample: float = 1.0,
    ctx: Context,
) -> None:
    """Reads CSV files, tells the types of their columns and shares the rows out to splits.

    A column is int64 if all its values are, else float64, else string; it is looked at as a whole. An empty field,
    quoted or not, is a missing value, and a column without any value has the type null. A column that would become
    string although 99 % of its values are numbers is an error that names the first value that is not.

    A row's split follows from its values alone, so that it is the same whatever the order of rows and files, and rows
    that are equal are never in two splits.

    Args:
        examples: Parquet files by split.
        input_base: A CSV file, a directory of ``*.csv`` files, or a pattern; gzip files are recognised. UTF-8, comma
            separated, with a header.
        splits: Names and weights of the splits, as ratios.
        types: Types that are declared and not told from the values, by column: see docs/ingest.md.
        on_error: What a row does that is not usable: ``fail`` stops, ``skip`` leaves it out and reports it.
        max_skipped: How many rows may be left out.
        split_by: Columns whose values decide about a row's split, so that rows that are equal in them are never in two
            splits; all columns if none are given.
        sample: The share of the rows that is kept, for quick runs; chosen by the values that decide about splits.
        ctx: The running node.

    Raises:
        DataError: The data is not usable; names file, row, column and what to do.
        UsageError: Splits or types are not usable.
    """
    from penstock.data.csv.ingest import ingest_csv
    from penstock.data.ingest.job import Job

    ingest_csv(input_base, examples, Job.of(examples.uri, splits, types, on_error, max_skipped, split_by, sample), ctx)
