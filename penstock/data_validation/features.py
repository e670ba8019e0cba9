"""What is kept of one column of examples: `FeatureSummary`."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from tensorflow_metadata.proto.v0 import statistics_pb2

from penstock.data_validation.arrays import INT, STRING, is_list, kind_and_depth, levels, numbers
from penstock.data_validation.byte_values import ByteSummary
from penstock.data_validation.domains import DomainEvidence
from penstock.data_validation.numbers import NumberSummary
from penstock.data_validation.strings import StringSummary, counted
from penstock.data_validation.valency import Valency
from penstock.errors import DataError

__all__ = ["FeatureSummary"]

Weights = npt.NDArray[np.float64] | None


class FeatureSummary:
    """Presence, numbers of values and values of one column: flat, of lists, or of lists in lists.

    The type is that of the first batch in which the column has one; a column that never has a value stays untyped.

    Args:
        name: The column's name.
        weighted: Whether examples have weights.
        domains: Whether its values are searched for natural language, times and images.
        categorical: Whether integers are names, to be ranked as strings are.
        files: Whether strings are bytes that are not ranked.
    """

    def __init__(
        self,
        name: str,
        *,
        weighted: bool = False,
        domains: bool = False,
        categorical: bool = False,
        files: bool = False,
    ) -> None:
        self.name = name
        self.type: str | None = None
        self.levels: list[Valency] = []
        self.innermost = Valency()
        self.values: NumberSummary | StringSummary | ByteSummary | None = None
        self.domains = DomainEvidence() if domains else None
        self._weighted = weighted
        self._categorical = categorical
        self._files = files

    def declare(self, type_: pa.DataType) -> None:
        """Says of what type the column is before, or without, any value.

        Raises:
            DataError: The type has no statistics, or differs from the one known so far.
        """
        if pa.types.is_null(type_):
            return
        kind, depth = kind_and_depth(type_, self.name)
        self._expect(kind, depth)
        if kind is not None and self.values is None:
            self.type = kind
            if kind == STRING and self._files:
                self.values = ByteSummary()
            elif kind == STRING or (kind == INT and self._categorical):
                self.values = StringSummary(weighted=self._weighted)
            else:
                self.values = NumberSummary(weighted=self._weighted)

    def add(self, column: pa.Array, weights: Weights = None) -> None:
        """Adds a batch's values of this column, with the weights of the examples; nulls are missing ones."""
        self.declare(column.type)
        if not is_list(column.type):
            if column.null_count:
                weights = weights if weights is None else weights[np.asarray(column.is_valid())]
                column = column.drop_null()
            if len(column):
                self.levels[0].add_ones(len(column), weights)
                self._add_values(column, weights)
            return
        outermost = 0
        for depth, level in enumerate(levels(column, weights)):
            self.levels[depth].add(level.lengths, level.weights)
            outermost = len(level.lengths) if depth == 0 else outermost
        if len(self.levels) > 1:
            inside = np.bincount(level.owners, weights=level.lengths, minlength=outermost)
            self.innermost.add(inside.astype(np.int64))
        self._add_values(level.values, level.repeated_weights())

    def merge(self, other: FeatureSummary) -> None:
        """Takes in the values behind ``other``, which must not be used after."""
        if other.levels:
            self._expect(other.type, len(other.levels))
        for mine, theirs in zip(self.levels, other.levels, strict=False):
            mine.merge(theirs)
        self.innermost.merge(other.innermost)
        if self.domains is not None and other.domains is not None:
            self.domains.merge(other.domains)
        if self.values is None:
            self.type, self.values = other.type, other.values
        elif other.values is not None:
            self.values.merge(other.values)  # type: ignore[arg-type]  # they are of one type, as of now

    def to_proto(self, examples: int, weight: float = 0.0) -> statistics_pb2.FeatureNameStatistics:
        """As a proto; an untyped column is written as strings, because the format has no word for unknown.

        Args:
            examples: Number of examples in all, of which those without a value are missing.
            weight: Their weight.
        """
        result = statistics_pb2.FeatureNameStatistics()
        result.path.step.append(self.name)
        files = self._files and self.type in (None, STRING)
        kind = "BYTES" if files else self.type or STRING
        result.type = statistics_pb2.FeatureNameStatistics.Type.Value(kind)
        if isinstance(self.values, NumberSummary):
            result.num_stats.CopyFrom(self.values.to_proto())
            common = result.num_stats.common_stats
        elif files:
            if isinstance(self.values, ByteSummary):
                result.bytes_stats.CopyFrom(self.values.to_proto(self.levels[-1].values))
            common = result.bytes_stats.common_stats
        else:
            if isinstance(self.values, StringSummary):
                result.string_stats.CopyFrom(self.values.to_proto(self.levels[-1].values))
            common = result.string_stats.common_stats
        self._fill_common(common, examples)
        if self._weighted:
            self._fill_weighted(common, weight)
        for at, level in enumerate(self.levels[1:], 2):
            if level.present:
                for kind, histogram in (("quantiles", level.quantiles()), ("standard", level.histogram())):
                    result.custom_stats.add(name=f"level_{at}_value_list_length_{kind}", histogram=histogram)
        if self.domains is not None:
            result.custom_stats.extend(self.domains.to_protos(numbers=isinstance(self.values, NumberSummary)))
        if isinstance(self.values, NumberSummary) and (quantiles := self.values.fine_quantiles()) is not None:
            result.custom_stats.append(quantiles)
        return result

    def _fill_common(self, common: statistics_pb2.CommonStatistics, examples: int) -> None:
        present = self.levels[0].present if self.levels else 0
        common.num_non_missing = present
        common.num_missing = examples - present
        nested = len(self.levels) > 1
        if nested:
            outer = examples
            for level in self.levels:
                common.presence_and_valency_stats.append(level.presence(outer))
                outer = level.values
        if present:
            counts = self.innermost if nested else self.levels[0]
            common.min_num_values, common.max_num_values = int(counts.low), int(counts.high)
            common.tot_num_values = self.levels[-1].values
            common.avg_num_values = common.tot_num_values / present
            common.num_values_histogram.CopyFrom(counts.quantiles())

    def _fill_weighted(self, common: statistics_pb2.CommonStatistics, weight: float) -> None:
        outer = weight
        found = []
        for level in self.levels or [Valency()]:
            found.append(level.weighted_presence(outer))
            outer = level.weighted_values
        if len(found) > 1:
            common.weighted_presence_and_valency_stats.extend(found)
        whole = common.weighted_common_stats
        whole.CopyFrom(found[0])
        whole.tot_num_values = found[-1].tot_num_values
        if whole.num_non_missing:
            whole.avg_num_values = whole.tot_num_values / whole.num_non_missing

    def _add_values(self, values: pa.Array, weights: Weights) -> None:
        if len(values) == 0:
            return
        if isinstance(self.values, StringSummary | ByteSummary) and values.null_count:
            weights = weights if weights is None else weights[np.asarray(values.is_valid())]
            values = values.drop_null()
        if isinstance(self.values, ByteSummary):
            if pa.types.is_dictionary(values.type):
                values = values.dictionary_decode()
            if len(values):
                self.values.add(values)
            if self.domains is not None:
                self.domains.add_strings(counted(values, None))
        elif isinstance(self.values, StringSummary):
            if self.type == INT:
                values = pa.array(numbers(values).astype(np.int64)).cast(pa.string())
            distinct = counted(values, weights)
            self.values.add(distinct)
            if self.domains is not None and self.type == STRING:
                self.domains.add_strings(distinct)
        elif isinstance(self.values, NumberSummary):
            found = numbers(values)
            self.values.add(found, weights)
            if self.domains is not None and self.type == INT:
                self.domains.add_integers(found)

    def _expect(self, kind: str | None, depth: int) -> None:
        if self.type is not None and kind is not None and kind != self.type:
            raise self._mixed(str(self.type), kind)
        if self.levels and depth != len(self.levels):
            raise self._mixed(*(f"values nested {at} deep" for at in (len(self.levels), depth)))
        if not self.levels:
            self.levels = [Valency() for _ in range(depth)]

    def _mixed(self, one: str, other: str) -> DataError:
        return DataError(
            f"The column {self.name!r} holds {one} in some files and {other} in others.",
            hint="Ingest the data again, so that all files of a split have one type for it.",
            column=self.name,
        )
