"""CSV files to the Parquet files of an Examples artifact: plan the shards, guess types, convert, settle the types.

What runs on the shards is `penstock.data.csv.convert.run_shard`: on a pool of threads in this process, or as a Beam
``DoFn`` on the runner of the profile. Both start from the same descriptors and write the same bytes.
"""

from __future__ import annotations

import io
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pyarrow as pa

from penstock.artifacts import Examples
from penstock.data.csv.blocks import Piece, Shard, cuts, pieces, shards
from penstock.data.csv.convert import Column, Job, Place, Report, part_path, read_strings, run_shard
from penstock.data.csv.files import CsvFile, find, open_all
from penstock.data.csv.rows import rows, shortened
from penstock.data.csv.values import Kind, examine, widest
from penstock.data.splits import check_weights
from penstock.dsl import Context
from penstock.errors import DataError, StorageError, UsageError, did_you_mean

__all__ = ["TYPES", "ingest_csv"]

TYPES = {"int": Kind.INT64, "float": Kind.FLOAT64, "string": Kind.STRING}
"""The names of types that a pipeline may declare."""

_SAMPLES = 8
_SAMPLE_BYTES = 128 << 10
_SMALL_BYTES = 4 << 20
_NUMERIC_SHARE = 0.95
_NUMERIC_LEAST = 20

Driver = Callable[[Sequence[Shard], Job, Context, float, float], list[Report]]


def ingest_csv(
    input_base: str, examples: Examples, splits: Mapping[str, int], types: Mapping[str, str], ctx: Context
) -> None:
    """Reads CSV files and writes their rows as the splits of ``examples``.

    Raises:
        DataError: The data is not usable: path, row (line of the file, the header is 1), column, and what to do.
        UsageError: Splits or types are not usable.
        StorageError: The disk is full, or a directory can't be written.
    """
    check_weights(splits)
    files = open_all(find(input_base))
    declared = _declared(types, files[0])
    found = list(shards(files))
    if not found:
        raise _no_rows(files)
    filled = {block.path for shard in found for block in shard.blocks}
    for file in files:
        if file.path not in filled:
            ctx.warn(f"{file.path} has a header but no rows.")
    columns = files[0].columns
    _make_directories(examples, splits)
    job = Job(columns, _guess(found, columns, declared), declared, dict(splits), examples.uri)
    drive: Driver = run_with_beam if ctx.beam_options.get("runner") else run_with_threads
    total = float(sum(shard.size for shard in found))
    try:
        reports = drive(found, job, ctx, 0.0, total)
        merged = _merge(reports, columns, declared, found)
        final = {name: column.kind for name, column in merged.items()}
        again = [
            shard
            for shard, report in zip(found, reports, strict=True)
            if any(report.columns[name].kind is not kind for name, kind in final.items())
        ]
        if again:
            more = float(sum(shard.size for shard in again))
            fixed = drive(again, replace(job, guess={}, fixed=final), ctx, total, total + more)
            _merge(fixed, columns, final, found)
        counts = {split: sum(report.rows[split] for report in reports) for split in splits}
        _check_counts(files, splits, counts)
        for split in splits:
            _number(examples, split, reports)
    except BaseException:
        for split in splits:
            shutil.rmtree(examples.path(f"Split-{split}"), ignore_errors=True)
        raise
    examples.splits = list(splits)
    examples.properties.update(span=0, version=0)
    _tell(ctx, merged, sum(counts.values()))


def run_with_threads(found: Sequence[Shard], job: Job, ctx: Context, done: float, total: float) -> list[Report]:
    """Runs the shards in this process, one a core at a time; Arrow and numpy leave Python's lock while they work."""
    broken = found[-1].index + 1  # the first shard with a problem: later ones need not be looked at any more

    def run(shard: Shard) -> Report:
        return run_shard(shard, job) if shard.index < broken else Report(shard.index)

    sizes = {shard.index: shard.size for shard in found}
    reports: list[Report] = []
    ctx.progress(done, total, unit="bytes")
    with ThreadPoolExecutor(max_workers=min(len(found), _cores())) as pool:
        for future in as_completed([pool.submit(run, shard) for shard in found]):
            report = future.result()
            reports.append(report)
            if report.problem is not None:
                broken = min(broken, report.shard)
            done += sizes[report.shard]
            ctx.progress(done, total, unit="bytes")
    return sorted(reports, key=lambda report: report.shard)


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def run_with_beam(found: Sequence[Shard], job: Job, ctx: Context, done: float, total: float) -> list[Report]:
    """Runs the shards on the Beam runner of the profile; reports travel as files beside the output."""
    from penstock.data.beam_csv import ConvertShards

    directory = Path(job.directory, ".reports")
    ctx.progress(done, total, unit="bytes")
    try:
        with ctx.beam() as pipeline:
            pipeline | ConvertShards(found, job, str(directory))
        reports = [Report.from_json((directory / f"{shard.index:05d}.json").read_text()) for shard in found]
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    ctx.progress(total, total, unit="bytes")
    return reports


def _declared(types: Mapping[str, str], file: CsvFile) -> dict[str, Kind]:
    for name, kind in types.items():
        if name not in file.columns:
            raise UsageError(
                f"types declares the column {name!r}, which {file.path} does not have.",
                hint=did_you_mean(name, file.columns),
                column=name,
            )
        if kind not in TYPES:
            raise UsageError(
                f"types declares column {name!r} as {kind!r}, which is no type.",
                hint=did_you_mean(str(kind), TYPES),
                column=name,
            )
    return {name: TYPES[kind] for name, kind in types.items()}


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
            text = read_strings(_beginning(next(pieces(block)), block.path), block)
            for name in guess:
                guess[name] = widest([guess[name], examine(text[name]).kind])
    return guess


def _beginning(piece: Piece, path: str) -> Piece:
    cut = next(cuts(io.BytesIO(piece.data), path, 0, piece.line, _SAMPLE_BYTES))
    return replace(piece, data=piece.data[: cut.offset], regular=piece.regular and cut.regular)


def _merge(
    reports: Sequence[Report], columns: Sequence[str], fixed: Mapping[str, Kind], found: Sequence[Shard]
) -> dict[str, Column]:
    """The columns over all shards; raises the first thing that is wrong, in the order of the data."""
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
            *(
                next((place for _, column in each if (place := getattr(column, what))), None)
                for what in ("text", "fraction", "overflow")
            ),
        )
        merged[name] = column
        if name in fixed:
            misfits = [(index, column.misfit) for index, column in each if column.misfit]
        elif column.kind is Kind.STRING and column.numbers >= max(_NUMERIC_LEAST, _NUMERIC_SHARE * column.present):
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
            found = (row.line for at, row in enumerate(rows(piece.data.decode(), piece.line)) if at == place.row)
            line = next(found, piece.line)
            break
    value = shortened(place.text, 80)
    if declared:
        kind = next(text for text, kind in TYPES.items() if kind is column.kind)
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


def _no_rows(files: Sequence[CsvFile]) -> DataError:
    many = f" (and {len(files) - 1} more files)" if len(files) > 1 else ""
    return DataError(
        f"There is a header with {len(files[0].columns)} columns, but no row below it{many}.",
        hint="At least one row is expected. Was the export cut short, or the filter too strict?",
        path=files[0].path,
    )


def _check_counts(files: Sequence[CsvFile], splits: Mapping[str, int], counts: Mapping[str, int]) -> None:
    total = sum(counts.values())
    if not total:
        raise _no_rows(files)
    for split, count in counts.items():
        if not count:
            raise DataError(
                f"The {total:,} rows are too few for the splits: none of them falls into {split!r} "
                f"(weights {', '.join(f'{name}: {weight}' for name, weight in splits.items())}).",
                hint="Give more rows, fewer splits, or a larger weight. Rows that are equal fall into the same split.",
                path=files[0].path,
                split=split,
            )


def _make_directories(examples: Examples, splits: Mapping[str, int]) -> None:
    try:
        for split in splits:
            examples.path(f"Split-{split}").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(
            f"Cannot write below {examples.uri}: {error.strerror}.",
            hint="Give a pipeline_root on a disk that this user may write to.",
            path=str(error.filename or examples.uri),
        ) from error


def _number(examples: Examples, split: str, reports: Sequence[Report]) -> None:
    """Gives the shards' files of one split their final names, in the order of the data; those without rows go."""
    kept = []
    for report in reports:
        part = part_path(examples.uri, split, report.shard)
        if report.rows[split]:
            kept.append(part)
        else:
            part.unlink()
    for index, part in enumerate(kept):
        part.rename(part.with_name(f"data-{index:05d}-of-{len(kept):05d}.parquet"))


def _tell(ctx: Context, merged: Mapping[str, Column], total: int) -> None:
    empty = [name for name, column in merged.items() if not column.present]
    if empty:
        names = ", ".join(empty[:10]) + (f" and {len(empty) - 10} more" if len(empty) > 10 else "")
        ctx.warn(
            f"No row has a value for {names}: {'this column is' if len(empty) == 1 else 'these columns are'} "
            "missing everywhere."
        )
    for name, column in merged.items():
        if column.overflow and column.kind is Kind.FLOAT64:
            ctx.warn(
                f"Column {name} holds integers outside 64 bits, such as {shortened(column.overflow.text, 40)}: it is "
                f"read as float64, which keeps 15 digits. Declare types: {{{name}: string}} under data to keep all."
            )
    ctx.note(f"{total:,} rows, {len(merged)} columns")
