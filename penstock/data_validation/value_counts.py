"""The number of values that a feature's examples have, as a schema says it: `set_shape`, `set_value_count`."""

from __future__ import annotations

from tensorflow_metadata.proto.v0 import schema_pb2

from penstock.data_validation.observed import Observed

__all__ = ["set_shape", "set_value_count"]


def set_value_count(feature: schema_pb2.Feature, found: Observed) -> None:
    """Says how many values the examples have: the fixed number, or at least one; for each level of nested lists."""
    if len(found.levels) > 1:
        for least, most in found.levels:
            _set(feature.value_counts.value_count.add(), least, most)
    elif found.levels[0][0] > 0:
        _set(feature.value_count, *found.levels[0])


def _set(count: schema_pb2.ValueCount, least: int, most: int) -> None:
    if least > 0:
        count.min = least if least == most else 1
        if least == most:
            count.max = most


def set_shape(feature: schema_pb2.Feature, found: Observed) -> bool:
    """Gives the fixed shape that every example has, if all levels have one, and says whether there is one."""
    missing = found.missing_nested or (found.missing,)
    if any(missing) or any(least != most or least <= 0 for least, most in found.levels):
        return False
    for least, _ in found.levels:
        feature.shape.dim.add(size=least)
    return True
