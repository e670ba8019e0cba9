"""What is kept of a column that holds files rather than words: `ByteSummary`."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc
from tensorflow_metadata.proto.v0 import statistics_pb2

__all__ = ["ByteSummary"]


class ByteSummary:
    """Lengths of values, which are neither ranked nor told apart."""

    def __init__(self) -> None:
        self.bytes = self.longest = 0
        self.shortest: int | None = None

    def add(self, values: pa.Array) -> None:
        """Adds strings or bytes, none missing."""
        lengths = pc.binary_length(values)
        ends = pc.min_max(lengths).as_py()
        self.bytes += pc.sum(pc.cast(lengths, pa.int64())).as_py()
        self._reach(ends["min"], ends["max"])

    def merge(self, other: ByteSummary) -> None:
        """Takes in the values behind ``other``."""
        self.bytes += other.bytes
        if other.shortest is not None:
            self._reach(other.shortest, other.longest)

    def to_proto(self, values: int) -> statistics_pb2.BytesStatistics:
        """As a proto without common statistics.

        Args:
            values: How many values there are.
        """
        result = statistics_pb2.BytesStatistics()
        if self.shortest is not None:
            result.avg_num_bytes = self.bytes / values
            result.min_num_bytes = self.shortest
            result.max_num_bytes = result.max_num_bytes_int = self.longest
        return result

    def _reach(self, shortest: int, longest: int) -> None:
        self.shortest = shortest if self.shortest is None else min(self.shortest, shortest)
        self.longest = max(self.longest, longest)
