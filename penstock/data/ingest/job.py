"""What a worker is told and what it tells back: `Job`, `Report`, and where its files lie until all are written."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from penstock.data.ingest.declared import declared_types
from penstock.data.ingest.files import Found
from penstock.data.ingest.rejected import OnError, Rejected, skip_limit
from penstock.data.ingest.shards import Shard
from penstock.data.splits import check_weights
from penstock.data.time_splits import TimeSplits
from penstock.errors import PenstockError, StorageError, UsageError, did_you_mean, from_json
from penstock.storage.refusal import refusal_in

__all__ = ["DEFAULT_SPLITS", "Job", "Keys", "OnLeak", "Report", "Run", "failed", "part_path"]


OnLeak = Literal["fail", "allow"]

DEFAULT_SPLITS = {"train": 2, "eval": 1}


class Keys(NamedTuple):
    """What decided about the splits of a shard's rows, in order; of those that the sample keeps.

    Attributes:
        hashes: As `penstock.data.splits.row_hashes` gives them.
        splits: Positions in the job's splits.
        rows: Positions in the shard; those of rejected rows are not counted.
    """

    hashes: npt.NDArray[np.uint64]
    splits: npt.NDArray[np.uint8]
    rows: npt.NDArray[np.int32]


@dataclass(frozen=True)
class Job:
    """What is the same for all shards, whatever their format.

    Attributes:
        splits: Names and weights.
        directory: The Examples' directory.
        declared: Types that columns are to have, by name.
        limit: How many rows may be left out; none means that the first that is not usable is an error.
        split_by: Columns whose values alone decide about a row's split; all of them if there are none.
        sample: The share of the rows that is kept, chosen by the same values.
        span: The span that is read, as a number or a date, if the input is told apart by spans.
        version: The span's version, 0 if it has none.
        given: The split of each file by its path, where splits are given and not made.
        times: Decides about splits by time, if anything is to.
        on_leak: What it does that rows are in two splits which are equal, as far as `split_by` says.
    """

    splits: Mapping[str, int]
    directory: str
    declared: Mapping[str, pa.DataType] = field(default_factory=dict)
    limit: int = 0
    split_by: tuple[str, ...] = ()
    sample: float = 1.0
    span: int | str | None = None
    version: int | None = None
    given: Mapping[str, str] = field(default_factory=dict)
    times: TimeSplits | None = None
    on_leak: OnLeak = "fail"

    @classmethod
    def of(
        cls,
        directory: str,
        splits: Mapping[str, int],
        types: Mapping[str, str],
        on_error: OnError,
        max_skipped: int,
        split_by: Sequence[str],
        sample: float,
    ) -> Job:
        """The job that a component's parameters mean; a `UsageError` if they mean none."""
        check_weights(splits)
        if not 0 < sample <= 1:
            raise UsageError(f"sample is {sample}; a share above 0 and up to 1 is expected.", hint="0.01 is 1 %.")
        limit = skip_limit(on_error, max_skipped)
        return cls(dict(splits), directory, declared_types(types), limit, tuple(split_by), sample)

    def reading(self, found: Found) -> Job:
        """The job for these files; where each has a split of its own, those are the splits.

        Raises:
            UsageError: Other splits are asked for.
        """
        if not found.splits:
            return self
        assert self.times is None, "the graph's check refuses both"
        names = list(dict.fromkeys(found.splits.values()))
        if dict(self.splits) != DEFAULT_SPLITS and set(self.splits) != set(names):
            raise UsageError(
                f"splits names {', '.join(self.splits)}, but the input has files for {', '.join(names)}.",
                hint="Leave splits out: each split is read from its own path.",
            )
        check_weights(dict.fromkeys(names, 1))
        return replace(self, splits=dict.fromkeys(names, 1), given=found.splits)

    @property
    def may_leak(self) -> bool:
        """Whether rows that are equal, as far as `split_by` says, may fall into two splits, and are not to."""
        apart = bool(self.given) or (self.times is not None and bool(self.split_by))
        return apart and len(self.splits) > 1 and self.on_leak == "fail"

    def check_columns(self, columns: Collection[str], path: str) -> None:
        """Refuses parameters that name a column which the input does not have."""
        times = [self.times.column] if self.times is not None else []
        for parameter, names in (
            ("types declares", self.declared),
            ("split_by names", self.split_by),
            ("split_by_time names", times),
        ):
            for name in names:
                if name not in columns:
                    raise UsageError(
                        f"{parameter} the column {name!r}, which {path} does not have.",
                        hint=did_you_mean(name, columns),
                        column=name,
                    )


@dataclass(frozen=True)
class Report:
    """What a shard held. Travels from any worker.

    Attributes:
        shard: The shard's index.
        columns: What is known of each column, by name; each format has its own.
        rows: Number of rows by split.
        rejected: Rows that were left out, in order.
        keys: What decided about the rows' splits, if that is to be looked at when all shards are read.
        untimed: The first row without a time, by its position in the shard, if splits are by time.
        problem: A `PenstockError` as JSON, if the shard could not be read; nothing was written then.
    """

    shard: int
    columns: Mapping[str, Any] = field(default_factory=dict)
    rows: Mapping[str, int] = field(default_factory=dict)
    rejected: Sequence[Rejected] = ()
    keys: Keys | None = None
    untimed: int | None = None
    problem: dict[str, Any] | None = None

    def raise_problem(self) -> None:
        """Raises what kept the shard from being read, if anything."""
        if self.problem is not None:
            raise from_json(self.problem)


class Run(Protocol):
    """Reads a shard and writes its splits; pickled to where that happens. What is wrong stands in the report."""

    def __call__(self, shard: Shard) -> Report: ...


def part_path(directory: str, split: str, shard: int) -> Path:
    """Where a shard's rows of one split lie until all shards are written."""
    return Path(directory, f"Split-{split}", f".part-{shard:05d}.parquet")


def failed(shard: Shard, error: PenstockError | OSError, directory: str) -> Report:
    """The report of a shard that could not be read or written; an error without a number is not the disk's."""
    if isinstance(error, PenstockError):
        return Report(shard.index, problem=error.to_json())
    if error.errno is None:
        raise error
    problem = refusal_in(f"errno {error.errno}", directory) or StorageError(
        f"Reading {shard.blocks[0].path} or writing below {directory} failed: {error.strerror}.",
        hint="Is the disk well? Then run again.",
        path=str(error.filename or directory),
    )
    return Report(shard.index, problem=problem.to_json())
