"""Writing a shard's rows to one file a split, row group by row group."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from penstock.data.arrays import from_bools
from penstock.data.examples import ROW_GROUP_ROWS, even_slices, open_writer
from penstock.data.ingest.job import Job, Keys, part_path
from penstock.data.ingest.shards import Shard
from penstock.data.splits import in_sample, row_hashes, split_indices

__all__ = ["SplitWriter"]


class SplitWriter:
    """Shares batches of one schema out to the files of a shard's splits.

    A file gets its name when all are written, so that a second try never meets a half one. The same batches always
    give the same files. Used in a ``with``; what is written when an error leaves it is removed.

    Attributes:
        counts: Rows by split.
        untimed: The first row without a time, where splits are by time; such rows are an error in the end.
    """

    def __init__(self, shard: Shard, schema: pa.Schema, job: Job) -> None:
        self.counts = dict.fromkeys(job.splits, 0)
        self.untimed: int | None = None
        self._job = job
        self._given = list(job.splits).index(job.given[shard.blocks[0].path]) if job.given else None
        self._keys: list[Keys] = []
        self._rows = 0
        self._paths: Mapping[str, Path] = {split: part_path(job.directory, split, shard.index) for split in job.splits}
        self._temporary = {split: path.with_name(f".{uuid.uuid4().hex}.parquet") for split, path in self._paths.items()}
        self._waiting: dict[str, list[pa.RecordBatch]] = {split: [] for split in job.splits}
        self._writers: dict[str, pq.ParquetWriter] = {}
        self._schema = schema

    def __enter__(self) -> Self:
        for split, path in self._temporary.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            self._writers[split] = open_writer(path, self._schema)
        return self

    def write(self, batch: pa.RecordBatch) -> None:
        """Adds rows, in order."""
        keys = [name for name in self._job.split_by if name in batch.schema.names]
        hashes = row_hashes(batch.select(keys) if self._job.split_by else batch)
        rows = np.arange(self._rows, self._rows + batch.num_rows, dtype=np.int32)
        self._rows += batch.num_rows
        if self._job.sample < 1:
            kept = in_sample(hashes, self._job.sample)
            batch, hashes, rows = batch.filter(from_bools(kept)), hashes[kept], rows[kept]
        chosen = self._chosen(batch, hashes)
        if (chosen < 0).any():
            self.untimed = int(rows[np.argmax(chosen < 0)]) if self.untimed is None else self.untimed
            chosen = np.maximum(chosen, 0)
        if self._job.may_leak:
            self._keys.append(Keys(hashes, chosen.astype(np.uint8), rows))
        for index, split in enumerate(self._job.splits):
            part = batch.filter(from_bools(chosen == index))
            if part.num_rows:
                self.counts[split] += part.num_rows
                self._waiting[split].append(part)
                if sum(one.num_rows for one in self._waiting[split]) >= ROW_GROUP_ROWS:
                    self._flush(split)

    def _chosen(self, batch: pa.RecordBatch, hashes: npt.NDArray[np.uint64]) -> npt.NDArray[np.intp]:
        """The position of each row's split; -1 where nothing tells it."""
        if self._given is not None:
            return np.full(len(hashes), self._given)
        if self._job.times is not None:
            return self._job.times.positions(batch, self._job.splits)
        return split_indices(hashes, self._job.splits)

    @property
    def keys(self) -> Keys | None:
        """What decided about the splits of all rows, if it is to be looked at."""
        return Keys(*map(np.concatenate, zip(*self._keys, strict=True))) if self._keys else None

    def _flush(self, split: str) -> None:
        waiting = self._waiting[split]
        if waiting:
            whole = waiting[0] if len(waiting) == 1 else pa.concat_batches(waiting)
            for part in even_slices(whole):
                self._writers[split].write_batch(part)
            waiting.clear()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                for split in self._writers:
                    self._flush(split)
        finally:
            for writer in self._writers.values():
                writer.close()
        for split, temporary in self._temporary.items():
            if kind is None:
                temporary.replace(self._paths[split])
            else:
                temporary.unlink(missing_ok=True)
