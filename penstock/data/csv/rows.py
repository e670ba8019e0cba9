"""Walking through CSV text row by row, in Python: for headers, and to say where something is wrong. Never for data."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from penstock.errors import DataError

__all__ = ["Row", "not_utf8", "rows", "shortened"]


@dataclass(frozen=True)
class Row:
    """A row's fields and the number of the line it begins on."""

    line: int
    fields: list[str]


def shortened(text: str, limit: int = 120) -> str:
    """A text as it may stand in a message: its beginning, and how long it is if that is not all."""
    return text if len(text) <= limit else f"{text[:limit]}... ({len(text):,} characters)"


def rows(text: str, line: int = 1) -> Iterator[Row]:
    """The rows of a text that are not blank; ``line`` is the number of its first line."""
    # The limit is the process's, and put back by one thread it would fail another; no field is too long here.
    csv.field_size_limit(sys.maxsize)
    reader = csv.reader(io.StringIO(text, newline=""))
    at = 0
    for fields in reader:
        if fields:
            yield Row(line + at, fields)
        at = reader.line_num


def not_utf8(path: str, data: bytes, *, line: int, offset: int, columns: Sequence[str] | None = None) -> DataError:
    """The error for bytes that are not UTF-8: row, column, offset, and an encoding that fits.

    Args:
        path: The file.
        data: Text from the start of a row on, not all of it UTF-8.
        line: Number of its first line.
        offset: Offset of its first byte in the file's text.
        columns: Names of the columns; None if ``data`` is the header.
    """
    try:
        data.decode()
    except UnicodeDecodeError as error:
        at = error.start
    # Latin-1 has commas, quotes and line ends as the same bytes, so that it tells row and field of any byte. The 'x'
    # stands for the byte itself, which may be the first of its row.
    *_, row = rows(data[:at].decode("latin-1") + "x", line)
    bad_line = line + data.count(b"\n", 0, at)
    column = columns[len(row.fields) - 1] if columns and len(row.fields) <= len(columns) else None
    where = f"field {len(row.fields)}" if column is None else f"column {column!r}"
    context = data[max(data.rfind(b"\n", 0, at) + 1, at - 20) : at + 20].split(b"\n")[0]
    try:
        encoding, shown = "cp1252", context.decode("cp1252")
    except UnicodeDecodeError:
        encoding, shown = "latin-1", context.decode("latin-1")
    return DataError(
        f"Row {bad_line}, {where}: byte 0x{data[at]:02x} at offset {offset + at:,} is not UTF-8.",
        hint=f"Read as {encoding} it says {shown.strip()!r}. If that is right, convert the file: "
        f"iconv -f {encoding} -t UTF-8 old.csv > new.csv",
        path=path,
        row=bad_line,
        line=bad_line,
        column=column,
        offset=offset + at,
    )
