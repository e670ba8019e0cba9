"""Ingest of formats that tell the types of their values: copy the shards, settle the types, widen what differs.

A shard is copied with the types that it has. Where shards differ in ways that lose nothing (an integer is a float,
too) the files that were written are widened, and the input is not read again. Where they contradict each other the
first in the order of the data is right, whatever the order of work.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, NamedTuple, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pyarrow.types as kinds

from penstock.artifacts import Examples
from penstock.data.arrays import from_bools
from penstock.data.examples import open_writer
from penstock.data.ingest.declared import Misfits, fit
from penstock.data.ingest.drivers import Work
from penstock.data.ingest.job import Job, Report, failed, part_path
from penstock.data.ingest.leaks import check_leaks, check_times
from penstock.data.ingest.output import directories, publish, warn_of_empty
from penstock.data.ingest.rejected import Rejected, Rejections
from penstock.data.ingest.shards import Block, Shard, by_split
from penstock.data.ingest.types import flattened, recast, shown, stored_batch, wider
from penstock.data.ingest.write import SplitWriter
from penstock.dsl import Context
from penstock.errors import DataError, PenstockError

__all__ = ["Reader", "Rows", "Types", "ingest", "misfit"]

Types = Mapping[str, pa.DataType]


class Rows(NamedTuple):
    """Rows as a format has them, and the number in the file, from 1, of the one at a position."""

    batch: pa.RecordBatch
    number: Callable[[int], int]


class Reader(Protocol):
    """One format. Pickled to workers.

    Attributes:
        lists: Whether the format does not tell a value from a list of one.
    """

    lists: ClassVar[bool]

    def shards(self) -> list[Shard]:
        """What there is to read; empty if there is no row."""
        ...

    def batches(self, block: Block, known: Types, reject: Rejections) -> Iterator[Rows]:
        """The rows of a block, in order; errors name file and row.

        Args:
            block: One of the shards' blocks.
            known: Types that columns are known to have; a value that contradicts them is an error.
            reject: Takes the error of a row that is not usable.
        """
        ...


@dataclass(frozen=True)
class Found:
    """A column of a shard: the type it is written as, and how many values it has."""

    kind: pa.DataType
    present: int


class _WiderError(Exception):
    """A batch does not fit the file that was begun."""

    def __init__(self, types: Types) -> None:
        super().__init__()
        self.types = types


@dataclass(frozen=True)
class Copy:
    """Copies a shard to its splits, with types at least as wide as those known; a `penstock.data.ingest.job.Run`."""

    job: Job
    reader: Reader
    known: Types

    def __call__(self, shard: Shard) -> Report:
        types = self.known
        try:
            while True:
                try:
                    return self._copied(shard, types)
                except _WiderError as error:  # begun again with the types known by now
                    types = error.types
        except (PenstockError, OSError) as error:
            return failed(shard, error, self.job.directory)

    def _copied(self, shard: Shard, known: Types) -> Report:
        rejections = Rejections(self.job.limit)
        batches = self._batches(shard, known, rejections)
        path, first, _ = next(batches, (shard.blocks[0].path, None, None))
        if first is None:
            return Report(shard.index, {}, dict.fromkeys(self.job.splits, 0), rejections.rows)
        schema = pa.schema(list(widened(known, first.schema, path, lists=self.reader.lists).items()))
        present = dict.fromkeys(schema.names, 0)
        begun = dict(zip(schema.names, schema.types, strict=True))
        with SplitWriter(shard, schema, self.job) as writer:
            batch: pa.RecordBatch | None = first
            while batch is not None:
                types = widened(begun, batch.schema, path, lists=self.reader.lists)
                flat = known != begun and _is_flat(
                    dict(zip(batch.schema.names, batch.schema.types, strict=True)), types
                )
                if types != begun or flat:
                    raise _WiderError(types)
                for name, column in zip(batch.schema.names, batch.columns, strict=True):
                    present[name] += len(column) - column.null_count
                writer.write(fitted(batch, schema))
                path, batch, _ = next(batches, (path, None, None))
        found = {field.name: Found(field.type, present[field.name]) for field in schema}
        return Report(shard.index, found, writer.counts, rejections.rows, writer.keys, writer.untimed)

    def located(self, shard: Shard, row: int, _rejected: Collection[Rejected]) -> tuple[str, int]:
        """The file of a row of a shard and its number there, by its position among those that were not rejected."""
        for path, batch, number in self._batches(shard, self.known, Rejections(self.job.limit)):
            if row < batch.num_rows:
                return path, number(row)
            row -= batch.num_rows
        raise AssertionError(row)

    def _batches(
        self, shard: Shard, known: Types, reject: Rejections
    ) -> Iterator[tuple[str, pa.RecordBatch, Callable[[int], int]]]:
        free = {name: kind for name, kind in known.items() if name not in self.job.declared}
        for block in shard.blocks:
            for rows in self.reader.batches(block, free, reject):
                batch, number = self._declared(rows, block.path, reject) if self.job.declared else rows
                if batch.num_rows:
                    yield block.path, stored_batch(batch, block.path), number

    def _declared(self, rows: Rows, path: str, reject: Rejections) -> Rows:
        columns = flattened(rows.batch, path)
        misfits = Misfits()
        for name in self.job.declared.keys() & columns.keys():
            columns[name] = fit(columns[name], self.job.declared[name], name, misfits, self.job.limit)
        for row in sorted(misfits.rows):
            reject(misfit(path, rows.number(row), *misfits.rows[row]))
        batch = pa.RecordBatch.from_arrays(list(columns.values()), list(columns)) if columns else rows.batch
        if not misfits.rows:
            return Rows(batch, rows.number)
        keep = misfits.keep(batch.num_rows)
        left = np.flatnonzero(keep)
        return Rows(batch.filter(from_bools(keep)), lambda row: rows.number(int(left[row])))


@dataclass(frozen=True)
class Widen:
    """Writes the files of a shard again, with other columns and types; a `penstock.data.ingest.job.Run`."""

    job: Job
    schema: pa.Schema

    def __call__(self, shard: Shard) -> Report:
        try:
            for split in self.job.splits:
                self._widen(split, shard)
        except OSError as error:
            return failed(shard, error, self.job.directory)
        return Report(shard.index)

    def _widen(self, split: str, shard: Shard) -> None:
        path = part_path(self.job.directory, split, shard.index)
        temporary = path.with_name(f".{uuid.uuid4().hex}.parquet")
        with pq.ParquetFile(path) as file:
            if file.schema_arrow.equals(self.schema):  # a second try finds some done
                return
            with open_writer(temporary, self.schema) as writer:
                for index in range(file.num_row_groups):
                    for batch in file.read_row_group(index).to_batches():
                        writer.write_batch(fitted(batch, self.schema))
        temporary.replace(path)


def misfit(path: str, row: int, column: str, value: str, kind: str, *, declared: bool = True) -> DataError:
    """The error for a value that is not of its declared type, or of the type that nearly all others have."""
    why = f"does not fit the declared type {kind}" if declared else f"is not of type {kind}, as nearly all others are"
    return DataError(
        f"Row {row}, column {column!r}: {value!r} {why}.",
        hint="Correct the value, declare another type under data, or let such rows be left out: on_error: skip.",
        path=path,
        row=row,
        column=column,
        value=value,
    )


def ingest(reader: Reader, path: str, examples: Examples, job: Job, ctx: Context) -> None:
    """Writes what a reader reads as the splits of ``examples``.

    Args:
        reader: The format, with its files.
        path: The first file, for errors.
        examples: The artifact.
        job: What the shards are told.
        ctx: The running node.

    Raises:
        DataError: The data is not usable: path, row, column, and what to do.
        UsageError: The splits are not usable.
        StorageError: The disk is full, or a directory cannot be written.
    """
    shards = by_split(reader.shards(), job.given)
    if not shards:
        raise _no_rows(path)
    with directories(examples, job.splits):
        work = Work(ctx, examples.uri)
        reports = _sound(work.run(shards, Copy(job, reader, {})))
        if not any(report.columns for report in reports):
            raise _no_rows(path)
        types, contradicting = _settled(reports, lists=reader.lists)
        if reader.lists:
            contradicting += [
                report.shard
                for report in reports
                if _is_flat({name: one.kind for name, one in report.columns.items()}, types)
            ]
        if contradicting:
            again = _sound(work.run([shards[index] for index in sorted(contradicting)], Copy(job, reader, types)))
            reports = [{one.shard: one for one in again}.get(report.shard, report) for report in reports]
            types, _ = _settled(reports, lists=reader.lists)
        schema = pa.schema(list(types.items()))
        differ = [
            shard
            for shard, report in zip(shards, reports, strict=True)
            if report.columns and [(name, one.kind) for name, one in report.columns.items()] != list(types.items())
        ]
        if differ:
            _sound(work.run(differ, Widen(job, schema)))
        job.check_columns(types, path)
        check_times(job, reports, shards, Copy(job, reader, types).located)
        check_leaks(job, reports, shards, Copy(job, reader, types).located)
        publish(examples, job, reports, path, len(types), ctx)
    warn_of_empty(
        ctx, [name for name in types if not any(name in one.columns and one.columns[name].present for one in reports)]
    )


def widened(known: Types, schema: pa.Schema, path: str, *, lists: bool) -> dict[str, pa.DataType]:
    """The types known, made wide enough for a schema's columns; a `DataError` if one contradicts them."""
    types = dict(known)
    for field in schema:
        kind = wider(types.get(field.name, pa.null()), field.type, lists=lists)
        if kind is None:
            raise DataError(
                f"Column {field.name!r} is {shown(field.type)} here and {shown(types[field.name])} before.",
                hint="A column must have one type in all rows. Correct the file, or write the column as text.",
                path=path,
                column=field.name,
            )
        types[field.name] = kind
    return types


def fitted(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """A batch with the columns and types of a schema that holds all of its own; columns that it lacks are missing."""
    have = dict(zip(batch.schema.names, batch.columns, strict=True))
    arrays = [
        recast(have[field.name], field.type) if field.name in have else pa.nulls(batch.num_rows, field.type)
        for field in schema
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _sound(reports: Sequence[Report]) -> list[Report]:
    for report in reports:
        report.raise_problem()
    return list(reports)


def _settled(reports: Sequence[Report], *, lists: bool) -> tuple[dict[str, pa.DataType], list[int]]:
    """The types over all shards, in the order of the data, and the shards that contradict those before them."""
    types: dict[str, pa.DataType] = {}
    contradicting = []
    for report in reports:
        found = {name: wider(types.get(name, pa.null()), one.kind, lists=lists) for name, one in report.columns.items()}
        if None in found.values():
            contradicting.append(report.shard)
        else:
            types |= {name: kind for name, kind in found.items() if kind is not None}
    return types, contradicting


def _is_flat(kinds_found: Types, types: Types) -> bool:
    """Whether a column is flat where others have lists: an empty list is a missing value there, and told apart here."""
    return any(kinds.is_list(types[name]) and not kinds.is_list(kind) for name, kind in kinds_found.items())


def _no_rows(path: str) -> DataError:
    return DataError(
        "There is no row in this input.",
        hint="At least one row is expected. Was the export cut short, or the filter too strict?",
        path=path,
    )
