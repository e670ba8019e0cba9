"""Columns of examples as codes to search by: the values that occur often enough, and quantile buckets of numbers."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from penstock.evaluation.slices import Scalar

__all__ = ["Bucket", "Condition", "Feature", "condition_text", "encoded"]

Codes = npt.NDArray[np.int32]


@dataclass(frozen=True)
class Bucket:
    """Numbers from ``low`` up to, but without, ``high``; an end may be infinite."""

    low: float
    high: float

    def __str__(self) -> str:
        return f"[{self.low:g}, {self.high:g})"


Condition = tuple[str, Scalar | Bucket]
"""A feature and the value, or the bucket of values, that it is held to."""


def condition_text(conditions: Iterable[Condition]) -> str:
    """A slice for a person: ``payment_type=Cash, trip_miles in [2, 3.5)``."""
    return ", ".join(
        f"{name} in {value}" if isinstance(value, Bucket) else f"{name}={value}" for name, value in conditions
    )


@dataclass(frozen=True)
class Feature:
    """One column.

    Attributes:
        name: The column.
        values: The values, or buckets, that the codes stand for.
        codes: For each row the index of its value, or -1: missing, or too rare to be searched by; [rows].
    """

    name: str
    values: Sequence[Scalar | Bucket]
    codes: Codes

    @property
    def conditions(self) -> list[Condition]:
        """Each value as a condition, by code."""
        return [(self.name, value) for value in self.values]


def encoded(
    columns: Mapping[str, pa.Array | pa.ChunkedArray], *, min_rows: int, buckets: int = 10, most_values: int = 50
) -> tuple[list[Feature], dict[str, str]]:
    """The columns that can be searched by.

    Numbers with more than ``most_values`` distinct values are cut at their quantiles. A missing value, as in the
    Evaluator, is in no slice.

    Args:
        columns: The columns by name, all of the same length.
        min_rows: Values with fewer rows are not searched by.
        buckets: How many buckets a numeric column is cut into.
        most_values: Numeric columns with at most so many distinct values keep them.

    Returns:
        The features, and why each other column was left out.
    """
    features, left_out = [], {}
    for name, column in columns.items():
        array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
        kind = array.type
        if pa.types.is_null(kind):
            left_out[name] = "no row has a value"
        elif pa.types.is_nested(kind):
            left_out[name] = f"it holds {kind}, not one value a row"
        else:
            feature = _frequent(_feature(name, array, buckets, most_values), min_rows)
            if feature.values:
                features.append(feature)
            else:
                left_out[name] = f"no value has {min_rows:,} rows"
    return features, left_out


def _feature(name: str, array: pa.Array, buckets: int, most_values: int) -> Feature:
    kind = array.type
    if pa.types.is_dictionary(kind):
        array = array.dictionary_decode()
        kind = array.type
    if pa.types.is_boolean(kind):
        array = array.cast(pa.int64())
    numbers = array
    if pa.types.is_floating(kind):
        # As in the Evaluator: not a number is missing, and values are one where their 32-bit floats are.
        numbers = pc.if_else(pc.is_nan(array), pa.scalar(None, kind), array)
        array = numbers.cast(pa.float32(), safe=False)
    elif not pa.types.is_integer(array.type):
        array = array.cast(pa.string())
    found = array.dictionary_encode()
    numeric = not pa.types.is_string(array.type)
    if numeric and len(found.dictionary) > most_values:
        return _bucketed(name, numbers, buckets)
    codes = found.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int32)
    values: list[Scalar | Bucket] = found.dictionary.to_pylist()
    if pa.types.is_floating(array.type):
        values = [float(str(value)) for value in found.dictionary.to_numpy(zero_copy_only=False)]
    return Feature(name, values, codes)


def _bucketed(name: str, array: pa.Array, buckets: int) -> Feature:
    missing = pc.is_null(array).to_numpy(zero_copy_only=False)
    numbers = array.cast(pa.float64()).fill_null(0).to_numpy(zero_copy_only=False)
    present = numbers[~missing & np.isfinite(numbers)]
    cuts = np.quantile(present, np.linspace(0, 1, buckets + 1)[1:-1]) if len(present) else np.empty(0)
    # Bounds that a person can read and type, where that leaves the buckets apart.
    edges = np.unique([float(f"{cut:.4g}") for cut in cuts])
    bounds = [-math.inf, *edges.tolist(), math.inf]
    codes = np.searchsorted(edges, numbers, side="right").astype(np.int32)
    codes[missing] = -1
    return Feature(name, [Bucket(low, high) for low, high in pairwise(bounds)], codes)


def _frequent(feature: Feature, min_rows: int) -> Feature:
    """The feature with its frequent values only, coded anew."""
    counts = np.bincount(feature.codes + 1, minlength=len(feature.values) + 1)[1:]
    # A value that all rows have tells nothing apart.
    kept = np.flatnonzero((counts >= min_rows) & (counts < len(feature.codes)))
    table = np.full(len(feature.values) + 1, -1, np.int32)  # a missing value is -1, the spare last place
    table[kept] = np.arange(len(kept))
    return Feature(feature.name, [feature.values[code] for code in kept.tolist()], table[feature.codes])
