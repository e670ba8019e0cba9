"""Turning a shard of CSV text into the Parquet files of its splits, and a report of what its columns hold.

Types are guessed before and widened where a shard's values disagree, so that text is parsed once unless the guess was
wrong. Text goes to Arrow's reader with the guessed types; only where that fails are its columns read as strings and
looked at one by one.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.csv

from penstock.data.arrays import from_bools
from penstock.data.csv.blocks import Block, Piece, pieces
from penstock.data.csv.rows import not_utf8, rows, shortened
from penstock.data.csv.values import Example, Kind, Seen, convert, examine, has_hexadecimal, widest
from penstock.data.ingest.declared import Misfits, fit
from penstock.data.ingest.flow import misfit
from penstock.data.ingest.job import Job, Report, failed
from penstock.data.ingest.rejected import Rejections
from penstock.data.ingest.shards import Shard
from penstock.data.ingest.write import SplitWriter
from penstock.errors import DataError, PenstockError

__all__ = ["Column", "Convert", "Place", "read_strings", "write_splits"]

_ESCAPED = re.compile("[\udc80-\udcff]")  # bytes that are not UTF-8, as Python keeps them in a text
_MOST_BYTES = (1 << 31) - (1 << 20)  # Arrow's reader counts the bytes of a block in 32 bits


@dataclass(frozen=True)
class Place:
    """Where a value stands: block of the shard, piece of the block, row of the piece, all from 0; and its text."""

    block: int
    piece: int
    row: int
    text: str


@dataclass(frozen=True)
class Column:
    """What a shard's values of one column are; see `penstock.data.csv.values.Seen`."""

    kind: Kind
    present: int = 0
    numbers: int = 0
    number_kind: Kind = Kind.NULL
    text: Place | None = None
    fraction: Place | None = None
    overflow: Place | None = None

    @property
    def misfit(self) -> Place | None:
        """The first value that the type does not hold; only a type that was fixed has any."""
        return {Kind.INT64: self.fraction, Kind.FLOAT64: self.text}.get(self.kind)

    def with_values(self, seen: Seen, block: int, piece: int) -> Column:
        """The column with the values of one more piece."""

        def first(known: Place | None, found: Example | None) -> Place | None:
            return known or (Place(block, piece, found.row, found.text[:1000]) if found else None)

        return Column(
            widest([self.kind, seen.kind]),
            self.present + seen.present,
            self.numbers + seen.numbers,
            widest([self.number_kind, seen.number_kind]),
            first(self.text, seen.text),
            first(self.fraction, seen.fraction),
            first(self.overflow, seen.overflow),
        )


def write_splits(shard: Shard, batch: pa.RecordBatch, job: Job) -> Report:
    """Writes the rows of a shard to the files of their splits; the report says how many, and what decided."""
    with SplitWriter(shard, batch.schema, job) as writer:
        writer.write(batch)
    return Report(shard.index, rows=writer.counts, keys=writer.keys, untimed=writer.untimed)


@dataclass(frozen=True)
class Convert:
    """How CSV shards are converted; a `penstock.data.ingest.job.Run`.

    Attributes:
        job: Where to and into which splits.
        columns: The columns' names, in the order of the output.
        guess: The type each is first read as; one that is not in it is told by its values.
        fixed: Columns whose type is not to be widened or narrowed; their values are known or required to fit.
        later: Columns that are read as text and become a declared type then; what does not fit is rejected.
        sink: What becomes of a shard's rows; called once more if other shards show that its types were too narrow.
    """

    job: Job
    columns: tuple[str, ...]
    guess: Mapping[str, Kind]
    fixed: Mapping[str, Kind]
    later: Mapping[str, pa.DataType]
    sink: Callable[[Shard, pa.RecordBatch, Job], Report] = write_splits

    def __call__(self, shard: Shard) -> Report:
        """Reads a shard and writes its splits. The same shard always gives the same bytes."""
        try:
            rejections = Rejections(self.job.limit)
            columns, batch = _read_shard(shard, self, rejections)
            if batch is None:
                return Report(shard.index, columns)
            return replace(self.sink(shard, batch, self.job), columns=columns, rejected=rejections.rows)
        except (PenstockError, OSError) as error:
            return failed(shard, error, self.job.directory)


def read_strings(piece: Piece, block: Block) -> dict[str, pa.StringArray]:
    """The columns of a piece as text, missing values null; a `DataError` if it is not UTF-8 or a row is ragged."""
    _check_utf8(piece, block)
    arrays, ragged = _parse(piece, block, dict.fromkeys(block.columns, Kind.STRING))
    if ragged:
        raise _ragged(piece, block, ragged[0])
    return arrays


def _check_utf8(piece: Piece, block: Block) -> None:
    if not piece.data.isascii():
        try:
            piece.data.decode()
        except UnicodeDecodeError as error:
            raise not_utf8(
                block.path, piece.data, line=piece.line, offset=piece.offset, columns=block.columns
            ) from error


def _read_shard(shard: Shard, job: Convert, reject: Rejections) -> tuple[dict[str, Column], pa.RecordBatch | None]:
    """The columns' reports and the rows; no rows if a value does not fit its fixed type."""
    guess = dict(job.guess)
    while True:
        columns = {name: Column(job.fixed.get(name, Kind.NULL)) for name in job.columns}
        parts: list[dict[str, pa.Array]] = []
        reject.rows.clear()
        for number, block in enumerate(shard.blocks):
            for index, piece in enumerate(pieces(block)):
                read = _read_piece(piece, block, guess, job.fixed, skip=reject.limit > 0)
                parts.append(_accepted(read, block, job, reject))
                seen = read.seen
                columns = {name: columns[name].with_values(seen[name], number, index) for name in job.columns}
        if any(column.misfit for column in columns.values()):
            return columns, None
        # A number's text is gone once it is read as a number: a column that turns out to be text is read again.
        lost = [
            name
            for name, column in columns.items()
            if column.kind is Kind.STRING and name not in job.later and any(_is_number(part[name]) for part in parts)
        ]
        if not lost:
            break
        guess.update(dict.fromkeys(lost, Kind.STRING))
    try:
        whole = [
            _joined([part[name] if name in job.later else _widen(part[name], column.kind) for part in parts])
            for name, column in columns.items()
        ]
    except pa.ArrowInvalid as error:  # more than 2 GB of text in one column
        raise DataError(
            f"This compressed file is too large to be read as a whole: {error}.",
            hint="Unpack it, so that it can be read in blocks, or split it.",
            path=shard.blocks[0].path,
        ) from error
    return columns, pa.RecordBatch.from_arrays(whole, list(columns))


def _accepted(read: _Read, block: Block, job: Convert, reject: Rejections) -> dict[str, pa.Array]:
    """The rows of a piece that are usable, with their declared types; the others are rejected, in order."""
    piece, ragged = read.piece, read.ragged
    if ragged and not reject.limit:
        raise _ragged(piece, block, ragged[0])
    misfits = Misfits()
    typed = dict(read.arrays)
    for name, kind in job.later.items():
        typed[name] = fit(typed[name], kind, name, misfits, reject.limit)
    if not ragged and not misfits.rows and not read.broken:
        return typed
    by_number = {one.number: one for one in ragged}
    position = 0
    for number, row in enumerate(rows(piece.data.decode(), piece.line), 1):
        if number in read.broken:
            reject(read.broken[number])
        elif number in by_number:
            reject(_wrong_fields(row.line, by_number[number], block))
        else:
            if position in misfits.rows:
                column, value, kind_name = misfits.rows[position]
                reject(misfit(block.path, row.line, column, value, kind_name, declared=column in job.job.declared))
            position += 1
    keep = from_bools(misfits.keep(position))
    return {name: array.filter(keep) for name, array in typed.items()}


def _is_number(array: pa.Array) -> bool:
    return pa.types.is_primitive(array.type) and array.null_count < len(array)


def _widen(array: pa.Array, kind: Kind) -> pa.Array:
    if array.type == kind.arrow:
        return array
    if array.null_count == len(array):
        return pa.nulls(len(array), kind.arrow)
    return array.cast(kind.arrow, safe=False)


@dataclass(frozen=True)
class _Read:
    """A piece as it was read.

    Attributes:
        piece: Its text, with question marks for the bytes of rows that are not UTF-8.
        arrays: Its columns; neither ragged nor broken rows are in them.
        seen: What the columns hold.
        ragged: Rows with too many or too few fields.
        broken: The errors of rows that are not UTF-8, by their number in the piece, from 1.
    """

    piece: Piece
    arrays: dict[str, pa.Array]
    seen: dict[str, Seen]
    ragged: list[pa.csv.InvalidRow]
    broken: dict[int, DataError]


def _mended(piece: Piece, block: Block, *, skip: bool) -> tuple[Piece, dict[int, DataError]]:
    """The piece as UTF-8, and its rows that are not; the first is an error unless such rows are left out."""
    if not skip or piece.data.isascii():
        _check_utf8(piece, block)
        return piece, {}
    text = piece.data.decode(errors="surrogateescape")
    if not _ESCAPED.search(text):
        return piece, {}
    broken = {}
    for number, row in enumerate(rows(text, piece.line), 1):
        at = next((at for at, field in enumerate(row.fields) if _ESCAPED.search(field)), None)
        if at is not None:
            value = row.fields[at].encode(errors="surrogateescape").decode(errors="backslashreplace")
            column = block.columns[at] if at < len(block.columns) else None
            broken[number] = DataError(
                f"Row {row.line}, {'field ' + str(at + 1) if column is None else 'column ' + repr(column)}: "
                f"{shortened(value)!r} is not UTF-8.",
                path=block.path,
                row=row.line,
                column=column,
                value=value[:1000],
            )
    return replace(piece, data=_ESCAPED.sub("?", text).encode()), broken


def _without(
    arrays: dict[str, pa.Array], ragged: list[pa.csv.InvalidRow], broken: Collection[int]
) -> dict[str, pa.Array]:
    """The arrays without the rows of these numbers; ragged rows are not in them."""
    gone = sorted(one.number for one in ragged)
    places = [number - 1 - bisect_left(gone, number) for number in broken if number not in gone]
    keep = np.ones(len(next(iter(arrays.values()))), bool)
    keep[places] = False
    return {name: array.filter(from_bools(keep)) for name, array in arrays.items()}


def _read_piece(
    piece: Piece, block: Block, guess: Mapping[str, Kind], fixed: Mapping[str, Kind], *, skip: bool
) -> _Read:
    """Read as guessed if that is possible."""
    piece, broken = _mended(piece, block, skip=skip)
    kinds = dict.fromkeys(block.columns, Kind.STRING)
    # Arrow takes 0x1F for an integer, which it is not here.
    if piece.regular and not has_hexadecimal(piece.data):
        kinds.update({name: kind for name, kind in {**guess, **fixed}.items() if kind is not Kind.NULL})
    try:
        arrays, ragged = _parse(piece, block, kinds)
    except pa.ArrowInvalid as error:
        if "conversion error" not in str(error):
            raise DataError(f"This is not readable as CSV: {error}", path=block.path, row=piece.line) from error
        arrays, ragged = _parse(piece, block, dict.fromkeys(block.columns, Kind.STRING))
    if broken:
        arrays = _without(arrays, ragged, broken)
    seen = {}
    for name, array in arrays.items():
        found = _seen(array, fixed.get(name))
        kind = fixed[name] if name in fixed else widest([guess.get(name, Kind.NULL), found.kind])
        if pa.types.is_string(array.type) and found.kind <= kind:
            arrays[name] = convert(array, kind)
        seen[name] = replace(found, kind=kind)
    return _Read(piece, arrays, seen, ragged, broken)


def _seen(array: pa.Array, fixed: Kind | None) -> Seen:
    present = len(array) - array.null_count
    if present and pa.types.is_string(array.type) and fixed is not Kind.STRING:
        return examine(array)
    kind = {pa.int64(): Kind.INT64, pa.float64(): Kind.FLOAT64}.get(array.type, Kind.STRING)
    if kind is Kind.STRING or not present:
        return Seen(kind if present else Kind.NULL, present, 0)
    return Seen(kind, present, present, kind)


def _parse(
    piece: Piece, block: Block, kinds: Mapping[str, Kind]
) -> tuple[dict[str, pa.Array], list[pa.csv.InvalidRow]]:
    """Arrow's reader on a piece; rows with too many or too few fields are left out and given apart.

    Raises:
        DataError: A quote is not closed.
        pyarrow.ArrowInvalid: A value is not of the type wanted.
    """
    ragged: list[pa.csv.InvalidRow] = []

    def remember(row: pa.csv.InvalidRow) -> str:
        ragged.append(row)
        return "skip"

    data = piece.data
    if len(data) > _MOST_BYTES:
        raise DataError(
            f"The {len(data):,} bytes from row {piece.line} on would have to be read in one piece: a row is that long, "
            "or a quote inside an unquoted field hides where rows end.",
            hint="Quote fields that hold quotes, and write those twice.",
            path=block.path,
            row=piece.line,
            line=piece.line,
        )
    # A quote that is never closed takes the rest of the text into its field without a word. Where quotes can't be
    # counted, a last row of our own tells: it must come back as it was.
    guard = b"" if piece.regular else b"penstock:end"
    if guard:
        data = data.rstrip(b"\r\n") + b"\n" + b",".join([guard] * len(block.columns)) + b"\n"
    quoted = b'"' in data
    table = pa.csv.read_csv(
        pa.BufferReader(data),
        read_options=pa.csv.ReadOptions(
            column_names=list(block.columns), use_threads=False, block_size=max(len(data) + 1, 1 << 16)
        ),
        parse_options=pa.csv.ParseOptions(
            quote_char='"' if quoted else False, newlines_in_values=quoted, invalid_row_handler=remember
        ),
        convert_options=pa.csv.ConvertOptions(
            column_types={name: kind.arrow for name, kind in kinds.items()},
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=True,
            check_utf8=False,  # done before, where the offset of what is wrong can be told
        ),
    )
    arrays = {name: _joined(table[name].chunks or [pa.nulls(0, table[name].type)]) for name in table.column_names}
    if guard:
        for name, array in arrays.items():
            if not len(array) or array[-1].as_py() != guard.decode():
                raise _swallowed(piece, block)
            arrays[name] = array.slice(0, len(array) - 1)
    return arrays, ragged


def _joined(arrays: list[pa.Array]) -> pa.Array:
    return arrays[0] if len(arrays) == 1 else pa.concat_arrays(arrays)


def _ragged(piece: Piece, block: Block, invalid: pa.csv.InvalidRow) -> DataError:
    line = piece.line
    for at, row in enumerate(rows(piece.data.decode(), piece.line), 1):
        line = row.line
        if at == invalid.number:
            if not piece.regular and len(row.fields) == invalid.expected_columns:
                return _swallowed(piece, block)
            break
    return _wrong_fields(line, invalid, block)


def _wrong_fields(line: int, invalid: pa.csv.InvalidRow, block: Block) -> DataError:
    expected, found = invalid.expected_columns, invalid.actual_columns
    if found > expected:
        hint = "Quote a field that holds a comma, or remove what is too much."
    else:
        hint = f"The last column it has a field for is {block.columns[found - 1]!r}. Add the fields that are missing."
    return DataError(
        f"Row {line} has {found} fields where the header has {expected} columns: {shortened(invalid.text)}",
        hint=hint,
        path=block.path,
        row=line,
        line=line,
        expected=expected,
        found=found,
    )


def _swallowed(piece: Piece, block: Block) -> DataError:
    *_, last = rows(piece.data.decode(), piece.line)
    return DataError(
        f"The quoted field that begins in row {last.line} never ends: its closing quote is missing. "
        f"The row: {shortened(','.join(last.fields))}",
        hint="Close the quote. A quote inside a quoted field is written twice.",
        path=block.path,
        row=last.line,
        line=last.line,
    )
