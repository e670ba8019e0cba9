"""A hash of each row of a record batch, by columns, and a digest of a bag of rows that any order of them gives.

Each value becomes 64 bits, mixed by the finalizer of SplitMix64 (Steele, Lea and Flood 2014); text and lists are
polynomials of their elements' hashes over the ring of 64-bit integers; a row is the sum of its columns, each under a
key made from the column's name, mixed once more. A bag is the sum of its rows' hashes under four keys, 256 bits in all.
Sums do not depend on order. This tells data that changed from data that did not; it withstands no attacker who seeks a
collision.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

__all__ = ["bag_digest", "mixed", "row_hashes"]

Hashes = npt.NDArray[np.uint64]

_NULL = np.uint64(0x9AE16A3B2F90404F)
_BASE = np.uint64(0xC3A5C85C97CB3127)
_LANES = [np.uint64(key) for key in (0, 0xA0761D6478BD642F, 0xE7037ED1A0B428DB, 0x8EBC6AF09C88C6E3)]
_BATCH_ROWS = 65_536


def bag_digest(paths: Sequence[Path]) -> str:
    """The digest of the columns and the rows of Parquet files, in any order of the rows, one row group at a time.

    Raises:
        pyarrow.ArrowInvalid: A file is not Parquet.
        pyarrow.ArrowNotImplementedError: A column's type has no hash.
    """
    columns: set[str] = set()
    sums = np.zeros(len(_LANES), dtype=np.uint64)
    rows = 0
    for path in paths:
        with pq.ParquetFile(path) as file:
            columns.update(f"{field.name}\0{field.type}" for field in file.schema_arrow)
            for batch in file.iter_batches(batch_size=_BATCH_ROWS):
                hashes = row_hashes(batch)
                rows += batch.num_rows
                sums += np.array([mixed(hashes ^ key).sum(dtype=np.uint64) for key in _LANES])
    whole = hashlib.sha256("\n".join(sorted(columns)).encode())
    whole.update(f"\n{rows}\n".encode() + sums.astype("<u8").tobytes())
    return whole.hexdigest()


def row_hashes(batch: pa.RecordBatch) -> Hashes:
    """The hash of each row, shape ``[rows]``; the order of the columns does not count, their names do."""
    total = np.zeros(batch.num_rows, dtype=np.uint64)
    for field, column in zip(batch.schema, batch.columns, strict=True):
        key = np.frombuffer(hashlib.sha256(field.name.encode()).digest()[:8], dtype="<u8")[0]
        total += mixed(_hashes(column) ^ key)
    return mixed(total)


def mixed(values: Hashes) -> Hashes:
    """SplitMix64's finalizer of each value."""
    mixes = values + np.uint64(0x9E3779B97F4A7C15)
    mixes ^= mixes >> np.uint64(30)
    mixes *= np.uint64(0xBF58476D1CE4E5B9)
    mixes ^= mixes >> np.uint64(27)
    mixes *= np.uint64(0x94D049BB133111EB)
    mixes ^= mixes >> np.uint64(31)
    return mixes


_BYTES = mixed(np.arange(256, dtype=np.uint64))


def _hashes(array: Any) -> Hashes:
    """The hash of each value of an Arrow array; a null has one of its own."""
    kind = array.type
    if pa.types.is_null(kind):
        return np.full(len(array), _NULL)
    if pa.types.is_dictionary(kind):
        return _hashes(array.dictionary_decode())
    if pa.types.is_struct(kind):
        parts = pa.RecordBatch.from_arrays(array.flatten(), schema=pa.schema(list(kind)))
        hashes = row_hashes(parts)
    elif pa.types.is_fixed_size_list(kind):
        starts = np.arange(len(array) + 1, dtype=np.int64) * kind.list_size
        values = array.values.slice(array.offset * kind.list_size, len(array) * kind.list_size)
        hashes = _folded(_hashes(values), starts)
    elif pa.types.is_list(kind) or pa.types.is_large_list(kind):
        starts = np.asarray(array.offsets, dtype=np.int64)
        hashes = _folded(_hashes(array.values.slice(starts[0], starts[-1] - starts[0])), starts - starts[0])
    elif pa.types.is_fixed_size_binary(kind) or pa.types.is_decimal(kind):
        width = kind.byte_width
        data = np.frombuffer(array.buffers()[1], dtype=np.uint8)[array.offset * width :][: len(array) * width]
        hashes = _folded(_BYTES[data], np.arange(len(array) + 1, dtype=np.int64) * width)
    elif pa.types.is_string(kind) or pa.types.is_binary(kind):
        hashes = _text(array, np.dtype(np.int32))
    elif pa.types.is_large_string(kind) or pa.types.is_large_binary(kind):
        hashes = _text(array, np.dtype(np.int64))
    else:
        hashes = mixed(_bits(array))
    if array.null_count:
        hashes = np.where(np.asarray(array.is_null()), _NULL, hashes)
    return hashes


def _text(array: Any, offset_type: np.dtype[Any]) -> Hashes:
    _, offsets, data = array.buffers()
    if len(array) == 0 or offsets is None:
        return np.zeros(len(array), dtype=np.uint64)
    starts = np.frombuffer(offsets, dtype=offset_type)[array.offset : array.offset + len(array) + 1].astype(np.int64)
    whole = np.frombuffer(data, dtype=np.uint8) if data is not None else np.zeros(0, dtype=np.uint8)
    return _folded(_BYTES[whole[starts[0] : starts[-1]]], starts - starts[0])


def _folded(elements: Hashes, starts: npt.NDArray[np.int64]) -> Hashes:
    """The hash of each run of elements; run i is ``elements[starts[i]:starts[i + 1]]``."""
    lengths = np.diff(starts)
    longest = int(lengths.max(initial=0))
    powers = np.full(longest + 1, _BASE)
    powers[0] = 1
    powers = np.multiply.accumulate(powers)
    places = np.arange(len(elements), dtype=np.int64) - np.repeat(starts[:-1], lengths)
    sums = np.zeros(len(elements) + 1, dtype=np.uint64)
    np.cumsum(elements * powers[places], out=sums[1:])
    return mixed(sums[starts[1:]] - sums[starts[:-1]] + lengths.astype(np.uint64))


def _bits(array: Any) -> Hashes:
    """The bits of each value of a type of fixed width; every NaN has the same, and what is null any."""
    kind = array.type
    if pa.types.is_boolean(kind):
        return np.asarray(array.fill_null(False)).astype(np.uint64)  # noqa: FBT003 - the value itself
    if pa.types.is_floating(kind):
        values = np.asarray(pc.fill_null(array, 0).cast(pa.float64()))
        return np.where(np.isnan(values), np.nan, values).view(np.uint64)
    if pa.types.is_integer(kind):
        values = np.asarray(pc.fill_null(array, 0))
        return values.astype(np.int64 if values.dtype.kind == "i" else np.uint64).view(np.uint64)
    if pa.types.is_temporal(kind):
        wide = {32: pa.int32(), 64: pa.int64()}.get(kind.bit_width)
        if wide is not None:
            return _bits(array.view(wide))
    raise pa.ArrowNotImplementedError(f"Values of type {kind} have no hash.")
