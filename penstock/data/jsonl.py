"""JSON Lines as input: one object a line, parsed by Arrow block by block; single lines are looked at only for errors.

Text is never taken for a time. Where a block cannot be parsed as a whole it is halved until the lines are found that
are to blame: lines that are no JSON object, and values whose kind contradicts the lines before.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, ClassVar

import pyarrow as pa
import pyarrow.json
import pyarrow.types as kinds

from penstock.artifacts import Examples
from penstock.data.ingest.files import Wanted, compression, find, refuse_other
from penstock.data.ingest.flow import Rows, Types, ingest
from penstock.data.ingest.job import Job
from penstock.data.ingest.rejected import Rejections
from penstock.data.ingest.shards import SHARD_BYTES, Block, Shard, packed
from penstock.data.ingest.types import shown, stored_batch, wider, with_values
from penstock.dsl import Context
from penstock.errors import DataError

__all__ = ["JsonlReader", "ingest_jsonl"]

_JSONL = Wanted(
    "JSON Lines",
    r"\.(jsonl|ndjson|json)(\.gz|\.zst)?$",
    "*.jsonl, *.ndjson or *.json (or with .gz, .zst)",
    ("gzip", "zstd"),
)
_LONGEST_LINE = 1 << 30
_BOM = b"\xef\xbb\xbf"


def ingest_jsonl(input_base: str | Mapping[str, str], examples: Examples, job: Job, ctx: Context) -> None:
    """Reads JSON Lines and writes their objects as the splits of ``examples``; see `penstock.data.ingest.flow.ingest`.

    Raises:
        DataError: A line is no JSON object, or a value's kind is not that of the lines before.
    """
    found = find(input_base, _JSONL)
    ingest(JsonlReader(tuple(map(str, found.paths))), str(found.paths[0]), examples, job.reading(found), ctx)


@dataclass(frozen=True)
class JsonlReader:
    """Files of JSON objects, one a line, in UTF-8."""

    paths: tuple[str, ...]
    block_bytes: int = SHARD_BYTES
    lists: ClassVar[bool] = False

    def shards(self) -> list[Shard]:
        """Blocks that end with a line; a compressed file is one block. No text is read but what is about their ends."""
        return list(packed((block for path in self.paths for block in self._blocks(path)), self.block_bytes))

    def _blocks(self, path: str) -> Iterator[Block]:
        refuse_other(path, _JSONL)
        size = Path(path).stat().st_size
        packing = compression(path)
        if packing:
            yield Block(path, 0, None, 1, size, packing)
            return
        start = 0
        with Path(path).open("rb") as stream:
            while start < size:
                stream.seek(min(start + self.block_bytes, size))
                stream.readline(_LONGEST_LINE)
                yield Block(path, start, stream.tell(), 0, stream.tell() - start)  # rows are counted if one is bad
                start = stream.tell()

    def batches(self, block: Block, known: Types, reject: Rejections) -> Iterator[Rows]:
        """The objects of a block as record batches; types that are not known are those of the first lines."""
        types = dict(known)
        line = 1
        for text in _pieces(block, self.block_bytes):
            marked = text.startswith(_BOM) and line == 1 and not block.start
            yield from _Lines(block, line).parsed(text[len(_BOM) :] if marked else text, types, reject)
            line += text.count(b"\n")


def _pieces(block: Block, size: int) -> Iterator[bytes]:
    """The text of a block; of a compressed file, about ``size`` at a time, to the end of a line."""
    if block.stop is not None:
        with Path(block.path).open("rb") as stream:
            stream.seek(block.start)
            yield stream.read(block.stop - block.start)
        return
    rest = b""
    try:
        with pa.input_stream(block.path, compression=block.compression) as stream:
            while chunk := stream.read(size):
                end = chunk.rfind(b"\n") + 1
                if end:
                    yield rest + chunk[:end]
                    rest = chunk[end:]
                else:
                    rest += chunk
    except OSError as error:
        if error.errno is not None:
            raise
        raise DataError(
            f"This {block.compression} file is damaged: {error}.", path=block.path, hint="Copy it again, whole."
        ) from error
    if rest:
        yield rest


def _not_text(text: bytes) -> str | None:
    """What keeps bytes from being JSON's text, if anything does."""
    if b"\0" in text:
        return "a NUL byte: this is no JSON text"
    if not text.isascii():
        try:
            text.decode()
        except UnicodeDecodeError as error:
            return f"byte 0x{text[error.start]:02x} is not UTF-8"
    return None


@dataclass(frozen=True)
class _Lines:
    """The lines of one piece of a block; ``first`` is the number of its first, in a compressed file."""

    block: Block
    first: int

    def parsed(self, text: bytes, types: dict[str, pa.DataType], reject: Rejections) -> Iterator[Rows]:
        """The objects in the lines, in order; ``types`` grows by what is found."""
        waiting = [(0, len(text))]
        while waiting:
            start, stop = waiting.pop()
            part = text[start:stop]
            if not part.strip():
                continue
            reason = _not_text(part)
            if reason is None:
                try:
                    table = _read(part, types)
                    reason = _contradiction(table, types, self.block.path)
                    if reason is None and _one_each(table.num_rows, part):
                        _learn(table, types, self.block.path)
                        for batch in table.combine_chunks().to_batches():  # one, as there is a chunk a column
                            yield Rows(batch, partial(self.number, text, start))
                        continue
                    reason = reason or "more or less than one JSON object stands on it"
                except pa.ArrowInvalid as error:
                    reason = _alone(part, types, self.block.path) or _reason(error)
            middle = part.find(b"\n", len(part) // 2) + 1 or part.rfind(b"\n", 0, len(part) // 2) + 1
            if 0 < middle < len(part):
                waiting += [(start + middle, stop), (start, start + middle)]
            elif part.count(b"\n", 0, len(part) - 1):
                end = part.index(b"\n") + 1
                waiting += [(start + end, stop), (start, start + end)]
            else:
                reject(self.error(text, start, reason))

    def number(self, text: bytes, start: int, position: int) -> int:
        """The number of the line with the object at a position of those from an offset on."""
        at = start
        while True:
            end = text.find(b"\n", at) + 1 or len(text)
            if text[at:end].strip():
                if not position:
                    return self._line(text, at)
                position -= 1
            at = end

    def error(self, text: bytes, at: int, reason: str) -> DataError:
        """The error for the line at an offset of the text."""
        line = self._line(text, at)
        shown_line = text[at:].split(b"\n", 1)[0][:120].decode(errors="replace").strip()
        return DataError(
            f"Line {line}: {reason}. The line: {shown_line}",
            hint='Expected is one object a line, in UTF-8: {"name": value, ...}.',
            path=self.block.path,
            row=line,
            line=line,
        )

    def _line(self, text: bytes, at: int) -> int:
        line = self.first + text.count(b"\n", 0, at)
        if self.block.stop is not None and self.block.start:
            with Path(self.block.path).open("rb") as stream:
                line += _newlines(stream, self.block.start)
        return line


def _newlines(stream: IO[bytes], size: int) -> int:
    count = 0
    while size > 0 and (chunk := stream.read(min(size, 1 << 20))):
        count += chunk.count(b"\n")
        size -= len(chunk)
    return count


def _one_each(rows: int, text: bytes) -> bool:
    """Whether there are as many rows as lines that are not blank."""
    lines = text.count(b"\n") + (not text.endswith(b"\n"))
    return rows == lines or rows == sum(1 for line in text.split(b"\n") if line.strip())


def _read(text: bytes, types: Types) -> pa.Table:
    """The text as Arrow reads it, with text columns told to it: it would take some for times.

    Lists are told, too, where there are nulls: Arrow (25) loses those that stand before the first value it sees.
    """
    explicit: dict[str, pa.DataType] = {name: kind for name, kind in types.items() if kind == pa.string()}
    found: dict[str, pa.DataType] = {}
    while True:
        table = pa.json.read_json(
            pa.BufferReader(text),
            read_options=pa.json.ReadOptions(use_threads=False, block_size=len(text) + 1),
            parse_options=pa.json.ParseOptions(explicit_schema=pa.schema(list(explicit.items()))),
        )
        found |= {field.name: field.type for field in table.schema if field.name not in found}
        told = {field.name: _told(field.type) for field in table.schema}
        wrong = {
            field.name: told[field.name]
            for field in table.schema
            if told[field.name] != field.type
            or (b"null" in text and field.name not in explicit and "list<" in str(field.type))
        }
        if not wrong:
            if not table.num_columns:
                return table
            names = [*(name for name in types if name in told), *(name for name in found if name not in types)]
            return pa.table({name: _untold(table[name].combine_chunks(), found[name]) for name in names})
        explicit |= wrong


def _told(kind: pa.DataType) -> pa.DataType:
    if kinds.is_timestamp(kind):
        return pa.string()
    if kinds.is_list(kind):
        return pa.list_(pa.string() if kinds.is_null(kind.value_type) else _told(kind.value_type))
    if kinds.is_struct(kind):
        return pa.struct([field.with_type(_told(field.type)) for field in kind])
    return kind


def _untold(array: pa.Array, found: pa.DataType) -> pa.Array:
    """The array with null where text was told for it."""
    if isinstance(array, pa.ChunkedArray):
        array = pa.concat_arrays(array.chunks or [pa.nulls(0, array.type)])
    if kinds.is_null(found):
        return pa.nulls(len(array))
    if kinds.is_list(found):
        return with_values(array, _untold(array.flatten(), found.value_type))
    if kinds.is_struct(found):
        parts = [_untold(part, field.type) for part, field in zip(array.flatten(), found, strict=True)]
        return pa.StructArray.from_arrays(parts, names=[field.name for field in found], mask=array.is_null())
    return array


def _contradiction(table: pa.Table, types: Types, path: str) -> str | None:
    for field in _stored_schema(table, path):
        if field.name in types and wider(types[field.name], field.type) is None:
            return f"{field.name!r} is {shown(field.type)} here and {shown(types[field.name])} before"
    return None


def _alone(line: bytes, types: Types, path: str) -> str | None:
    """What a line that is an object contradicts, read without knowing of those before."""
    try:
        return _contradiction(_read(line, {}), types, path)
    except pa.ArrowInvalid:
        return None


def _learn(table: pa.Table, types: dict[str, pa.DataType], path: str) -> None:
    for field in _stored_schema(table, path):
        kind = wider(types.get(field.name, pa.null()), field.type)
        assert kind is not None
        types[field.name] = kind


def _stored_schema(table: pa.Table, path: str) -> pa.Schema:
    empty = pa.RecordBatch.from_arrays([pa.nulls(0, kind) for kind in table.schema.types], schema=table.schema)
    return stored_batch(empty, path).schema


def _reason(error: pa.ArrowInvalid) -> str:
    text = str(error).splitlines()[0].removeprefix("JSON parse error: ")
    text, _, _ = text.partition(" in row ")
    return f"this is no JSON object ({text.rstrip('.')})"
