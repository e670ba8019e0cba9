"""TFRecord files of ``tf.train.Example`` protos, read and written in columns, without TensorFlow.

The protos are decoded by ``tfx_bsl``, in C++.
"""

from __future__ import annotations

import gzip
import io
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as kinds

from penstock.artifacts import Examples
from penstock.data.examples import record_batches
from penstock.data.ingest.files import Wanted, compression, damaged, find, open_unpacked, refuse_other
from penstock.data.ingest.flow import Rows, Types, ingest
from penstock.data.ingest.job import Job
from penstock.data.ingest.rejected import Rejections
from penstock.data.ingest.shards import SHARD_BYTES, Block, Shard, packed
from penstock.data.tf_examples import encode_examples
from penstock.data.tfrecord_framing import CRC, LENGTH, framed, masked
from penstock.dsl import Context
from penstock.errors import DataError

if TYPE_CHECKING:
    from tfx_bsl.cc.tfx_bsl_extension.coders import ExamplesToRecordBatchDecoder

__all__ = ["TFRecordReader", "export_tfrecord", "ingest_tfrecord"]

_TFRECORD = Wanted("TFRecord", r"tfrecords?\b.*", "*.tfrecord or *tfrecord*.gz", ("gzip", "zstd"))
_BATCH = 16_384
_LARGEST = 1 << 31
_READ_BYTES = 1 << 20


def ingest_tfrecord(input_base: str | Mapping[str, str], examples: Examples, job: Job, ctx: Context) -> None:
    """Reads examples from TFRecord files and writes them as splits; see `penstock.data.ingest.flow.ingest`.

    Raises:
        DataError: A file is damaged, a record is no example, or a feature changes its type.
    """
    found = find(input_base, _TFRECORD)
    ingest(TFRecordReader(tuple(map(str, found.paths))), str(found.paths[0]), examples, job.reading(found), ctx)


@dataclass(frozen=True)
class TFRecordReader:
    """TFRecord files. A feature is a flat column as long as no example has more than one value of it, else a list."""

    paths: tuple[str, ...]
    shard_bytes: int = SHARD_BYTES
    lists: ClassVar[bool] = True

    def shards(self) -> list[Shard]:
        """Runs of records, found by hopping from length to length; a compressed file is one block."""
        return list(packed((block for path in self.paths for block in self._blocks(path)), self.shard_bytes))

    def _blocks(self, path: str) -> Iterator[Block]:
        refuse_other(path, _TFRECORD)
        size = Path(path).stat().st_size
        packing = compression(path)
        if packing:
            yield Block(path, 0, None, 1, size, packing)
            return
        start, at, first, record = 0, 0, 1, 1
        with Path(path).open("rb", buffering=_READ_BYTES) as stream:
            while head := stream.read(12):
                at += _length(head, path, record) + 16
                if at > size:
                    raise _cut(path, record)
                stream.seek(at)
                record += 1
                if at - start >= self.shard_bytes:
                    yield Block(path, start, at, first, at - start)
                    start, first = at, record
        if at > start:
            yield Block(path, start, at, first, at - start)

    def batches(self, block: Block, known: Types, reject: Rejections) -> Iterator[Rows]:
        """The examples of a block, at most `_BATCH` at a time."""
        from tfx_bsl.cc.tfx_bsl_extension.coders import ExamplesToRecordBatchDecoder

        decoder = ExamplesToRecordBatchDecoder()
        waiting: list[tuple[int, bytes]] = []
        for record in _records(block, reject):
            waiting.append(record)
            if len(waiting) == _BATCH:
                yield from _decoded(decoder, waiting, block.path, known, reject)
                waiting = []
        if waiting:
            yield from _decoded(decoder, waiting, block.path, known, reject)


def export_tfrecord(examples: Examples, split: str, directory: str | Path) -> tuple[Path, int]:
    """Writes a split as a gzip TFRecord file of ``tf.train.Example`` protos, under TFX's name; gives file and rows.

    The file is ``<directory>/Split-<split>/data_tfrecord-00000-of-00001.gz``. Examples hold no doubles: numbers with a
    fraction become 32 bits wide. A nested list cannot be written.

    Raises:
        DataError: There is no such split, or a column has a type that the proto cannot hold.
    """
    path = Path(directory, f"Split-{split}", "data_tfrecord-00000-of-00001.gz")
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{uuid.uuid4().hex}.gz")
    rows = 0
    try:
        with gzip.open(temporary, "wb", compresslevel=6) as stream:
            for batch in record_batches(examples, split):
                buffer = io.BytesIO()
                for data in encode_examples(batch).to_pylist():
                    buffer.write(framed(data))
                stream.write(buffer.getvalue())
                rows += batch.num_rows
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    return path, rows


def _records(block: Block, reject: Rejections) -> Iterator[tuple[int, bytes]]:
    """The records of a block with their numbers."""
    found = _packed_records(block) if block.compression else _plain_records(block)
    for record, (data, checksum) in enumerate(found, block.row):
        if checksum == masked(data):
            yield record, data
        else:
            reject(_damaged(block.path, record, "its checksum does not fit its data"))


def _plain_records(block: Block) -> Iterator[tuple[bytes, int]]:
    """Data and checksum of each record; the lengths were looked at when the blocks were made."""
    assert block.stop is not None
    with Path(block.path).open("rb") as stream:
        stream.seek(block.start)
        text = stream.read(block.stop - block.start)
    if len(text) < block.stop - block.start:
        raise _cut(block.path, block.row)
    at = 0
    while at < len(text):
        end = at + 12 + LENGTH.unpack_from(text, at)[0]
        yield text[at + 12 : end], CRC.unpack_from(text, end)[0]
        at = end + 4


def _packed_records(block: Block) -> Iterator[tuple[bytes, int]]:
    record = block.row
    try:
        with open_unpacked(block.path) as stream:
            while head := stream.read(12):
                length = _length(head, block.path, record)
                body = stream.read(length + 4)
                if len(body) < length + 4:
                    raise _cut(block.path, record)
                yield body[:length], CRC.unpack_from(body, length)[0]
                record += 1
    except OSError as error:
        if error.errno is None:
            raise damaged(block.path, error) from error
        raise


def _length(head: bytes, path: str, record: int) -> int:
    if len(head) < 12:
        raise _cut(path, record)
    length: int = LENGTH.unpack_from(head)[0]
    if CRC.unpack_from(head, 8)[0] != masked(head[:8]) or length > _LARGEST:
        if record == 1:
            raise DataError(
                "This is no TFRecord file: it does not begin with a record.",
                path=path,
                hint="Expected are tf.train.Example protos in TFRecord files, plain or gzip.",
            )
        raise _damaged(path, record, "the checksum of its length does not fit")
    return length


def _cut(path: str, record: int) -> DataError:
    return _damaged(path, record, "the file ends in the middle of it")


def _damaged(path: str, record: int, reason: str) -> DataError:
    return DataError(
        f"Record {record:,} is damaged: {reason}.", hint="Copy the file again, whole.", path=path, row=record
    )


def _decoded(
    decoder: ExamplesToRecordBatchDecoder,
    records: list[tuple[int, bytes]],
    path: str,
    known: Types,
    reject: Rejections,
) -> Iterator[Rows]:
    numbers, data = [number for number, _ in records], [body for _, body in records]
    while data:
        good, batch, reason = _decodable(decoder, data)
        if batch is not None:
            arrays = [
                _column(array, as_list=kinds.is_list(known.get(name, pa.null())))
                for name, array in zip(batch.schema.names, batch.columns, strict=True)
            ]
            if arrays:
                yield Rows(pa.RecordBatch.from_arrays(arrays, batch.schema.names), numbers[:good].__getitem__)
        if good < len(data):
            row = numbers[good]
            error = DataError(
                f"Record {row:,} is no example that fits those before it: {reason}.",
                hint="Expected are tf.train.Example protos, each feature of one type in all of them.",
                path=path,
                row=row,
            )
            reject(error)
        numbers, data = numbers[good + 1 :], data[good + 1 :]


def _decodable(decoder: ExamplesToRecordBatchDecoder, data: list[bytes]) -> tuple[int, pa.RecordBatch | None, str]:
    """How many records there are before the first that is no example, these as a batch, and why it is none."""
    try:
        return len(data), decoder.DecodeBatch(data), ""
    except RuntimeError as error:
        reason = str(error).split(": ", 1)[-1].rstrip(".")
    # The decoder does not say which record it was: the shortest run that fails ends with the one to blame.
    good, bad, batch = 0, len(data), None
    while bad - good > 1:
        middle = (good + bad) // 2
        try:
            batch = decoder.DecodeBatch(data[:middle])
            good = middle
        except RuntimeError:
            bad = middle
    return good, batch, reason


def _column(lists: pa.Array, *, as_list: bool) -> pa.Array:
    """A feature as lists, or as a flat column if no example has more than one value; bytes as text if all are UTF-8."""
    if kinds.is_null(lists.type):
        return lists
    values = lists.flatten()
    if kinds.is_large_binary(values.type) or kinds.is_binary(values.type):
        try:
            values = values.cast(pa.large_string()).cast(pa.string())
        except pa.ArrowInvalid:
            values = values.cast(pa.binary())
    lengths = pc.fill_null(pc.list_value_length(lists), 0).cast(pa.int32())
    if not as_list and (pc.max(lengths).as_py() or 0) <= 1:
        has = pc.equal(lengths, 1)
        places = pc.subtract(pc.cumulative_sum(lengths), 1)
        return values.take(pc.if_else(has, places, pa.scalar(None, pa.int32())))
    offsets = pa.concat_arrays([pa.array([0], pa.int32()), pc.cumulative_sum(lengths)])
    return pa.ListArray.from_arrays(offsets, values, mask=lists.is_null() if lists.null_count else None)
