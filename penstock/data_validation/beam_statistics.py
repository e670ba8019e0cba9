"""Statistics as a Beam computation: `SummaryFn` combines record batches, `WriteSummary` stores the result."""

from __future__ import annotations

from collections.abc import Iterable

import apache_beam as beam
import pyarrow as pa
from apache_beam.io.filesystems import FileSystems

from penstock.data_validation.statistics import SlicedSummary
from penstock.data_validation.summary_file import packed
from penstock.data_validation.summary_options import SummaryOptions

__all__ = ["SummaryFn", "WriteSummary"]


class SummaryFn(beam.CombineFn):
    """Combines record batches into a summary, packed as its file holds it.

    Args:
        schema: The columns.
        options: What is computed beside the statistics of every column.
    """

    def __init__(self, schema: pa.Schema, options: SummaryOptions | None = None) -> None:
        super().__init__()
        self._schema = schema
        self._options = options

    def create_accumulator(self) -> SlicedSummary:
        return SlicedSummary(self._schema, self._options)

    def add_input(self, mutable_accumulator: SlicedSummary, element: pa.RecordBatch) -> SlicedSummary:
        mutable_accumulator.add(element)
        return mutable_accumulator

    def merge_accumulators(self, accumulators: Iterable[SlicedSummary]) -> SlicedSummary:
        merged = self.create_accumulator()
        for accumulator in accumulators:
            merged.merge(accumulator)
        return merged

    def extract_output(self, accumulator: SlicedSummary) -> bytes:
        return packed(accumulator)


class WriteSummary(beam.PTransform):
    """PCollection of record batches -> one file of their summary.

    Args:
        path: The file.
        schema: The columns.
        options: What is computed beside the statistics of every column.
    """

    def __init__(self, path: str, schema: pa.Schema, options: SummaryOptions | None = None) -> None:
        super().__init__()
        self._path = path
        self._combine = SummaryFn(schema, options)

    def expand(self, batches: beam.PCollection) -> beam.PCollection:
        """Combines and writes."""
        return batches | "Combine" >> beam.CombineGlobally(self._combine) | "Write" >> beam.Map(_write, self._path)


def _write(content: bytes, path: str) -> None:
    with FileSystems.create(path, compression_type="uncompressed") as file:
        file.write(content)
