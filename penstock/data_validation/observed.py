"""What statistics say about a feature, whichever of the format's members it stands in: `Observed`."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from tensorflow_metadata.proto.v0 import schema_pb2, statistics_pb2

__all__ = ["QUANTILES_STATISTIC", "Observed", "observed_features", "type_name"]

QUANTILES_STATISTIC: Final = "quantiles"
"""Name of the custom statistic that holds a finer quantiles histogram than the format's own."""

_TYPES: dict[int, int] = {
    statistics_pb2.FeatureNameStatistics.INT: schema_pb2.INT,
    statistics_pb2.FeatureNameStatistics.FLOAT: schema_pb2.FLOAT,
    statistics_pb2.FeatureNameStatistics.STRING: schema_pb2.BYTES,
    statistics_pb2.FeatureNameStatistics.BYTES: schema_pb2.BYTES,
    statistics_pb2.FeatureNameStatistics.STRUCT: schema_pb2.STRUCT,
}


def type_name(type_: int) -> str:
    """A schema's type by name: ``INT``, ``FLOAT``, ``BYTES``."""
    return str(schema_pb2.FeatureType.Name(type_))


@dataclass(frozen=True)
class Observed:
    """One feature of one dataset.

    Attributes:
        name: The feature's name.
        type: As a schema's type (INT, FLOAT, BYTES).
        examples: Number of examples in the dataset.
        present: In how many of them the feature has a value.
        missing: In how many it has none.
        values: How many values it has in all.
        min_values: The least number of values in an example that has any.
        max_values: The greatest.
        unique: Number of distinct strings.
        counts: The most frequent strings and how often each is there.
        low: The least number.
        high: The greatest.
        nan: Number of NaNs.
        invalid_utf8: Number of strings that are not UTF-8.
        histogram: Quantiles histogram of the numbers, the finest there is.
        nested: The least and greatest number of values at each level of a nested list, the outermost first.
        missing_nested: The number of missing values at each level.
        counted: Whether distinct values were counted.
        is_bytes: Whether the values are bytes of which the statistics do not say that they are text.
        max_bytes: The length of the longest value, if the values are bytes.
        composite: Whether it has no values of its own: it is made of several columns.
        custom: Further statistics that were asked for, such as those of a semantic domain.
        derived_source: How the feature was derived from others, if it was, as the statistics' text.
    """

    name: str
    type: int
    examples: int
    present: int = 0
    missing: int = 0
    values: int = 0
    min_values: int = 0
    max_values: int = 0
    unique: int = 0
    counts: Mapping[str, float] = field(default_factory=dict)
    low: float = math.nan
    high: float = math.nan
    nan: int = 0
    invalid_utf8: int = 0
    histogram: statistics_pb2.Histogram | None = None
    nested: tuple[tuple[int, int], ...] = ()
    missing_nested: tuple[float, ...] = ()
    counted: bool = False
    is_bytes: bool = False
    max_bytes: int = 0
    composite: bool = False
    custom: tuple[statistics_pb2.CustomStatistic, ...] = ()
    derived_source: str = ""

    @property
    def levels(self) -> tuple[tuple[int, int], ...]:
        """The least and greatest number of values at each level; one level of a flat list."""
        return self.nested or ((self.min_values, self.max_values),)

    @property
    def share_present(self) -> float:
        """The share of examples that have a value; 1 of none."""
        return 1.0 if self.missing == 0 else self.present / self.examples

    @property
    def ranked_completely(self) -> bool:
        """Whether ``counts`` holds every distinct string."""
        return len(self.counts) >= self.unique


def observed_features(dataset: statistics_pb2.DatasetFeatureStatistics) -> dict[str, Observed]:
    """The flat features of a dataset by name, in its order."""
    found = {}
    for feature in dataset.features:
        name = feature.name or ".".join(feature.path.step)
        found[name] = _observed(name, feature, int(dataset.num_examples))
    return found


def _observed(name: str, feature: statistics_pb2.FeatureNameStatistics, examples: int) -> Observed:
    member = feature.WhichOneof("stats")
    common = getattr(feature, member).common_stats if member else statistics_pb2.CommonStatistics()
    strings, numbers = feature.string_stats, feature.num_stats
    quantiles = [h for h in numbers.histograms if h.type == statistics_pb2.Histogram.QUANTILES]
    fine = [custom.histogram for custom in feature.custom_stats if custom.name == QUANTILES_STATISTIC]
    has_numbers = member == "num_stats" and common.num_non_missing > 0 and bool(quantiles and quantiles[0].buckets)
    return Observed(
        name=name,
        type=_TYPES[feature.type],
        examples=examples,
        present=int(common.num_non_missing),
        missing=int(common.num_missing),
        values=int(common.tot_num_values) or round(common.num_non_missing * common.avg_num_values),
        min_values=int(common.min_num_values),
        max_values=int(common.max_num_values),
        unique=int(strings.unique),
        counts={bucket.label: bucket.sample_count for bucket in strings.rank_histogram.buckets},
        low=numbers.min if has_numbers else math.nan,
        high=numbers.max if has_numbers else math.nan,
        nan=int(quantiles[0].num_nan) if quantiles else 0,
        invalid_utf8=int(strings.invalid_utf8_count),
        histogram=(fine or quantiles)[0] if has_numbers else None,
        nested=tuple((int(one.min_num_values), int(one.max_num_values)) for one in common.presence_and_valency_stats),
        missing_nested=tuple(one.num_missing for one in common.presence_and_valency_stats),
        counted=member == "string_stats",
        is_bytes=feature.type == statistics_pb2.FeatureNameStatistics.BYTES,
        max_bytes=int(feature.bytes_stats.max_num_bytes_int),
        composite=member is None,
        custom=tuple(feature.custom_stats),
        derived_source=str(feature.validation_derived_source) if feature.HasField("validation_derived_source") else "",
    )
