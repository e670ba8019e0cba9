"""The CSV files an input path means, and their headers; what is wrong with them is said before anything is computed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from penstock.data.csv.rows import not_utf8, rows
from penstock.data.ingest import files as inputs
from penstock.data.ingest.files import Found, Wanted, joined
from penstock.errors import DataError

__all__ = ["CsvFile", "find", "open_all"]

_HEADER_BYTES = 1 << 20
_MOST_HEADER_BYTES = 64 << 20
_BOM = b"\xef\xbb\xbf"
_CSV = Wanted("CSV", r"\.csv(\.gz|\.zst)?$", "*.csv, *.csv.gz or *.csv.zst", ("gzip", "zstd"))


@dataclass(frozen=True)
class CsvFile:
    """A file with its header read.

    Attributes:
        path: The file.
        columns: The names in its header.
        body: Offset of the first byte behind the header, in the uncompressed text.
        body_line: Number of the line there; the file's first is 1.
        compressed: Whether it is a gzip or zstd file, as told by its first bytes.
    """

    path: str
    columns: tuple[str, ...]
    body: int
    body_line: int
    compressed: bool


def find(input_base: str | Mapping[str, str]) -> Found:
    """The files of a path, or of a path for each split; see `penstock.data.ingest.files.find`.

    Raises:
        DataError: There are none; offers near names.
    """
    return inputs.find(input_base, _CSV)


def open_all(paths: Sequence[Path]) -> list[CsvFile]:
    """Reads the headers and holds each against the first; the order of the columns may differ.

    Raises:
        DataError: A file is empty, unreadable or no text, a header is unusable, or two headers differ.
    """
    files = [_open(path) for path in paths]
    first = files[0]
    for file in files[1:]:
        lacks = [name for name in first.columns if name not in file.columns]
        more = [name for name in file.columns if name not in first.columns]
        if lacks or more:
            differences = [
                f"{_names(names)} only in {where.path}" for names, where in ((lacks, first), (more, file)) if names
            ]
            raise DataError(
                f"Its columns differ from those of {first.path}: {'; '.join(differences)}.",
                hint="All files of one input must have the same columns. Correct one, or give a pattern that leaves "
                "it out.",
                path=file.path,
                row=1,
                other=first.path,
                column=(lacks + more)[0],
            )
    return files


def _open(path: Path) -> CsvFile:
    try:
        return _read_header(path)
    except OSError as error:
        if error.errno is None:
            raise inputs.damaged(path, error) from error
        raise DataError(
            f"The file cannot be read: {error.strerror or error}.", path=str(path), hint="Check its permissions."
        ) from error


def _read_header(path: Path) -> CsvFile:
    compressed = inputs.compression(path) is not None
    with inputs.open_unpacked(path) as stream:
        text = stream.read(_HEADER_BYTES)
        _check_text(path, text)
        begin = len(_BOM) if text.startswith(_BOM) else 0
        while begin < len(text) and text[begin] in b"\r\n":
            begin += 1
        end = _header_end(text, begin)
        while end < 0 and len(text) < _MOST_HEADER_BYTES:
            more = stream.read(_HEADER_BYTES)
            text += more
            end = _header_end(text, begin) if more else len(text)
    if end < 0:
        raise DataError(f"The first line is longer than {_MOST_HEADER_BYTES:,} bytes.", path=str(path), row=1)
    header = text[begin:end]
    first_line = 1 + text.count(b"\n", 0, begin)
    if not header.strip():
        raise DataError("The file has no header, only blank lines.", path=str(path), hint=_WANTED)
    try:
        decoded = header.decode()
    except UnicodeDecodeError as error:
        raise not_utf8(str(path), header, offset=begin, line=first_line) from error
    columns = tuple(next(rows(decoded)).fields)
    _check_columns(path, columns, first_line)
    body_line = 1 + text.count(b"\n", 0, end)
    return CsvFile(str(path), columns, end, body_line, compressed)


_WANTED = "A CSV file with a header line and at least one row is expected."


def _check_text(path: Path, text: bytes) -> None:
    if not text.removeprefix(_BOM):
        raise DataError("The file is empty.", path=str(path), hint=_WANTED)
    inputs.refuse_other(path, _CSV)
    line, _, rest = text.partition(b"\n")
    if not rest and b"\r" in line.rstrip(b"\r") and b'"' not in line:
        raise DataError(
            "The lines end with a carriage return alone, as on early Macintoshes.",
            path=str(path),
            hint=r"Convert them: tr '\r' '\n' < old.csv > new.csv",
        )
    nul = line.find(b"\0")
    if nul >= 0:
        raise DataError(
            f"Line 1 holds a NUL byte (offset {nul:,}): this is no CSV text.",
            path=str(path),
            row=1,
            hint="Expected is CSV in UTF-8.",
        )


def _header_end(text: bytes, begin: int) -> int:
    """Offset behind the first line end that is outside quotes, or -1."""
    end, quotes = begin, 0
    while True:
        following = text.find(b"\n", end)
        if following < 0:
            return -1
        quotes += text.count(b'"', end, following)
        end = following + 1
        if quotes % 2 == 0:
            return end


def _check_columns(path: Path, columns: tuple[str, ...], line: int) -> None:
    if len(columns) == 1:
        for separator, name in ((";", "semicolons"), ("\t", "tabs"), ("|", "bars")):
            if separator in columns[0]:
                raise DataError(
                    f"The header is one column, {columns[0][:80]!r}: its fields seem to be separated by {name}.",
                    path=str(path),
                    row=line,
                    hint="Fields are separated by commas. Write the file again with commas.",
                )
    for index, name in enumerate(columns, 1):
        if not name.strip():
            raise DataError(
                f"The header (row {line}) has no name for column {index} of {len(columns)}.",
                path=str(path),
                row=line,
                line=line,
                column=index,
                hint="Name it, or remove the column. A comma at the end of the line makes one, too.",
            )
    name, count = Counter(columns).most_common(1)[0]
    if count > 1:
        at = [str(index) for index, other in enumerate(columns, 1) if other == name]
        raise DataError(
            f"The header (row {line}) names {name!r} {count} times, as columns {joined(at)}.",
            path=str(path),
            row=line,
            line=line,
            column=name,
            hint="Give each column a name of its own.",
        )


def _names(names: Sequence[str]) -> str:
    return joined([repr(name) for name in names[:10]]) + (f" and {len(names) - 10} more" if len(names) > 10 else "")
