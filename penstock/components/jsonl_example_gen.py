"""JsonlExampleGen: JSON Lines in, typed examples in splits out."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from penstock.artifacts import Examples
from penstock.data.ingest.check import check_input
from penstock.data.spans import resolve_spans
from penstock.data.time_splits import TimeSplits
from penstock.dsl import Context, InputPaths, Output, component

__all__ = ["JsonlExampleGen"]

_SPLITS = {"train": 2, "eval": 1}
_NO_TYPES: dict[str, str] = {}
_ALL_COLUMNS: list[str] = []


@component(check=check_input, resolve=resolve_spans)
def JsonlExampleGen(
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
    """Reads files of JSON objects, one a line, and shares them out to splits.

    A key is a column, of the kind that its first values have: numbers (float64 as soon as one has a fraction), text,
    true and false (1 and 0), lists; the keys of an object in an object are columns ``outer.inner``. A key that one
    lacks, and ``null``, are missing values. A row's split follows from its values alone.

    Args:
        examples: Parquet files by split.
        input_base: A file, a directory of ``*.jsonl``, ``*.ndjson`` or ``*.json`` files, or a pattern, or one of
            these for each split; gzip and zstd files are recognised. UTF-8.
        span: The span to read where ``input_base`` has ``{SPAN}`` or ``{YYYY}``, ``{MM}`` and ``{DD}``: a number, or a
            date. The newest if it is not given.
        version: The version to read where ``input_base`` has ``{VERSION}``; the span's newest if it is not given.
        splits: Names and weights of the splits, as ratios; not those of a path for each split.
        types: Types that are declared, by column: see docs/ingest.md.
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
        DataError: The data is not usable; names file and line.
        UsageError: Splits or types are not usable.
    """
    from penstock.data.ingest.job import Job
    from penstock.data.jsonl import ingest_jsonl

    job = Job.of(examples.uri, splits, types, on_error, max_skipped, split_by, sample)
    job = replace(job, span=span, version=version, on_leak=on_leak, times=split_by_time)
    ingest_jsonl(input_base, examples, job, ctx)
