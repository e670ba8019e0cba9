"""What is kept of a column of strings: `StringSummary`."""

from __future__ import annotations

from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from tensorflow_metadata.proto.v0 import statistics_pb2
from tfx_bsl import sketches

__all__ = ["EXACT_DISTINCT", "RANKS", "StringSummary"]

EXACT_DISTINCT: Final = 100_000
"""Up to so many distinct strings, and `EXACT_BYTES` of them, counts are exact; beyond, sketches answer."""

EXACT_BYTES: Final = 32 * 2**20

TOP: Final = 20
RANKS: Final = 1000
"""So many of the most frequent values are kept in the rank histogram."""

_HEAVY_HITTERS: Final = 10_000
"""Size of the Misra-Gries sketch: a count is off by at most (number of values) / size."""

_MINIMUM_HASHES: Final = 16_384
"""Size of the k-minimum-values sketch: a number of distinct values has a standard error of 1 / sqrt(size), 0.8 %."""

_LONG: Final = 1024


class StringSummary:
    """Counts of distinct strings and their length in bytes: exact while they are few, sketches after that.

    Which of the two it is depends only on the strings, never on how they were split and merged.
    """

    def __init__(self, exact_distinct: int = EXACT_DISTINCT) -> None:
        self._exact_distinct = exact_distinct
        self.count = 0
        self.bytes = 0
        self._parts: list[tuple[pa.Array, pa.Array]] = []
        self._pending = self._pending_bytes = 0
        self._heavy: sketches.MisraGriesSketch | None = None
        self._hashes: sketches.KmvSketch | None = None

    def add(self, values: pa.Array) -> None:
        """Adds the values of a batch, none missing."""
        if len(values) == 0:
            return
        counted = pc.value_counts(values)
        distinct, counts = counted.field("values"), counted.field("counts")
        self.count += len(values)
        self.bytes += pc.sum(pc.multiply(pc.cast(pc.binary_length(distinct), pa.int64()), counts)).as_py()
        self._add_counts(distinct, counts)

    def merge(self, other: StringSummary) -> None:
        """Takes in the strings behind ``other``, which must not be used after."""
        self.count += other.count
        self.bytes += other.bytes
        for distinct, counts in other._parts:
            self._add_counts(distinct, counts)
        if other._heavy is not None:
            self._to_sketches()
            assert self._heavy is not None
            assert self._hashes is not None
            self._heavy.Merge(other._heavy)
            self._hashes.Merge(other._hashes)

    def to_proto(self) -> statistics_pb2.StringStatistics:
        """As a proto without common statistics; without any string it has no members."""
        result = statistics_pb2.StringStatistics()
        if self.count == 0:
            return result
        unique, ranked = self._ranked()
        result.unique = unique
        result.avg_length = self.bytes / self.count
        for rank, (value, count) in enumerate(ranked):
            if rank < TOP:
                result.top_values.add(value=value, frequency=count)
            result.rank_histogram.buckets.add(low_rank=rank, high_rank=rank, label=value, sample_count=count)
        return result

    def _ranked(self) -> tuple[int, list[tuple[str, float]]]:
        """Number of distinct values; the most frequent of them with their counts, of equal counts the greater first."""
        self._compact()
        if self._hashes is not None:
            assert self._heavy is not None
            estimate = self._heavy.Estimate()
            values, counts = pc.cast(estimate.field("values"), pa.large_string()), estimate.field("counts")
            unique = int(self._hashes.Estimate())
        else:
            values, counts = self._parts[0]
            unique = len(values)
        if len(values) > RANKS:
            least = np.partition(counts.to_numpy(zero_copy_only=False), -RANKS)[-RANKS]
            kept = pc.greater_equal(counts, pa.scalar(least, counts.type))
            values, counts = values.filter(kept), counts.filter(kept)
        table = pa.table({"value": values, "count": counts})
        table = table.sort_by([("count", "descending"), ("value", "descending")]).slice(0, RANKS)
        return unique, list(zip(table["value"].to_pylist(), table["count"].to_pylist(), strict=True))

    def _add_counts(self, distinct: pa.Array, counts: pa.Array) -> None:
        if self._heavy is not None:
            self._sketch(distinct, counts)
            return
        self._parts.append((distinct, counts))
        self._pending += len(distinct)
        self._pending_bytes += _bytes(distinct)
        if self._pending > 2 * self._exact_distinct or self._pending_bytes > 2 * EXACT_BYTES:
            self._compact()

    def _compact(self) -> None:
        if len(self._parts) > 1:
            table = pa.table(
                {
                    "value": pa.chunked_array([pc.cast(part, pa.large_string()) for part, _ in self._parts]),
                    "count": pa.chunked_array([part for _, part in self._parts]),
                }
            )
            table = table.group_by("value", use_threads=False).aggregate([("count", "sum")])
            distinct = table["value"].combine_chunks()
            self._parts = [(distinct, table["count_sum"].combine_chunks())]
            self._pending, self._pending_bytes = len(distinct), _bytes(distinct)
        if self._pending > self._exact_distinct or self._pending_bytes > EXACT_BYTES:
            self._to_sketches()

    def _to_sketches(self) -> None:
        if self._heavy is None:
            self._heavy = sketches.MisraGriesSketch(_HEAVY_HITTERS)
            self._hashes = sketches.KmvSketch(_MINIMUM_HASHES)
        for distinct, counts in self._parts:
            self._sketch(distinct, counts)
        self._parts = []
        self._pending = self._pending_bytes = 0

    def _sketch(self, distinct: pa.Array, counts: pa.Array) -> None:
        assert self._heavy is not None
        assert self._hashes is not None
        # The sketch keeps values whole, so that long ones would undo its bound on memory.
        long = pc.greater(pc.binary_length(distinct), _LONG)
        shown = pc.if_else(long, f"<a string of over {_LONG} bytes>", distinct)
        self._heavy.AddValues(shown, pc.cast(counts, pa.float32(), safe=False))
        self._hashes.AddValues(distinct)


def _bytes(strings: pa.Array) -> int:
    return int(pc.sum(pc.binary_length(strings)).as_py() or 0)
