"""Which split a row belongs to."""

from __future__ import annotations

import hashlib
import math
import struct
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.data.splits import row_hashes, split_indices
from penstock.errors import DataError

TEXTS = ["Cash", "", "a", "aa", "a\0", "żółć", "x" * 4096, "x" * 4097, "x" * 4098]


def expected_hash(row: dict[str, Any]) -> int:
    """The hash of a row as the module's docstring defines it, in Python's own integers."""

    def mix(value: int) -> int:
        value = (value + 0x9E3779B97F4A7C15) % 2**64
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9 % 2**64
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB % 2**64
        return value ^ (value >> 31)

    def digest(content: bytes) -> int:
        return int.from_bytes(hashlib.blake2b(content, digest_size=8).digest(), "little")

    def of_value(value: float | str) -> int:
        if isinstance(value, str):
            content = value.encode()
            seed = len(content) * 0x9E3779B97F4A7C15 % 2**64
            if len(content) > 4096:
                return seed ^ digest(content)
            return seed + sum((byte + 1) * 6364136223846793005**at for at, byte in enumerate(content))
        number = math.nan if math.isnan(value) else float(value) + 0.0
        return int.from_bytes(struct.pack("<d", number), "little")

    values = [(name, value) for name, value in row.items() if value is not None]
    return mix(sum(mix((of_value(value) + digest(name.encode())) % 2**64) for name, value in values) % 2**64)


def test_hashes_never_change() -> None:
    """The hashes of known rows are as they are defined and as they have always been: rows keep their splits."""
    batch = pa.record_batch(
        {
            "n": pa.array([1, None, -3, 2**62], pa.int64()),
            "x": pa.array([0.5, -0.0, float("nan"), None]),
            "s": pa.array(["Cash", None, "", "y" * 5000]),
            "nothing": pa.nulls(4),
        }
    )
    hashes = row_hashes(batch).tolist()
    assert hashes == [expected_hash(row) for row in batch.to_pylist()]
    assert [f"{value:016x}" for value in hashes] == [
        "dddcd6942c76cd82",
        "a630f1911469254e",
        "88cb1f120d23e093",
        "ce1e79cf90f05f9d",
    ]


def test_texts_that_differ_hash_differently() -> None:
    """Texts of any length, the longest included, have hashes of their own, alone or among others."""
    together = row_hashes(pa.record_batch({"s": TEXTS}))
    assert len(set(together.tolist())) == len(TEXTS)
    alone = [int(row_hashes(pa.record_batch({"s": [text]}))[0]) for text in TEXTS]
    assert together.tolist() == alone


def test_columns_have_parts_of_their_own() -> None:
    """The same value in another column is another row, and values that change places as well."""
    one = pa.record_batch({"a": pa.array([1, None, 1, 2]), "b": pa.array([None, 1, 2, 1])})
    assert len(set(row_hashes(one).tolist())) == 4


def test_zeros_and_nans_are_one_value_each() -> None:
    """Minus zero is zero and every NaN is the same, as integers are the floats that equal them."""
    other_nan = np.array([0x7FF8000000000001], np.uint64).view(np.float64)[0]
    floats = row_hashes(pa.record_batch({"x": pa.array([0.0, -0.0, float("nan"), other_nan, 7.0])}))
    integers = row_hashes(pa.record_batch({"x": pa.array([0, 7])}))
    assert floats[0] == floats[1] == integers[0]
    assert floats[2] == floats[3]
    assert floats[4] == integers[1]


def test_long_texts_in_many_portions() -> None:
    """Text that is hashed in several portions hashes as it does row by row."""
    texts = [chr(97 + n % 26) * (n % 4000) + str(n) for n in range(2000)]
    together = row_hashes(pa.record_batch({"s": texts}))
    picked = [0, 3, 517, 1023, 1999]
    assert together[picked].tolist() == [int(row_hashes(pa.record_batch({"s": [texts[n]]}))[0]) for n in picked]
    assert len(set(together.tolist())) == 2000


@given(
    st.lists(
        st.tuples(
            st.none() | st.integers(-(2**63), 2**63 - 1), st.none() | st.floats(), st.none() | st.text(max_size=20)
        ),
        max_size=30,
    ),
    st.randoms(use_true_random=False),
)
def test_a_rows_hash_is_its_own(rows: list[tuple[int | None, float | None, str | None]], source: object) -> None:
    """A row's hash depends neither on its neighbours nor on its place nor on the order of the columns."""
    schema = pa.schema([("n", pa.int64()), ("x", pa.float64()), ("s", pa.string())])

    def batch(part: list[tuple[int | None, float | None, str | None]]) -> pa.RecordBatch:
        columns = list(zip(*part, strict=True)) or [(), (), ()]
        return pa.RecordBatch.from_arrays(
            [pa.array(column, field.type) for column, field in zip(columns, schema, strict=True)], schema=schema
        )

    hashes = row_hashes(batch(rows)).tolist()
    order = list(range(len(rows)))
    source.shuffle(order)  # type: ignore[attr-defined]
    assert row_hashes(batch([rows[at] for at in order])).tolist() == [hashes[at] for at in order]
    assert row_hashes(batch(rows).select(["s", "n", "x"])).tolist() == hashes
    assert row_hashes(batch(rows).slice(len(rows) // 2)).tolist() == hashes[len(rows) // 2 :]


@pytest.mark.parametrize("column", [pa.array(range(100_000)), pa.array([f"{n:x}" for n in range(100_000)])])
@pytest.mark.parametrize("splits", [{"train": 2, "eval": 1}, {"a": 70, "b": 20, "c": 10}])
def test_shares_are_those_of_the_weights(column: pa.Array, splits: dict[str, int]) -> None:
    """Of many distinct rows each split gets its share, within four standard deviations of a fair draw."""
    chosen = split_indices(row_hashes(pa.record_batch({"v": column})), splits)
    counts = np.bincount(chosen, minlength=len(splits))
    shares = np.array(list(splits.values())) / sum(splits.values())
    assert counts.sum() == 100_000
    assert (np.abs(counts - 100_000 * shares) < 4 * np.sqrt(100_000 * shares * (1 - shares))).all()


def test_other_types_are_refused() -> None:
    """A column of a type that examples don't have is an error that names it."""
    with pytest.raises(DataError, match="Column 'flag' is of type bool"):
        row_hashes(pa.record_batch({"flag": [True]}))
