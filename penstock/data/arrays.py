"""Between Arrow and numpy without pandas, which `pyarrow` imports (0.2 s) for its own conversions wherever it can."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

__all__ = ["from_bools", "to_numpy"]


def to_numpy(array: pa.Array) -> npt.NDArray[Any]:
    """The values of an array of numbers or booleans; where a value is null, any number stands.

    Numbers are not copied, and the result is read-only.
    """
    if pa.types.is_boolean(array.type):
        array = array.cast(pa.uint8())
        return to_numpy(array).view(np.bool_)
    if array.null_count:
        array = pa.Array.from_buffers(array.type, len(array), [None, array.buffers()[1]], offset=array.offset)
    return np.from_dlpack(array)


def from_bools(values: npt.NDArray[np.bool_]) -> pa.BooleanArray:
    """A mask as Arrow's filters take it."""
    bits = np.packbits(values, bitorder="little")
    return pa.Array.from_buffers(pa.bool_(), len(values), [None, pa.py_buffer(bits)])
