"""Statistics of a dataset of record batches, mergeable in any order: `DatasetSummary`, `SlicedSummary`."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from tensorflow_metadata.proto.v0 import statistics_pb2

from penstock.data_validation.arrays import STRING, is_list, kind_and_depth, numbers
from penstock.data_validation.composites import CompositeSummary
from penstock.data_validation.crosses import CrossSummary
from penstock.data_validation.features import FeatureSummary
from penstock.data_validation.slices import cut
from penstock.data_validation.summary_options import SummaryOptions
from penstock.errors import DataError, did_you_mean

__all__ = ["MOST_SLICES", "WHOLE", "DatasetSummary", "SlicedSummary", "serialized"]

WHOLE: Final = "All Examples"
"""What the dataset of all examples is called beside those of slices, TFDV's name for it."""

MOST_SLICES: Final = 1000
"""So many slices may there be, each with a summary of every column."""


class DatasetSummary:
    """What is kept of a dataset: the number of examples and a summary of each column.

    Summaries of parts merge, in any order, into the summary of the whole: counts exactly, moments to within rounding,
    quantiles and frequent values exactly while a column has few distinct values and within the sketches' error beyond.

    Args:
        schema: The columns that are known beforehand, so that they appear though there is no example.
        options: What is computed beside the statistics of every column; slices are for `SlicedSummary`.
    """

    def __init__(self, schema: pa.Schema | None = None, options: SummaryOptions | None = None) -> None:
        self.options = options or SummaryOptions()
        self.examples = 0
        self.weight = 0.0
        self.features: dict[str, FeatureSummary] = {}
        self.crosses = CrossSummary() if self.options.crosses else None
        self.composites = [CompositeSummary(one) for one in self.options.composites]
        for field in schema or ():
            self._feature(field.name).declare(field.type)

    def add(self, batch: pa.RecordBatch) -> None:
        """Adds the examples of a batch; a column that the batch lacks is missing in all of them.

        Raises:
            DataError: A column changes its type, or has one that has no statistics, or a weight is not one; names the
                column.
        """
        self.examples += batch.num_rows
        weights = None
        if self.options.weight_column is not None:
            weights = _weights(batch, self.options.weight_column)
            self.weight += float(weights.sum())
        for name, column in zip(batch.schema.names, batch.columns, strict=True):
            self._feature(name).add(column, weights)
        if self.crosses is not None:
            self.crosses.add(batch)
        for composite in self.composites:
            composite.add(batch)

    def merge(self, other: DatasetSummary) -> None:
        """Takes in the examples behind ``other``, which must not be used after."""
        self.examples += other.examples
        self.weight += other.weight
        for name, feature in other.features.items():
            self._feature(name).merge(feature)
        if self.crosses is not None and other.crosses is not None:
            self.crosses.merge(other.crosses)
        for mine, theirs in zip(self.composites, other.composites, strict=True):
            mine.merge(theirs)

    def to_proto(self, name: str) -> statistics_pb2.DatasetFeatureStatistics:
        """As a proto, with ``name`` as the dataset's."""
        result = statistics_pb2.DatasetFeatureStatistics(name=name, num_examples=self.examples)
        result.weighted_num_examples = self.weight
        result.features.extend(feature.to_proto(self.examples, self.weight) for feature in self.features.values())
        for composite in self.composites:
            same = [one for one in result.features if one.path.step[0] == composite.composite.name]
            composite.fill(same[0] if same else _named(result, composite.composite.name))
        if self.crosses is not None:
            result.cross_features.extend(self.crosses.to_protos())
        return result

    def _feature(self, name: str) -> FeatureSummary:
        if name not in self.features:
            self.features[name] = FeatureSummary(
                name,
                weighted=self.options.weight_column is not None,
                domains=self.options.domains,
                categorical=name in self.options.categorical,
                files=name in self.options.files,
            )
        return self.features[name]


class SlicedSummary:
    """A dataset and its slices.

    Args:
        schema: The columns that are known beforehand.
        options: What is computed beside the statistics of every column.
    """

    def __init__(self, schema: pa.Schema | None = None, options: SummaryOptions | None = None) -> None:
        self.options = options or SummaryOptions()
        self.whole = DatasetSummary(schema, self.options)
        self.slices: dict[str, DatasetSummary] = {}
        self._schema = schema

    def add(self, batch: pa.RecordBatch) -> None:
        """Adds the examples of a batch to the whole and to their slices.

        Raises:
            DataError: As `DatasetSummary.add`; or there are too many slices.
        """
        self.whole.add(batch)
        parts = [part for wanted in self.options.slices for part in cut(batch, wanted)]
        for name, part in dict(parts).items():  # one slice may be asked for in two ways
            self._slice(name).add(part)

    def merge(self, other: SlicedSummary) -> None:
        """Takes in the examples behind ``other``, which must not be used after."""
        self.whole.merge(other.whole)
        for name, part in other.slices.items():
            self._slice(name).merge(part)

    def to_proto(self, name: str) -> statistics_pb2.DatasetFeatureStatisticsList:
        """The whole, called ``name``, or `WHOLE` beside slices; then the slices by name."""
        result = statistics_pb2.DatasetFeatureStatisticsList()
        result.datasets.append(self.whole.to_proto(WHOLE if self.options.slices else name))
        result.datasets.extend(self.slices[part].to_proto(part) for part in sorted(self.slices))
        return result

    def _slice(self, name: str) -> DatasetSummary:
        if name not in self.slices:
            if len(self.slices) == MOST_SLICES:
                raise DataError(
                    f"There are more than {MOST_SLICES:,} slices, one of them {name!r}.",
                    hint="Slice by columns of fewer values, or name the values: {column: value}.",
                )
            self.slices[name] = DatasetSummary(self._schema, self.options)
        return self.slices[name]


def serialized(summary: SlicedSummary, name: str) -> bytes:
    """A ``DatasetFeatureStatisticsList`` of the dataset called ``name``; equal summaries give equal bytes."""
    return summary.to_proto(name).SerializeToString(deterministic=True)


def _named(dataset: statistics_pb2.DatasetFeatureStatistics, name: str) -> statistics_pb2.FeatureNameStatistics:
    feature = dataset.features.add()
    feature.path.step.append(name)
    return feature


def _weights(batch: pa.RecordBatch, name: str) -> npt.NDArray[np.float64]:
    if name not in batch.schema.names:
        raise _no_weight(name, "is not there", did_you_mean(name, batch.schema.names))
    column = batch.column(name)
    kind, _ = kind_and_depth(column.type, name)
    if kind in (None, STRING) or is_list(column.type):
        raise _no_weight(name, f"is of type {column.type}", "Weights are flat numbers.")
    weights = numbers(column).astype(np.float64)
    wrong = ~(np.isfinite(weights) & (weights >= 0))
    if wrong.any():
        value = column[int(np.argmax(wrong))].as_py()
        count = f"{int(wrong.sum()):,} of {len(weights):,} rows"
        raise _no_weight(name, f"holds no weight in {count}, {value!r} for one", "Weights are finite and not negative.")
    return weights


def _no_weight(name: str, problem: str, hint: str) -> DataError:
    return DataError(f"The weight column {name!r} {problem}.", hint=hint, column=name)
