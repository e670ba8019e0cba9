"""How the parts of sparse and weighted features fit together: `CompositeSummary`, after TFDV's generators of both."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from tensorflow_metadata.proto.v0 import statistics_pb2

from penstock.data_validation.arrays import is_list
from penstock.data_validation.summary_options import Composite

__all__ = ["CompositeSummary"]


class CompositeSummary:
    """Of one feature made of several columns: how often a part is missing, and by how much their lengths differ.

    Examples that have none of the parts do not count.

    Args:
        composite: The feature.
    """

    def __init__(self, composite: Composite) -> None:
        self.composite = composite
        self.missing = dict.fromkeys((composite.value, *composite.others), 0)
        self.least: dict[str, int] = {}
        self.most: dict[str, int] = {}

    def add(self, batch: pa.RecordBatch) -> None:
        """Adds the examples of a batch; a part that it lacks is missing in all of them."""
        lengths = {name: _lengths(batch, name) for name in self.missing}
        some = np.any([there >= 0 for there in lengths.values()], axis=0)
        if not some.any():
            return
        for name, found in lengths.items():
            self.missing[name] += int(np.count_nonzero(found[some] < 0))
        values = np.maximum(lengths[self.composite.value][some], 0)
        for name in self.composite.others:
            apart = np.maximum(lengths[name][some], 0) - values
            self._reach(name, int(apart.min()), int(apart.max()))

    def merge(self, other: CompositeSummary) -> None:
        """Takes in the examples behind ``other``."""
        for name, count in other.missing.items():
            self.missing[name] += count
        for name, least in other.least.items():
            self._reach(name, least, other.most[name])

    def fill(self, result: statistics_pb2.FeatureNameStatistics) -> None:
        """Writes the statistics, as custom ones, by TFDV's names."""
        composite, custom = self.composite, result.custom_stats
        if composite.weighted:
            (weight,) = composite.others
            custom.add(name="missing_weight", num=self.missing[weight])
            custom.add(name="missing_value", num=self.missing[composite.value])
            custom.add(name="min_weight_length_diff", num=self.least.get(weight, 0))
            custom.add(name="max_weight_length_diff", num=self.most.get(weight, 0))
            return
        custom.add(name="missing_value", num=self.missing[composite.value])
        for name, counts in (
            ("missing_index", self.missing),
            ("max_length_diff", self.most),
            ("min_length_diff", self.least),
        ):
            found = custom.add(name=name)
            for index in sorted(composite.others):
                found.rank_histogram.buckets.add(label=index, sample_count=counts.get(index, 0))

    def _reach(self, name: str, least: int, most: int) -> None:
        self.least[name] = min(self.least.get(name, least), least)
        self.most[name] = max(self.most.get(name, most), most)


def _lengths(batch: pa.RecordBatch, name: str) -> npt.NDArray[np.int64]:
    """The number of values of a column in each example, -1 where it is missing."""
    if name not in batch.schema.names:
        return np.full(batch.num_rows, -1, np.int64)
    column = batch.column(name)
    if is_list(column.type):
        return np.asarray(pc.fill_null(pc.cast(pc.list_value_length(column), pa.int64()), -1))
    return np.where(np.asarray(column.is_valid()), 1, -1).astype(np.int64)
