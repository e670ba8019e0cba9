"""What is kept of one column of examples: `FeatureSummary`."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from tensorflow_metadata.proto.v0 import statistics_pb2

from penstock.data_validation.histograms import constant_histogram
from penstock.data_validation.numbers import NumberSummary
from penstock.data_validation.strings import StringSummary
from penstock.errors import DataError

__all__ = ["FeatureSummary"]

INT, FLOAT, STRING = "INT", "FLOAT", "STRING"
"""Names of the format's types."""


class FeatureSummary:
    """Presence and values of one flat column: at most one value an example.

    The type is that of the first batch in which the column has one; a column that never has a value stays untyped.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.present = 0
        self.values: NumberSummary | StringSummary | None = None
        self.type: str | None = None

    def declare(self, type_: pa.DataType) -> None:
        """Says of what type the column is before, or without, any value.

        Raises:
            DataError: The type has no statistics, or differs from the one known so far.
        """
        if pa.types.is_null(type_):
            return
        declared = _type_of(type_, self.name)
        if self.type is None:
            self.type = declared
            self.values = StringSummary() if declared == STRING else NumberSummary()
        elif self.type != declared:
            raise self._mixed(declared)

    def add(self, column: pa.Array) -> None:
        """Adds a batch's values of this column; nulls are missing ones."""
        self.declare(column.type)
        self.present += len(column) - column.null_count
        if self.values is None:
            return
        values = column.drop_null()
        if isinstance(self.values, StringSummary):
            self.values.add(values)
        else:
            self.values.add(np.asarray(values))

    def merge(self, other: FeatureSummary) -> None:
        """Takes in the values behind ``other``, which must not be used after."""
        self.present += other.present
        if self.values is None:
            self.type, self.values = other.type, other.values
        elif isinstance(self.values, NumberSummary) and isinstance(other.values, NumberSummary):
            if self.type != other.type:
                raise self._mixed(other.type)
            self.values.merge(other.values)
        elif isinstance(self.values, StringSummary) and isinstance(other.values, StringSummary):
            self.values.merge(other.values)
        elif other.values is not None:
            raise self._mixed(other.type)

    def to_proto(self, examples: int) -> statistics_pb2.FeatureNameStatistics:
        """As a proto; an untyped column is written as strings, because the format has no word for unknown.

        Args:
            examples: Number of examples in all, of which those without a value are missing.
        """
        result = statistics_pb2.FeatureNameStatistics()
        result.path.step.append(self.name)
        result.type = statistics_pb2.FeatureNameStatistics.Type.Value(self.type or STRING)
        if isinstance(self.values, NumberSummary):
            result.num_stats.CopyFrom(self.values.to_proto())
            common = result.num_stats.common_stats
            if (quantiles := self.values.fine_quantiles()) is not None:
                result.custom_stats.append(quantiles)
        else:
            if self.values is not None:
                result.string_stats.CopyFrom(self.values.to_proto())
            common = result.string_stats.common_stats
        common.num_non_missing = self.present
        common.num_missing = examples - self.present
        if self.present:
            common.min_num_values = common.max_num_values = 1
            common.avg_num_values = 1.0
            common.tot_num_values = self.present
            common.num_values_histogram.CopyFrom(constant_histogram(1.0, self.present))
        return result

    def _mixed(self, other: str | None) -> DataError:
        return DataError(
            f"The column {self.name!r} holds {self.type} in some files and {other} in others.",
            hint="Ingest the data again, so that all files of a split have one type for it.",
            column=self.name,
        )


def _type_of(type_: pa.DataType, name: str) -> str:
    if pa.types.is_integer(type_):
        return INT
    if pa.types.is_floating(type_):
        return FLOAT
    if pa.types.is_string(type_) or pa.types.is_large_string(type_):
        return STRING
    raise DataError(
        f"The column {name!r} is of type {type_}, of which no statistics are computed.",
        hint="Columns of examples are integers, floating point numbers or strings.",
        column=name,
    )
