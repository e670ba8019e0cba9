"""Statistics of a dataset of record batches, mergeable in any order: `DatasetSummary`."""

from __future__ import annotations

import pyarrow as pa
from tensorflow_metadata.proto.v0 import statistics_pb2

from penstock.data_validation.features import FeatureSummary

__all__ = ["DatasetSummary", "serialized"]


class DatasetSummary:
    """What is kept of a dataset: the number of examples and a summary of each column.

    Summaries of parts merge, in any order, into the summary of the whole: counts exactly, moments to within rounding,
    quantiles and frequent values exactly while a column has few distinct values and within the sketches' error beyond.

    Args:
        schema: The columns that are known beforehand, so that they appear though there is no example.
    """

    def __init__(self, schema: pa.Schema | None = None) -> None:
        self.examples = 0
        self.features: dict[str, FeatureSummary] = {}
        for field in schema or ():
            self._feature(field.name).declare(field.type)

    def add(self, batch: pa.RecordBatch) -> None:
        """Adds the examples of a batch; a column that the batch lacks is missing in all of them.

        Raises:
            DataError: A column changes its type, or has one that has no statistics; names the column.
        """
        self.examples += batch.num_rows
        for name, column in zip(batch.schema.names, batch.columns, strict=True):
            self._feature(name).add(column)

    def merge(self, other: DatasetSummary) -> None:
        """Takes in the examples behind ``other``, which must not be used after."""
        self.examples += other.examples
        for name, feature in other.features.items():
            self._feature(name).merge(feature)

    def to_proto(self, name: str) -> statistics_pb2.DatasetFeatureStatistics:
        """As a proto, with ``name`` as the dataset's."""
        result = statistics_pb2.DatasetFeatureStatistics(name=name, num_examples=self.examples)
        result.features.extend(feature.to_proto(self.examples) for feature in self.features.values())
        return result

    def _feature(self, name: str) -> FeatureSummary:
        if name not in self.features:
            self.features[name] = FeatureSummary(name)
        return self.features[name]


def serialized(summary: DatasetSummary, name: str) -> bytes:
    """A ``DatasetFeatureStatisticsList`` of one dataset, which is called ``name``; equal summaries give equal bytes."""
    datasets = [summary.to_proto(name)]
    return statistics_pb2.DatasetFeatureStatisticsList(datasets=datasets).SerializeToString(deterministic=True)
