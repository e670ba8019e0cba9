"""Record batches in Beam: how they travel between stages, where they come from and how they are written."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import apache_beam as beam
import pyarrow as pa
import pyarrow.parquet as pq
from apache_beam.coders import Coder, registry
from apache_beam.transforms.window import GlobalWindow
from apache_beam.utils.windowed_value import WindowedValue

from penstock.data.examples import RowGroup, even_slices, open_writer, read_row_group

__all__ = ["ReadRowGroups", "RecordBatchCoder", "WriteParquet"]


class RecordBatchCoder(Coder):
    """Arrow's IPC stream format. Of a slice only its own rows are written, never the batch it was cut from."""

    def encode(self, value: pa.RecordBatch) -> bytes:
        """The batch with its schema, self-contained."""
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, value.schema) as writer:
            writer.write_batch(value)
        return sink.getvalue().to_pybytes()

    def decode(self, encoded: bytes) -> pa.RecordBatch:
        """The batch that `encode` wrote, as a view on the bytes."""
        with pa.ipc.open_stream(pa.py_buffer(encoded)) as reader:
            return reader.read_next_batch()

    def is_deterministic(self) -> bool:
        """Equal batches give equal bytes only if their buffers do, so a batch is no key."""
        return False

    def to_type_hint(self) -> type:
        """The type this coder is registered for."""
        return pa.RecordBatch

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other)

    def __hash__(self) -> int:
        return hash(type(self))


registry.register_coder(pa.RecordBatch, RecordBatchCoder)


@beam.typehints.with_input_types(tuple[int, Iterable[RowGroup]])
@beam.typehints.with_output_types(pa.RecordBatch)
class _Read(beam.DoFn):
    def __init__(self, columns: Sequence[str] | None) -> None:
        self._columns = None if columns is None else list(columns)

    def process(self, element: tuple[int, Iterable[RowGroup]]) -> Iterator[pa.RecordBatch]:
        for group in element[1]:
            yield read_row_group(group, self._columns)


class ReadRowGroups(beam.PTransform):
    """Record batches from row groups: a batch for each, read where it is needed.

    Workers share the groups between them. In one process the batches come in the order of ``groups``.

    Args:
        groups: What `penstock.data.examples.row_groups` gives.
        columns: The columns wanted, in this order; all of them if not given.
    """

    def __init__(self, groups: Sequence[RowGroup], columns: Sequence[str] | None = None) -> None:
        super().__init__()
        self._groups = list(groups)
        self._columns = columns

    def expand(self, begin: beam.pvalue.PBegin) -> beam.PCollection:
        """PBegin -> PCollection[pa.RecordBatch]."""
        # A grouping by index and not beam.Reshuffle, whose random keys would shuffle the rows from run to run.
        return (
            begin
            | "Descriptors"
            >> beam.Create(list(enumerate(self._groups)), reshuffle=False).with_output_types(tuple[int, RowGroup])
            | "Spread" >> beam.GroupByKey()
            | "Read" >> beam.ParDo(_Read(self._columns))
        )


@beam.typehints.with_output_types(tuple[str, str])
class _WriteBundle(beam.DoFn):
    """Writes the batches of a bundle to one hidden file and emits (its digest, its path)."""

    def __init__(self, directory: str) -> None:
        self._directory = directory

    def start_bundle(self) -> None:
        self._writer: pq.ParquetWriter | None = None
        self._path = ""

    def process(self, batch: pa.RecordBatch) -> None:
        if not batch.num_rows:
            return
        batch = batch.replace_schema_metadata(None)
        if self._writer is None:
            Path(self._directory).mkdir(parents=True, exist_ok=True)
            self._path = str(Path(self._directory, f".part-{uuid.uuid4().hex}.parquet"))
            self._writer = open_writer(self._path, batch.schema)
        for part in even_slices(batch):
            self._writer.write_batch(part)

    def finish_bundle(self) -> Iterator[WindowedValue]:
        if self._writer is not None:
            self._writer.close()
            self._writer = None
            window = GlobalWindow()
            with Path(self._path).open("rb") as stream:
                digest = hashlib.file_digest(stream, "sha256").hexdigest()
            yield WindowedValue((digest, self._path), window.max_timestamp(), [window])


class WriteParquet(beam.PTransform):
    """Writes record batches as ``data-00000-of-0000N.parquet`` files, one for each bundle that holds rows.

    The rows' order within a bundle is kept; files are numbered in the order of their digests, so that the same
    bundles always give the same files. Batches must all have one schema.

    Args:
        directory: Where the files go; it is made.
        schema: Given this, a collection without rows still becomes one file, with no rows.

    The result is a collection of one element, the list of the files' paths in order.
    """

    def __init__(self, directory: str | Path, schema: pa.Schema | None = None) -> None:
        super().__init__()
        self._directory = str(directory)
        self._schema = schema

    def expand(self, batches: beam.PCollection) -> beam.PCollection:
        """PCollection[pa.RecordBatch] -> PCollection[list[str]]."""
        return (
            batches
            | "Write" >> beam.ParDo(_WriteBundle(self._directory))
            | "Files" >> beam.combiners.ToList()
            | "Number" >> beam.Map(_number, self._directory, self._schema)
        )


def _number(parts: list[tuple[str, str]], directory: str, schema: pa.Schema | None) -> list[str]:
    """Gives hidden files their final names. A second try of the same element finds some renamed already."""
    paths = []
    for index, (_, part) in enumerate(sorted(parts)):
        path = Path(directory, f"data-{index:05d}-of-{len(parts):05d}.parquet")
        if Path(part).exists():
            Path(part).replace(path)
        paths.append(str(path))
    for abandoned in Path(directory).glob(".part-*.parquet"):  # by a bundle that failed and was tried again
        abandoned.unlink()
    if not parts and schema is not None:
        path = Path(directory, "data-00000-of-00001.parquet")
        path.parent.mkdir(parents=True, exist_ok=True)
        open_writer(path, schema).close()
        paths.append(str(path))
    return paths
