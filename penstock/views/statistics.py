"""Statistics of columns, split beside split: counts, moments, histograms, most frequent values, and what moved."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from tensorflow_metadata.proto.v0 import statistics_pb2

from penstock.artifacts import Artifact, ExampleStatistics
from penstock.data_validation.bounds import DriftBound
from penstock.data_validation.drift import compare
from penstock.data_validation.files import read_sliced_statistics
from penstock.data_validation.observed import Observed, observed_features
from penstock.views.places import splits_of
from penstock.views.statistics_tables import drift_of, tables
from penstock.views.view import View, cut

__all__ = ["Dataset", "make", "view_of"]

MOST_COLUMNS: Final = 1000
MOST_VALUES: Final = 20
MOST_BUCKETS: Final = 50
MOST_SLICES: Final = 50
MOST_PAIRS: Final = 200
_MOST_CELLS: Final = 4000
"""So many columns of slices are on one page: some 5 MB."""

_LONGEST_VALUE: Final = 120
_ANY: Final = DriftBound(linf=1.0, jensen_shannon=1.0)
"""Bounds that nothing exceeds: only the distances are wanted."""

_MODULE: Final = Path(__file__).parent / "static" / "statistics.js"


@dataclass(frozen=True)
class Dataset:
    """The statistics of one split.

    Attributes:
        name: What to call it.
        proto: The statistics.
        base: Which of the datasets it is compared with, by its place in their list.
        of_slice: The slice that it is, of the split that it is compared with; a slice's are no rows of the tables.
    """

    name: str
    proto: statistics_pb2.DatasetFeatureStatistics
    base: int | None = None
    of_slice: str = ""


def make(artifact: Artifact, links: Mapping[str, str]) -> View:
    """The view of an `ExampleStatistics`: its splits held against the first, and slices against their split."""
    assert isinstance(artifact, ExampleStatistics)
    splits = splits_of(artifact)
    found = [read_sliced_statistics(artifact, split) for split in splits]
    datasets = [
        Dataset(split, whole, base=0 if place else None)
        for place, (split, (whole, _)) in enumerate(zip(splits, found, strict=True))
    ]
    most = _MOST_CELLS // max(1, sum(len(whole.features) for whole, _ in found))
    left_out = 0
    for place, (split, (_, slices)) in enumerate(zip(splits, found, strict=True)):
        # A stable sort: slices of one size keep their order, that of their names.
        largest = sorted(slices, key=lambda one: -one.num_examples)[: min(MOST_SLICES, max(1, most))]
        left_out = max(left_out, len(slices) - len(largest))
        datasets += [Dataset(f"{split} {one.name}", one, base=place, of_slice=one.name) for one in largest]
    view = view_of(datasets, "Statistics", links)
    note = (f"The {left_out:,} smallest slices are not shown.",) if left_out else ()
    return replace(view, notes=(*view.notes, *note))


def view_of(
    datasets: Sequence[Dataset], title: str, links: Mapping[str, str], *, most_drifted_first: bool = False
) -> View:
    """The view of several datasets, side by side.

    Distances are those of `penstock.data_validation.drift`: the Jensen-Shannon divergence (base 2) and, of strings,
    the L-infinity distance.
    """
    observed = [observed_features(dataset.proto) for dataset in datasets]
    features = [
        {feature.name or ".".join(feature.path.step): feature for feature in dataset.proto.features}
        for dataset in datasets
    ]
    names = list(dict.fromkeys(name for found in features for name in found))
    columns = [
        {
            "name": name,
            "type": _type([found[name] for found in features if name in found]),
            "notes": _notes([found[name] for found in features if name in found]),
            "stats": [
                _stats(found[name], seen[name]) if name in found else None
                for found, seen in zip(features, observed, strict=True)
            ],
            "distances": _distances(name, datasets, observed),
        }
        for name in names
    ]
    if most_drifted_first:  # a stable sort: equals keep the data's order
        columns.sort(
            key=lambda column: -max((drift_of(column, place) or 0.0 for place in range(len(datasets))), default=0)
        )
    model = {
        "datasets": [
            {
                "name": one.name,
                "examples": int(one.proto.num_examples),
                "weight": one.proto.weighted_num_examples,
                "base": one.base,
                "slice": one.of_slice,
            }
            for one in datasets
        ],
        "crosses": [cross for one in datasets if not one.of_slice for cross in _crosses(one)],
        "columns": columns[:MOST_COLUMNS],
        "left_out": max(0, len(names) - MOST_COLUMNS),
        "schema": links.get("schema", ""),
    }
    notes = []
    if model["left_out"]:
        notes.append(f"{MOST_COLUMNS:,} of {len(names):,} columns are shown.")
    notes += [f"{one.name} has no examples." for one in datasets if not one.proto.num_examples]
    return View("statistics", title, model, tables(model), tuple(notes), _MODULE)


def _type(found: Iterable[statistics_pb2.FeatureNameStatistics]) -> str:
    types = {statistics_pb2.FeatureNameStatistics.Type.Name(feature.type) for feature in found}
    return "/".join(sorted(types))


def _stats(feature: statistics_pb2.FeatureNameStatistics, seen: Observed) -> dict[str, Any]:
    member = feature.WhichOneof("stats")
    stats: dict[str, Any] = {
        "count": seen.present,
        "missing": seen.missing,
        "share_missing": seen.missing / (seen.present + seen.missing) if seen.present + seen.missing else 0.0,
        "values": seen.values,
        "most_values": seen.max_values,
        "least_values": seen.min_values,
    }
    if member == "num_stats" and seen.present:
        numbers = feature.num_stats
        stats["numbers"] = {
            "mean": numbers.mean,
            "std_dev": numbers.std_dev,
            "zeros": int(numbers.num_zeros),
            "min": numbers.min,
            "median": numbers.median,
            "max": numbers.max,
            "nan": seen.nan,
            **_histograms(numbers.histograms),
        }
    elif member == "string_stats" and seen.present:
        ranked = sorted(seen.counts.items(), key=lambda pair: -pair[1])
        top = ranked or [(one.value, one.frequency) for one in feature.string_stats.top_values]
        stats["strings"] = {
            "of": seen.values,
            "unique": seen.unique,
            "average_length": feature.string_stats.avg_length,
            "invalid_utf8": seen.invalid_utf8,
            "top": [[cut(value, _LONGEST_VALUE), count] for value, count in top[:MOST_VALUES]],
        }
    elif member == "bytes_stats" and seen.present:
        stats["bytes"] = {"unique": int(feature.bytes_stats.unique), "average": feature.bytes_stats.avg_num_bytes}
    if member and getattr(feature, member).common_stats.HasField("weighted_common_stats"):
        stats["weighted"] = _weighted(feature, member)
    return stats


def _weighted(feature: statistics_pb2.FeatureNameStatistics, member: str) -> dict[str, Any]:
    """What differs where the weights of examples count; with the same names as without."""
    common = getattr(feature, member).common_stats.weighted_common_stats
    whole = common.num_non_missing + common.num_missing
    found: dict[str, Any] = {
        "count": common.num_non_missing,
        "share_missing": common.num_missing / whole if whole else 0.0,
        "values": common.tot_num_values,
    }
    if member == "num_stats" and common.num_non_missing:
        numbers = feature.num_stats.weighted_numeric_stats
        found["numbers"] = {
            "mean": numbers.mean,
            "std_dev": numbers.std_dev,
            "median": numbers.median,
            **_histograms(numbers.histograms),
        }
    elif member == "string_stats" and common.num_non_missing:
        ranked = feature.string_stats.weighted_string_stats.rank_histogram.buckets[:MOST_VALUES]
        found["strings"] = {"top": [[cut(one.label, _LONGEST_VALUE), one.sample_count] for one in ranked]}
    return found


def _notes(found: Iterable[statistics_pb2.FeatureNameStatistics]) -> list[str]:
    """What a column seems to hold, and how the parts of one fit that is made of several."""
    notes = []
    for feature in found:
        for custom in feature.custom_stats:
            if custom.name == "domain_info":
                notes.append(f"looks like {custom.str.replace(' {', ': ').rstrip('}').rstrip(': ')}")
            elif feature.WhichOneof("stats") is None and custom.HasField("num"):
                notes.append(f"{custom.name} {custom.num:,.0f}")
            elif feature.WhichOneof("stats") is None:
                parts = [f"{one.label} {one.sample_count:,.0f}" for one in custom.rank_histogram.buckets]
                notes.append(f"{custom.name} {', '.join(parts)}")
    return list(dict.fromkeys(notes))


def _crosses(dataset: Dataset) -> Iterator[dict[str, Any]]:
    """Pairs of numeric columns, those that vary together most first."""
    pairs = sorted(dataset.proto.cross_features, key=lambda one: -abs(one.num_cross_stats.correlation))
    for cross in pairs[:MOST_PAIRS]:
        yield {
            "dataset": dataset.name,
            "columns": [".".join(path.step) for path in (cross.path_x, cross.path_y)],
            "count": int(cross.count),
            "covariance": cross.num_cross_stats.covariance,
            "correlation": cross.num_cross_stats.correlation,
        }


def _histograms(found: Iterable[statistics_pb2.Histogram]) -> dict[str, Any]:
    """The first histogram of each kind, finite buckets as [low, high, count]; how many values are infinite."""
    result: dict[str, Any] = {"standard": [], "quantiles": [], "infinite": 0}
    for histogram in found:
        kind = "quantiles" if histogram.type == statistics_pb2.Histogram.QUANTILES else "standard"
        if result[kind]:
            continue
        for bucket in histogram.buckets[:MOST_BUCKETS]:
            if math.isfinite(bucket.low_value) and math.isfinite(bucket.high_value):
                result[kind].append([bucket.low_value, bucket.high_value, bucket.sample_count])
            elif kind == "standard":
                result["infinite"] += bucket.sample_count
    return result


def _distances(
    name: str, datasets: Sequence[Dataset], observed: Sequence[Mapping[str, Observed]]
) -> list[dict[str, Any] | None]:
    """For each dataset its distances from the one it is compared with; None where it is compared with none."""
    found: list[dict[str, Any] | None] = []
    for place, dataset in enumerate(datasets):
        if dataset.base is None:
            found.append(None)
            continue
        names = (dataset.name, datasets[dataset.base].name)
        measured = {
            one.distance: one
            for one in compare(observed[place].get(name), observed[dataset.base].get(name), _ANY, names=names)
        }
        linf, divergence = measured["linf"], measured["jensen_shannon"]
        present = [
            one.present / one.examples if one is not None and one.examples else 0.0
            for one in (observed[dataset.base].get(name), observed[place].get(name))
        ]
        message = ""  # of numbers that can be compared the distance says it all
        if divergence.observed is None:
            message = divergence.message
        elif linf.observed is not None:
            message = linf.message.partition(": L-infinity")[0]
        known = [one for one in (linf.observed, divergence.observed) if one is not None]
        found.append(
            {
                "linf": linf.observed,
                "jensen_shannon": divergence.observed,
                # What cannot be compared has moved as far as the share of examples that have it.
                "drift": max(known) if known else abs(present[1] - present[0]),
                "change": "" if all(present) or not any(present) else ("gone" if present[0] else "new"),
                "message": message,
            }
        )
    return found
