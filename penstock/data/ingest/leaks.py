"""Rows in the wrong split: without the time that decides, or in two splits of which they should be in one."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq

from penstock.data.ingest.job import Job, Report, part_path
from penstock.data.ingest.rejected import Rejected
from penstock.data.ingest.shards import Shard
from penstock.errors import DataError

__all__ = ["Locate", "check_leaks", "check_times"]

Locate = Callable[[Shard, int, Collection[Rejected]], tuple[str, int]]
"""The file of a row and its number there, from its shard, its position among the rows of it, and those rejected."""

_NAMED = 3
_LONGEST = 80


class _Row(NamedTuple):
    """A row by its shard's report and its position among the keys of it."""

    report: Report
    at: int


def check_times(job: Job, reports: Sequence[Report], shards: Sequence[Shard], locate: Locate) -> None:
    """Raises a `DataError` that names the first row which has no time, where splits are by time."""
    for report in reports:
        if job.times is not None and report.untimed is not None:
            path, row = locate(shards[report.shard], report.untimed, report.rejected)
            raise DataError(
                f"Row {row} has no value in {job.times.column!r}, by which split_by_time tells its split.",
                hint="Leave such rows out of the input, or split by something that each row has.",
                path=path,
                row=row,
                column=job.times.column,
            )


def check_leaks(job: Job, reports: Sequence[Report], shards: Sequence[Shard], locate: Locate) -> None:
    """Raises a `DataError` that names rows, or groups of `Job.split_by`, which are in two splits, with their places.

    Rows are compared by their hashes, and those that are named by their values. Rows without a value in any column of
    `Job.split_by` are of no group. Takes 40 bytes a row.
    """
    if not job.may_leak:
        return
    read = [report for report in reports if report.keys is not None]
    pairs = _pairs(read)
    named = list(islice(((one, other) for one, other in pairs if _equal(job, one, other)), _NAMED))
    if not named:
        return
    columns = ", ".join(job.split_by)
    what = f"A group of {columns}" if job.split_by else "A row"
    places = [[(*_place(row, shards, locate), _split(job, row)) for row in pair] for pair in named]
    told = "; ".join(
        (f"{_shown(_values(job, one))} " if job.split_by else "")
        + " and ".join(f"in {split} ({path}, row {row})" for path, row, split in pair)
        for (one, _), pair in zip(named, places, strict=True)
    )
    path, row, split = places[0][1]
    raise DataError(
        f"{what} is in two splits, and what a model was trained on cannot evaluate it: {told}"
        f"{', and there may be more' if len(named) == _NAMED else ''}.",
        hint="Take it out of one of the splits, or let it be: on_leak: allow, under data.",
        path=path,
        row=row,
        split=split,
    )


def _pairs(reports: Sequence[Report]) -> Iterator[tuple[_Row, _Row]]:
    """The first rows of one hash that are in two splits, in the order of the data."""
    keys = [report.keys for report in reports if report.keys is not None]
    if not keys:
        return
    hashes = np.concatenate([one.hashes for one in keys])
    splits = np.concatenate([one.splits for one in keys])
    order = np.argsort(hashes, kind="stable")
    hashes, ordered = hashes[order], splits[order]
    # Where a row differs in its split from the one before of the same hash: the group's first such row is enough.
    other = np.flatnonzero((hashes[1:] == hashes[:-1]) & (ordered[1:] != ordered[:-1])) + 1
    _, first = np.unique(hashes[other], return_index=True)
    starts = np.searchsorted(hashes, hashes[other[first]])
    begins = np.cumsum([0, *(len(one.hashes) for one in keys)])

    def row(at: int) -> _Row:
        report = int(np.searchsorted(begins, at, side="right")) - 1
        return _Row(reports[report], at - int(begins[report]))

    found: npt.NDArray[np.intp] = np.stack([order[starts], order[other[first]]])
    for one, two in found[:, np.argsort(found[0])].T:
        yield row(int(one)), row(int(two))


def _equal(job: Job, one: _Row, other: _Row) -> bool:
    values = _values(job, one)
    if all(value is None for value in values.values()):
        return False
    return repr(values) == repr(_values(job, other))  # as text, since NaN is not equal to itself


def _values(job: Job, row: _Row) -> dict[str, Any]:
    """The values that decide, from the file that the row was written to."""
    splits = _keys(row).splits
    at = int(np.count_nonzero(splits[: row.at] == splits[row.at]))
    with pq.ParquetFile(part_path(job.directory, _split(job, row), row.report.shard)) as file:
        for group in range(file.num_row_groups):
            rows = file.metadata.row_group(group).num_rows
            if at < rows:
                table = file.read_row_group(group, columns=list(job.split_by) or None)
                return {name: table.column(name)[at].as_py() for name in table.column_names}
            at -= rows
    raise AssertionError(row)


def _split(job: Job, row: _Row) -> str:
    return list(job.splits)[_keys(row).splits[row.at]]


def _place(row: _Row, shards: Sequence[Shard], locate: Locate) -> tuple[str, int]:
    return locate(shards[row.report.shard], int(_keys(row).rows[row.at]), row.report.rejected)


def _keys(row: _Row) -> Any:
    assert row.report.keys is not None
    return row.report.keys


def _shown(values: dict[str, Any]) -> str:
    text = ", ".join(f"{name} {value!r}" for name, value in values.items())
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
