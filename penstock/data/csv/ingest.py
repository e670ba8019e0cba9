"""CSV files to the Parquet files of an Examples artifact: plan the shards, guess types, convert, settle the types.

What runs on the shards is `penstock.data.csv.convert.Convert`, driven by `penstock.data.ingest.drivers.Work`.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import islice

import pyarrow as pa

from penstock.artifacts import Examples
from penstock.data.csv.blocks import Block, Piece, cuts, pieces, shards
from penstock.data.csv.convert import Column, Convert, Place, read_strings, write_splits
from penstock.data.csv.files import CsvFile, find, open_all
from penstock.data.csv.rows import rows, shortened
from penstock.data.csv.values import Kind, examine, widest
from penstock.data.ingest.drivers import Work
from penstock.data.ingest.job import Job, Report
from penstock.data.ingest.leaks import check_leaks, check_times
from penstock.data.ingest.output import directories, publish, warn_of_empty
from penstock.data.ingest.rejected import Rejected
from penstock.data.ingest.shards import Shard, by_split
from penstock.dsl import Context
from penstock.errors import DataError

__all__ = ["Reading", "ingest_csv", "read_csv"]

_TYPES = {"int": Kind.INT64, "float": Kind.FLOAT64, "string": Kind.STRING}

_SAMPLES = 8
_SAMPLE_BYTES = 128 << 10
_SMALL_BYTES = 4 << 20
_NUMERIC_SHARE = 0.95
_NUMERIC_LEAST = 20


@dataclass(frozen=True)
class Reading:
    """What reading CSV files came to.

    Attributes:
        shards: What was read at a time.
        reports: What became of each, in order.
        columns: What is known of each column, over all shards.
    """

    shards: list[Shard]
    reports: list[Report]
    columns: dict[str, Column]


def ingest_csv(input_base: str | Mapping[str, str], examples: Examples, job: Job, ctx: Context) -> None:
    """Reads CSV files and writes their rows as the splits of ``examples``.

    Raises:
        DataError: The data is not usable: path, row (line of the file, the header is 1), column, and what to do.
        UsageError: Splits or types are not usable.
        StorageError: The disk is full, or a directory can't be written.
    """
    inputs = find(input_base)
    files, job = open_all(inputs.paths), job.reading(inputs)
    with directories(examples, job.splits):
        read = read_csv(files, job, ctx)
        check_times(job, read.reports, read.shards, _located)
        check_leaks(job, read.reports, read.shards, _located)
        publish(examples, job, read.reports, files[0].path, len(read.columns), ctx)
    warn_of_empty(ctx, [name for name, column in read.columns.items() if not column.present])
    _warn_of_overflow(ctx, read.columns)


def read_csv(
    files: list[CsvFile],
    job: Job,
    ctx: Context,
    sink: Callable[[Shard, pa.RecordBatch, Job], Report] = write_splits,
) -> Reading:
    """Reads the rows of CSV files with types that hold for all of them, and gives each shard's to ``sink``.

    Args:
        files: The files, of equal columns.
        job: What is declared, and what a row does that is not usable.
        ctx: The running node.
        sink: Where the rows go, on any thread or worker.

    Raises:
        DataError: The data is not usable: path, row (line of the file, the header is 1), column, and what to do.
        UsageError: Types are not usable.
    """
    declared, later = _declared(job, files[0])
    found = by_split(shards(files), job.given)
    if not found:
        raise _no_rows(files)
    filled = {block.path for shard in found for block in shard.blocks}
    for file in files:
        if file.path not in filled:
            ctx.warn(f"{file.path} has a header but no rows.")
    columns = files[0].columns
    work = Work(ctx, job.directory)
    reports = work.run(found, Convert(job, columns, _guess(found, columns, declared), declared, later, sink))
    merged = _merge(reports, columns, declared, found, skip=job.limit > 0)
    # Where rows may be left out, those go whose text keeps a column from being the numbers that it nearly is.
    numeric = {name: one.number_kind for name, one in merged.items() if name not in declared and _is_numeric(one)}
    final = {name: column.kind for name, column in merged.items()} | numeric
    again = [
        shard
        for shard, report in zip(found, reports, strict=True)
        if any(report.columns[name].kind is not kind for name, kind in final.items())
    ]
    if again:
        fixed = final | dict.fromkeys(numeric, Kind.STRING)
        then = later | {name: kind.arrow for name, kind in numeric.items()}
        second = work.run(again, Convert(job, columns, {}, fixed, then, sink))
        _merge(second, columns, fixed, found)
        reports = [{one.shard: one for one in second}.get(report.shard, report) for report in reports]
    if job.sample == 1 and not any(sum(report.rows.values()) for report in reports):
        raise _no_rows(files)
    return Reading(found, reports, merged)


def _declared(job: Job, file: CsvFile) -> tuple[dict[str, Kind], dict[str, pa.DataType]]:
    """The types that columns are read with, and those that text becomes then.

    Where no row may be left out, numbers are read as such, and the first that is none is told.
    """
    job.check_columns(file.columns, file.path)
    read = {
        name: kind
        for name, declared in job.declared.items()
        for kind in _TYPES.values()
        if kind.arrow == declared and (kind is Kind.STRING or not job.limit)
    }
    later = {name: declared for name, declared in job.declared.items() if name not in read}
    return read | dict.fromkeys(later, Kind.STRING), later


def _guess(found: Sequence[Shard], columns: Sequence[str], declared: Mapping[str, Kind]) -> dict[str, Kind]:
    """The types that samples from all over the data have; nothing for little data, which is looked at as a whole."""
    if sum(shard.size for shard in found) <= _SMALL_BYTES:
        return {}
    guess = dict.fromkeys((name for name in columns if name not in declared), Kind.NULL)
    step = max(1, (len(found) - 1) / (_SAMPLES - 1))
    for at in sorted({min(len(found) - 1, round(step * number)) for number in range(_SAMPLES)}):
        block = found[at].blocks[0]
        # What is wrong with the data is told when it is converted, in order.
        with suppress(DataError, pa.ArrowInvalid, EOFError, OSError):
            text = read_strings(_beginning(block), block)
            for name in guess:
                guess[name] = widest([guess[name], examine(text[name]).kind])
    return guess


def _beginning(block: Block) -> Piece:
    """The first rows; where one is very long, it may be cut off, and what it tells is a wrong guess."""
    if block.stop is not None:
        block = replace(block, stop=min(block.stop, block.start + 2 * _SAMPLE_BYTES))
    piece = next(pieces(block, _SAMPLE_BYTES))
    cut = next(cuts(io.BytesIO(piece.data), block.path, 0, piece.line, _SAMPLE_BYTES))
    return replace(piece, data=piece.data[: cut.offset], regular=piece.regular and cut.regular)


def _is_numeric(column: Column) -> bool:
    """Whether a column of text is one of numbers but for a few values."""
    return column.kind is Kind.STRING and column.numbers >= max(_NUMERIC_LEAST, _NUMERIC_SHARE * column.present)


def _merge(
    reports: Sequence[Report],
    columns: Sequence[str],
    fixed: Mapping[str, Kind],
    found: Sequence[Shard],
    *,
    skip: bool = False,
) -> dict[str, Column]:
    """The columns over all shards; raises the first thing that is wrong, in the order of the data.

    Text among numbers is not wrong where it may be skipped.
    """
    for report in reports:
        report.raise_problem()
    by_index = {shard.index: shard for shard in found}
    merged = {}
    wrong: list[tuple[int, Place, str, Column]] = []
    for name in columns:
        each = [(report.shard, report.columns[name]) for report in reports]
        column = Column(
            widest(column.kind for _, column in each),
            sum(column.present for _, column in each),
            sum(column.numbers for _, column in each),
            widest(column.number_kind for _, column in each),
            *(
                next((place for _, column in each if (place := getattr(column, what))), None)
                for what in ("text", "fraction", "overflow")
            ),
        )
        merged[name] = column
        if name in fixed:
            misfits = [(index, column.misfit) for index, column in each if column.misfit]
        elif not skip and _is_numeric(column):
            misfits = [(index, column.text) for index, column in each if column.text]
        else:
            continue
        if misfits:
            index, place = misfits[0]
            wrong.append((index, place, name, column))
    if wrong:
        index, place, name, column = min(wrong, key=lambda item: (item[0], item[1].block, item[1].piece, item[1].row))
        raise _misfit(by_index[index], place, name, column, declared=name in fixed)
    return merged


def _misfit(shard: Shard, place: Place, name: str, column: Column, *, declared: bool) -> DataError:
    block = shard.blocks[place.block]
    line = block.line
    for index, piece in enumerate(pieces(block)):
        if index == place.piece:
            found = (
                row.line
                for at, row in enumerate(rows(piece.data.decode(errors="replace"), piece.line))
                if at == place.row
            )
            line = next(found, piece.line)
            break
    value = shortened(place.text, 80)
    if declared:
        kind = next(text for text, kind in _TYPES.items() if kind is column.kind)
        message = f"Row {line}, column {name!r}: {value!r} does not fit the declared type {kind}."
    else:
        texts = column.present - column.numbers
        message = (
            f"Row {line}, column {name!r}: {value!r} is not a number, but {column.numbers:,} of the column's "
            f"{column.present:,} values are ({texts:,} {'is' if texts == 1 else 'are'} not)."
        )
    return DataError(
        message,
        hint=f"Correct the value (leave the field empty if it is missing), or declare types: {{{name}: string}} "
        "under data.",
        path=block.path,
        row=line,
        line=line,
        column=name,
        value=value,
    )


def _located(shard: Shard, row: int, rejected: Collection[Rejected]) -> tuple[str, int]:
    """The file and line of a row of a shard, by its position among those that were not rejected."""
    bad = {(one.path, one.row) for one in rejected}
    lines = (
        (block.path, line.line)
        for block in shard.blocks
        for piece in pieces(block)
        for line in rows(piece.data.decode(errors="replace"), piece.line)
        if (block.path, line.line) not in bad
    )
    return next(islice(lines, row, None))


def _no_rows(files: Sequence[CsvFile]) -> DataError:
    many = f" (and {len(files) - 1} more files)" if len(files) > 1 else ""
    return DataError(
        f"There is a header with {len(files[0].columns)} columns, but no row below it{many}.",
        hint="At least one row is expected. Was the export cut short, or the filter too strict?",
        path=files[0].path,
    )


def _warn_of_overflow(ctx: Context, merged: Mapping[str, Column]) -> None:
    for name, column in merged.items():
        if column.overflow and column.kind is Kind.FLOAT64:
            ctx.warn(
                f"Column {name} holds integers outside 64 bits, such as {shortened(column.overflow.text, 40)}: it is "
                f"read as float64, which keeps 15 digits. Declare types: {{{name}: string}} under data to keep all."
            )
