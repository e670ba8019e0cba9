"""Distances between two distributions of a feature: L-infinity and Jensen-Shannon."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
from tensorflow_metadata.proto.v0 import statistics_pb2

__all__ = ["align_histograms", "jensen_shannon", "l_infinity"]

Floats = npt.NDArray[np.float64]


def l_infinity(one: Mapping[str, float], other: Mapping[str, float]) -> tuple[str, float]:
    """The value whose share changed most between two sets of counts, and by how much (0 to 1).

    >>> l_infinity({"Cash": 3, "Card": 1}, {"Cash": 1, "Card": 1})
    ('Cash', 0.25)
    """
    ones, others = sum(one.values()), sum(other.values())
    values = {**one, **other}
    moved = {value: abs(one.get(value, 0) / ones - other.get(value, 0) / others) for value in values}
    most = max(moved, key=lambda value: (moved[value], one.get(value, 0)))
    return most, moved[most]


def jensen_shannon(one: Floats, other: Floats) -> float:
    """The Jensen-Shannon divergence, base 2, of two sets of counts over the same categories: 0 equal, 1 disjoint.

    Lin, Divergence measures based on the Shannon entropy (1991). It is the divergence, not its square root.

    >>> round(jensen_shannon(np.array([1.0, 0.0]), np.array([0.0, 1.0])), 9)
    1.0
    """
    p, q = one / one.sum(), other / other.sum()
    middle = (p + q) / 2
    return float((_divergence(p, middle) + _divergence(q, middle)) / 2)


def _divergence(p: Floats, q: Floats) -> float:
    some = p > 0
    return float(np.sum(p[some] * np.log2(p[some] / q[some])))


def align_histograms(
    one: statistics_pb2.Histogram, other: statistics_pb2.Histogram
) -> tuple[Floats, Floats]:
    """The counts of two standard histograms over common buckets.

    The buckets lie between all the bounds of both; counts are taken as spread evenly within a bucket. A single value
    with a bucket of its own stays a category, as do each of the infinities and NaN.
    """
    edges = np.unique(np.concatenate([_bounds(one), _bounds(other)]))
    points = sorted({*_points(one), *_points(other)})
    return _counts(one, edges, points), _counts(other, edges, points)


def _bounds(histogram: statistics_pb2.Histogram) -> Floats:
    wide = [bucket for bucket in histogram.buckets if bucket.low_value < bucket.high_value]
    return np.array([bound for bucket in wide for bound in (bucket.low_value, bucket.high_value)])


def _points(histogram: statistics_pb2.Histogram) -> dict[float, float]:
    return {b.low_value: b.sample_count for b in histogram.buckets if b.low_value == b.high_value}


def _counts(histogram: statistics_pb2.Histogram, edges: Floats, points: list[float]) -> Floats:
    below = np.zeros(len(edges))
    for bucket in histogram.buckets:
        if bucket.low_value < bucket.high_value:
            share = (edges - bucket.low_value) / (bucket.high_value - bucket.low_value)
            below += bucket.sample_count * np.clip(share, 0, 1)
    alone = _points(histogram)
    return np.concatenate([np.diff(below), [alone.get(point, 0.0) for point in points], [histogram.num_nan]])
