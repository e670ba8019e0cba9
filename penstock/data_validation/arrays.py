"""What kind of values a column of examples holds, and the values themselves out of their lists."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from penstock.errors import DataError

__all__ = ["FLOAT", "INT", "STRING", "Level", "is_list", "kind_and_depth", "levels", "numbers"]

INT, FLOAT, STRING = "INT", "FLOAT", "STRING"
"""Names of the format's types."""

_INTEGERS: Final = (pa.types.is_integer, pa.types.is_boolean, pa.types.is_temporal)
_FLOATS: Final = (pa.types.is_floating, pa.types.is_decimal)
_STRINGS: Final = (
    pa.types.is_string,
    pa.types.is_large_string,
    pa.types.is_string_view,
    pa.types.is_binary,
    pa.types.is_large_binary,
    pa.types.is_binary_view,
    pa.types.is_fixed_size_binary,
)


def is_list(type_: pa.DataType) -> bool:
    """Whether a value of this type is a list of values."""
    return pa.types.is_list(type_) or pa.types.is_large_list(type_) or pa.types.is_fixed_size_list(type_)


def kind_and_depth(type_: pa.DataType, name: str) -> tuple[str | None, int]:
    """The format's type of a column, None where only nulls are known, and how deeply its values are nested.

    A flat column is as deep as one of lists, 1: each example has at most one value.

    Raises:
        DataError: There are no statistics of this type; names the column.
    """
    depth, leaf = 0, type_
    while is_list(leaf):
        depth, leaf = depth + 1, leaf.value_type
    if pa.types.is_dictionary(leaf):
        leaf = leaf.value_type
    kind: str | None = None
    if any(of_kind(leaf) for of_kind in _INTEGERS):
        kind = INT
    elif any(of_kind(leaf) for of_kind in _FLOATS):
        kind = FLOAT
    elif any(of_kind(leaf) for of_kind in _STRINGS):
        kind = STRING
    elif not pa.types.is_null(leaf):
        raise DataError(
            f"The column {name!r} is of type {type_}, of which no statistics are computed.",
            hint="Columns of examples are numbers, times, strings, bytes, or lists of them.",
            column=name,
        )
    return kind, max(depth, 1)


class Level:
    """One nest level of a column's batch.

    Attributes:
        lengths: The lengths of the lists that are there.
        weights: The weights of their examples, if those have any.
        owners: For each list the number of its example among those whose outermost list is there.
        values: What is in the lists: lists of the next level, or values, perhaps null.
    """

    def __init__(self, array: pa.Array, weights: npt.NDArray[np.float64] | None, owners: npt.NDArray[np.int64] | None):
        valid = None if array.null_count == 0 else np.asarray(array.is_valid())
        lengths = np.asarray(pc.list_value_length(array).drop_null())
        self.lengths: npt.NDArray[np.int64] = lengths.astype(np.int64, copy=False)
        self.weights = weights if weights is None or valid is None else weights[valid]
        if owners is None:
            self.owners: npt.NDArray[np.int64] = np.arange(len(lengths))
        else:
            self.owners = owners if valid is None else owners[valid]
        self.values = array.flatten()

    def inner(self) -> Level:
        """The next level, whose lists are the values of this one."""
        return Level(self.values, self.repeated_weights(), np.repeat(self.owners, self.lengths))

    def repeated_weights(self) -> npt.NDArray[np.float64] | None:
        """The weight of each value."""
        return None if self.weights is None else np.repeat(self.weights, self.lengths)


def levels(array: pa.Array, weights: npt.NDArray[np.float64] | None) -> Iterator[Level]:
    """The nest levels of a column of lists, the outermost first."""
    level = Level(array, weights, None)
    yield level
    while is_list(level.values.type):
        level = level.inner()
        yield level


def numbers(values: pa.Array) -> npt.NDArray[np.float64] | npt.NDArray[np.int64]:
    """Numbers as NumPy's; a null becomes NaN, a truth value 0 or 1, a time its count of units since 1970."""
    type_ = values.type
    if pa.types.is_dictionary(type_):
        return numbers(values.dictionary_decode())
    if pa.types.is_boolean(type_):
        values = pc.cast(values, pa.int8())
    elif pa.types.is_temporal(type_):
        values = values.view(pa.int32() if type_.bit_width == 32 else pa.int64())
    elif pa.types.is_decimal(type_):
        values = pc.cast(values, pa.float64())
    return values.to_numpy(zero_copy_only=False)
