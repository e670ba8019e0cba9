"""Between Arrow and numpy without pandas."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from penstock.data.arrays import from_bools, to_numpy


@pytest.mark.parametrize("values", [[True, False, True] * 7, [], [1, 2, 3], [0.5, -1.0]])
def test_values_are_kept(values: list[object]) -> None:
    """Numbers and booleans come out as they are, of a slice as well."""
    array = pa.array(values, pa.int64() if not values else None)
    assert to_numpy(array).tolist() == values
    assert to_numpy(array.slice(1)).tolist() == values[1:]


def test_nulls_leave_the_other_values() -> None:
    """Where nothing is null, the values are right though others are null."""
    array = pa.array([9, 1, None, 3], pa.int64()).slice(1)
    assert to_numpy(array)[to_numpy(array.is_valid())].tolist() == [1, 3]


@pytest.mark.parametrize("length", [0, 1, 8, 21])
def test_masks_arrive_in_arrow(length: int) -> None:
    """A mask of any length is the same in Arrow."""
    mask = np.arange(length) % 3 == 0
    assert from_bools(mask).to_pylist() == mask.tolist()
