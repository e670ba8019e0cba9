"""Cutting CSV files into blocks that can be read on their own, at line ends that are not inside quotes.

Whether a line end is inside quotes is told by the number of quotes before it, even or odd, which numpy counts. That is
exact as long as each quote is where the format has quotes: the opening one after a comma or a line end, the closing one
before a comma, a line end or another quote. From the first quote that stands elsewhere (``5" pipe``) a file is no
longer cut: the rest is one block. A compressed file is one block, because it can't be read from the middle; it is cut
into pieces while it is read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
import numpy.typing as npt

from penstock.data.csv.files import CsvFile
from penstock.data.ingest.files import damaged, open_unpacked
from penstock.data.ingest.shards import SHARD_BYTES as BLOCK_BYTES
from penstock.data.ingest.shards import Shard, packed
from penstock.errors import DataError

__all__ = ["Block", "Cut", "Piece", "cuts", "pieces", "shards"]

_READ_BYTES = 4 << 20
_COUNTED_BYTES = 1 << 18  # what fits in a processor's cache
# What may stand outside an opening or closing quote; another quote, where "" stands for one.
_BESIDE = np.frombuffer(b',\n\r"', np.uint8)


@dataclass(frozen=True)
class Block:
    """A part of a file that starts and ends with a row.

    Attributes:
        path: The file.
        columns: The names of its columns.
        start: Offset of the first byte.
        stop: Offset behind the last byte; None for all that a compressed file holds from ``start``.
        line: Number of the first line; the file's first is 1.
        size: Its bytes in the file, for progress and for sharing work.
        regular: Whether all its quotes stand where the format has quotes.
    """

    path: str
    columns: tuple[str, ...]
    start: int
    stop: int | None
    line: int
    size: int
    regular: bool = True


@dataclass(frozen=True)
class Piece:
    """The text of whole rows: bytes, their offset, number of the first line, and whether the quotes are regular."""

    data: bytes
    offset: int
    line: int
    regular: bool = True


@dataclass(frozen=True)
class Cut:
    """Where a block ends: offset behind it, number of the line that follows, whether its quotes were regular."""

    offset: int
    line: int
    regular: bool


def shards(files: Sequence[CsvFile], block_bytes: int = BLOCK_BYTES) -> Iterator[Shard]:
    """Cuts files into shards of about ``block_bytes``; small files share one. Reads each plain file once.

    Raises:
        DataError: A file holds NUL bytes, or a quoted field that never ends; names file and line.
    """
    return packed((block for file in files for block in _blocks(file, block_bytes)), block_bytes)


def pieces(block: Block, block_bytes: int = BLOCK_BYTES) -> Iterator[Piece]:
    """The text of a block, in pieces of about ``block_bytes`` where it is compressed, else in one."""
    if block.stop is not None:
        with Path(block.path).open("rb") as stream:
            stream.seek(block.start)
            yield Piece(stream.read(block.stop - block.start), block.start, block.line, block.regular)
        return
    kept: list[bytes] = []
    at, line = block.start, block.line
    try:
        with open_unpacked(block.path, block.start) as stream:
            for cut in cuts(stream, block.path, block.start, block.line, block_bytes, kept.append):
                text = b"".join(kept)
                size = cut.offset - at
                kept[:] = [text[size:]]
                yield Piece(text[:size], at, line, cut.regular)
                at, line = cut.offset, cut.line
    except OSError as error:
        if error.errno is None:
            raise damaged(block.path, error) from error
        raise


def _blocks(file: CsvFile, block_bytes: int) -> Iterator[Block]:
    size = Path(file.path).stat().st_size
    if file.compressed:
        yield Block(file.path, file.columns, file.body, None, file.body_line, size)
        return
    start, line = file.body, file.body_line
    with open_unpacked(file.path, start) as stream:
        for cut in cuts(stream, file.path, start, line, block_bytes):
            yield Block(file.path, file.columns, start, cut.offset, line, cut.offset - start, cut.regular)
            start, line = cut.offset, cut.line


def cuts(
    stream: IO[bytes],
    path: str,
    start: int,
    line: int,
    block_bytes: int,
    keep: Callable[[bytes], object] | None = None,
) -> Iterator[Cut]:
    """Where to cut a stream so that each block has at least ``block_bytes`` and ends outside quotes.

    Args:
        stream: The uncompressed text, from the first row on.
        path: Its file, for errors.
        start: Offset of the first row.
        line: Number of the first row's line.
        block_bytes: The least size of a block.
        keep: Called with each chunk of text once it is read.

    Yields:
        The cuts; the last is at the end of the text. Nothing if there is no text.
    """
    offset = begun = start  # of the first byte of `text`, and of the current block
    inside = 0  # 1 while inside quotes
    regular = True
    last_quote = start
    before, text = b"\n", b""
    while True:
        chunk = stream.read(_READ_BYTES)
        if keep is not None:
            keep(chunk)
        text += chunk
        if b"\0" in text:
            raise _nul(path, text, offset, line)
        # The last byte waits for the next chunk: a quote is judged by the byte that follows it.
        size, following = (len(text) - 1, text[-1:]) if chunk else (len(text), b"\n")
        quotes = np.zeros(0, np.intp)
        if b'"' in text:
            array = np.frombuffer(before + text[:size] + following, np.uint8)
            quotes = np.flatnonzero(array[1:-1] == ord('"'))
            opening = (np.arange(len(quotes)) + inside) % 2 == 0
            beside = np.where(opening, array[quotes], array[quotes + 2])
            regular = regular and bool(np.isin(beside, _BESIDE).all())
            last_quote = offset + int(quotes[-1]) if len(quotes) else last_quote
        counted = 0  # how much of the text `line` accounts for
        while regular and begun + block_bytes < offset + size:
            end = _outside(text, size, quotes, inside, max(begun + block_bytes - offset, counted))
            if end < 0:
                break
            line += _line_ends(text, counted, end + 1)
            counted = end + 1
            begun = offset + counted
            yield Cut(begun, line, regular=True)
        line += _line_ends(text, counted, size)
        inside = (inside + len(quotes)) % 2
        offset += size
        before, text = text[size - 1 : size] or before, following
        if not chunk:
            break
    if regular and inside:
        raise _unclosed(path, last_quote)
    if offset > begun:
        yield Cut(offset, line, regular)


def _line_ends(text: bytes, start: int, stop: int) -> int:
    """How many there are between two offsets; faster than ``bytes.count``, which stops at each."""
    letters = np.frombuffer(text, np.uint8)[start:stop]
    return sum(
        int(np.count_nonzero(letters[at : at + _COUNTED_BYTES] == ord("\n")))
        for at in range(0, len(letters), _COUNTED_BYTES)
    )


def _outside(text: bytes, size: int, quotes: npt.NDArray[np.intp], inside: int, position: int) -> int:
    """Offset of the first line end from ``position`` to ``size`` that is not inside quotes, or -1."""
    while True:
        end = text.find(b"\n", position, size)
        if end < 0:
            return -1
        passed = int(np.searchsorted(quotes, end))
        if (inside + passed) % 2 == 0:
            return end
        if passed == len(quotes):
            return -1
        position = int(quotes[passed])  # the quoted field ends here at the earliest


def _nul(path: str, text: bytes, offset: int, line: int) -> DataError:
    at = text.index(b"\0")
    line += text.count(b"\n", 0, at)
    return DataError(
        f"Line {line} holds a NUL byte (offset {offset + at:,}): this is no CSV text.",
        hint="Expected is CSV in UTF-8. If it is UTF-16, convert it: iconv -f UTF-16 -t UTF-8 old.csv > new.csv",
        path=path,
        row=line,
        line=line,
        offset=offset + at,
    )


def _unclosed(path: str, offset: int) -> DataError:
    with open_unpacked(path) as stream:
        line = stream.read(offset).count(b"\n") + 1
    return DataError(
        f"The quoted field that begins in row {line} never ends: its closing quote is missing.",
        hint="Close the quote. A quote inside a quoted field is written twice.",
        path=path,
        row=line,
        line=line,
        offset=offset,
    )
