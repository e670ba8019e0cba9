"""What is kept of a column of strings: `StringSummary`."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from tensorflow_metadata.proto.v0 import statistics_pb2
from tfx_bsl import sketches

from penstock.data_validation.text import valid_utf8

__all__ = ["EXACT_DISTINCT", "INVALID", "LONG", "RANKS", "StringSummary", "counted"]

EXACT_DISTINCT: Final = 100_000
"""Up to so many distinct strings, and `EXACT_BYTES` of them, counts are exact; beyond, sketches answer."""

EXACT_BYTES: Final = 32 * 2**20

TOP: Final = 20
RANKS: Final = 1000
"""So many of the most frequent values are kept in the rank histogram."""

INVALID: Final = "__BYTES_VALUE__"
"""What all strings that are not UTF-8 are ranked as together; TFDV's word for them."""

LONG: Final = "__LARGE_BYTES__"
"""What all strings of more than `LONG_BYTES` are ranked as together; TFDV's word for them."""

LONG_BYTES: Final = 1024

_HEAVY_HITTERS: Final = 10_000
"""Size of the Misra-Gries sketch: a count is off by at most (number of values) / size."""

_MINIMUM_HASHES: Final = 16_384
"""Size of the k-minimum-values sketch: a number of distinct values has a standard error of 1 / sqrt(size), 0.8 %."""

Floats = npt.NDArray[np.float64]
Ranked = list[tuple[str, float]]


def counted(values: pa.Array, weights: Floats | None) -> pa.Table:
    """The distinct ``value`` of strings, none missing, as binary, their ``count``, and their ``weight`` if given."""
    if weights is None:
        found = pc.value_counts(values)
        columns = {"value": _binary(found.field("values")), "count": found.field("counts")}
    else:
        codes = values if pa.types.is_dictionary(values.type) else values.dictionary_encode()
        at, size = codes.indices.to_numpy(), len(codes.dictionary)
        columns = {
            "value": _binary(codes.dictionary),
            "count": pa.array(np.bincount(at, minlength=size)),
            "weight": pa.array(np.bincount(at, weights=weights, minlength=size)),
        }
    return pa.table(columns)


class StringSummary:
    """Counts of distinct strings and their length in bytes: exact while they are few, sketches after that.

    Which of the two it is depends only on the strings, never on how they were split and merged.

    Args:
        exact_distinct: Up to so many distinct strings are counted one by one.
        weighted: Whether the strings come with weights.
    """

    def __init__(self, exact_distinct: int = EXACT_DISTINCT, *, weighted: bool = False) -> None:
        self._exact_distinct = exact_distinct
        self._weighted = weighted
        self.bytes = self.invalid = 0
        self._parts: list[pa.Table] = []
        self._pending = self._pending_bytes = 0
        self._heavy: sketches.MisraGriesSketch | None = None
        self._weighted_heavy: sketches.MisraGriesSketch | None = None
        self._hashes: sketches.KmvSketch | None = None

    def add(self, distinct: pa.Table) -> None:
        """Adds the strings of a batch as `counted` gives them."""
        if distinct.num_rows == 0:
            return
        lengths = pc.cast(pc.binary_length(distinct["value"]), pa.int64())
        self.bytes += pc.sum(pc.multiply(lengths, distinct["count"])).as_py()
        valid = valid_utf8(distinct["value"].combine_chunks())
        if valid is not None:
            self.invalid += pc.sum(distinct["count"].filter(pc.invert(valid))).as_py()
        self._add_counts(distinct)

    def merge(self, other: StringSummary) -> None:
        """Takes in the strings behind ``other``, which must not be used after."""
        self.bytes += other.bytes
        self.invalid += other.invalid
        for part in other._parts:
            self._add_counts(part)
        if other._heavy is not None:
            self._to_sketches()
            assert self._heavy is not None
            assert self._hashes is not None
            self._heavy.Merge(other._heavy)
            self._hashes.Merge(other._hashes)
            if self._weighted_heavy is not None:
                self._weighted_heavy.Merge(other._weighted_heavy)

    def to_proto(self, values: int) -> statistics_pb2.StringStatistics:
        """As a proto without common statistics; without any string it has no members.

        Args:
            values: How many values there are.
        """
        result = statistics_pb2.StringStatistics()
        if values == 0:
            return result
        result.avg_length = self.bytes / values
        result.invalid_utf8_count = self.invalid
        self._compact()
        if self._hashes is not None:
            result.unique = int(self._hashes.Estimate())
        elif self._parts:
            result.unique = self._parts[0].num_rows
        _fill(result, self._ranked("count", self._heavy))
        if self._weighted:
            _fill(result.weighted_string_stats, self._ranked("weight", self._weighted_heavy))
        return result

    def _ranked(self, by: str, sketch: sketches.MisraGriesSketch | None) -> Ranked:
        """The most frequent values with their counts, of equal counts the greater first."""
        if sketch is not None:
            estimate = sketch.Estimate()
            values, counts = pc.cast(estimate.field("values"), pa.large_binary()), estimate.field("counts")
        elif self._parts:
            values, counts = (self._parts[0][name].combine_chunks() for name in ("value", by))
            if (shown := _shown(values)) is not values:
                values, counts = _summed(shown, counts)
        else:
            return []
        if len(values) > RANKS:
            least = np.partition(counts.to_numpy(zero_copy_only=False), -RANKS)[-RANKS]
            kept = pc.greater_equal(counts, pa.scalar(least, counts.type))
            values, counts = values.filter(kept), counts.filter(kept)
        table = pa.table({"value": pc.cast(values, pa.large_string()), "count": counts})
        table = table.sort_by([("count", "descending"), ("value", "descending")]).slice(0, RANKS)
        return list(zip(table["value"].to_pylist(), table["count"].to_pylist(), strict=True))

    def _add_counts(self, distinct: pa.Table) -> None:
        if self._heavy is not None:
            self._sketch(distinct)
            return
        self._parts.append(distinct)
        self._pending += distinct.num_rows
        self._pending_bytes += _bytes(distinct)
        if self._pending > 2 * self._exact_distinct or self._pending_bytes > 2 * EXACT_BYTES:
            self._compact()

    def _compact(self) -> None:
        if len(self._parts) > 1:
            table = pa.concat_tables(self._parts).group_by("value", use_threads=False)
            table = table.aggregate([(name, "sum") for name in self._parts[0].column_names[1:]])
            self._parts = [table.rename_columns(self._parts[0].column_names).combine_chunks()]
            self._pending, self._pending_bytes = table.num_rows, _bytes(table)
        if self._pending > self._exact_distinct or self._pending_bytes > EXACT_BYTES:
            self._to_sketches()

    def _to_sketches(self) -> None:
        if self._heavy is None:
            self._heavy = sketches.MisraGriesSketch(_HEAVY_HITTERS)
            self._weighted_heavy = sketches.MisraGriesSketch(_HEAVY_HITTERS) if self._weighted else None
            self._hashes = sketches.KmvSketch(_MINIMUM_HASHES)
        for part in self._parts:
            self._sketch(part)
        self._parts = []
        self._pending = self._pending_bytes = 0

    def _sketch(self, distinct: pa.Table) -> None:
        assert self._heavy is not None
        assert self._hashes is not None
        values = distinct["value"].combine_chunks()
        # The sketch keeps values whole, so that long ones would undo its bound on memory.
        shown = _shown(values)
        self._heavy.AddValues(shown, _float32(distinct["count"]))
        if self._weighted_heavy is not None:
            self._weighted_heavy.AddValues(shown, _float32(distinct["weight"]))
        self._hashes.AddValues(values)


def _fill(result: statistics_pb2.StringStatistics | statistics_pb2.WeightedStringStatistics, ranked: Ranked) -> None:
    for rank, (value, count) in enumerate(ranked):
        if rank < TOP:
            result.top_values.add(value=value, frequency=count)
        result.rank_histogram.buckets.add(low_rank=rank, high_rank=rank, label=value, sample_count=count)


def _shown(values: pa.Array) -> pa.Array:
    """The strings as they are ranked: those that no page could show stand together."""
    long = pc.greater(pc.binary_length(values), LONG_BYTES)
    if pc.any(long).as_py():
        values = pc.if_else(long, pa.scalar(LONG.encode(), values.type), values)
    valid = valid_utf8(values)
    return values if valid is None else pc.if_else(valid, values, pa.scalar(INVALID.encode(), values.type))


def _summed(values: pa.Array, counts: pa.Array) -> tuple[pa.Array, pa.Array]:
    table = pa.table({"value": values, "count": counts}).group_by("value", use_threads=False)
    table = table.aggregate([("count", "sum")])
    return table["value"].combine_chunks(), table["count_sum"].combine_chunks()


def _binary(strings: pa.Array) -> pa.Array:
    if pa.types.is_dictionary(strings.type):
        strings = strings.dictionary_decode()
    return pc.cast(strings, pa.large_binary())


def _float32(counts: pa.ChunkedArray) -> pa.Array:
    return pc.cast(counts.combine_chunks(), pa.float32(), safe=False)


def _bytes(distinct: pa.Table) -> int:
    return int(pc.sum(pc.binary_length(distinct["value"])).as_py() or 0)
