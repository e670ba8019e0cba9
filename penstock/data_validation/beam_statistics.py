"""Statistics as a Beam computation: `StatisticsFn` combines record batches, `WriteStatistics` stores the result."""

from __future__ import annotations

from collections.abc import Iterable

import apache_beam as beam
import pyarrow as pa
from apache_beam.io.filesystems import FileSystems

from penstock.data_validation.statistics import DatasetSummary, serialized

__all__ = ["StatisticsFn", "WriteStatistics"]


class StatisticsFn(beam.CombineFn):
    """Combines record batches into a serialized ``DatasetFeatureStatisticsList`` of one dataset.

    Args:
        name: The dataset's name.
        schema: Its columns.
    """

    def __init__(self, name: str, schema: pa.Schema) -> None:
        super().__init__()
        self._name = name
        self._schema = schema

    def create_accumulator(self) -> DatasetSummary:
        return DatasetSummary(self._schema)

    def add_input(self, mutable_accumulator: DatasetSummary, element: pa.RecordBatch) -> DatasetSummary:
        mutable_accumulator.add(element)
        return mutable_accumulator

    def merge_accumulators(self, accumulators: Iterable[DatasetSummary]) -> DatasetSummary:
        merged = self.create_accumulator()
        for accumulator in accumulators:
            merged.merge(accumulator)
        return merged

    def extract_output(self, accumulator: DatasetSummary) -> bytes:
        return serialized(accumulator, self._name)


class WriteStatistics(beam.PTransform):
    """PCollection of record batches -> one file of statistics.

    Args:
        path: The file.
        name: The dataset's name.
        schema: Its columns.
    """

    def __init__(self, path: str, name: str, schema: pa.Schema) -> None:
        super().__init__()
        self._path = path
        self._combine = StatisticsFn(name, schema)

    def expand(self, batches: beam.PCollection) -> beam.PCollection:
        """Combines and writes."""
        return batches | "Combine" >> beam.CombineGlobally(self._combine) | "Write" >> beam.Map(_write, self._path)


def _write(content: bytes, path: str) -> None:
    with FileSystems.create(path, compression_type="uncompressed") as file:
        file.write(content)
