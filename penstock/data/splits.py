"""Which split a row belongs to: decided by the row's values alone, so never by order, file, shard or machine.

A row's hash is the sum over its columns of ``mix(value hash + name hash)``, modulo 2**64; missing values add nothing.
The sum makes it independent of the order of the columns, and a new column without values moves no row. Rows that are
equal in all their values always fall into the same split.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from penstock.data.arrays import to_numpy
from penstock.errors import DataError, UsageError

__all__ = ["check_weights", "in_sample", "row_hashes", "split_indices"]

Hashes = npt.NDArray[np.uint64]

# Finalizer of SplitMix64: Steele, Lea, Flood, "Fast splittable pseudorandom number generators" (OOPSLA 2014), with the
# constants of Vigna's public-domain splitmix64.c.
_GAMMA = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
# Base of the polynomial over a string's bytes: the multiplier of MMIX's generator, Knuth, TAOCP volume 2, 3.3.4.
_BASE = np.uint64(6364136223846793005)
_LONG = 4096
"""Strings of more bytes than this are hashed by BLAKE2b, which bounds the table of powers."""
_PORTION = 1 << 20
"""How many bytes of text are hashed at a time, which bounds memory."""


def check_weights(splits: Mapping[str, object]) -> None:
    """Refuses split names that are no directory names, and weights that are no positive integers.

    Raises:
        UsageError: Names the split.
    """
    if not splits:
        raise UsageError("No splits are given.", hint="Give names with weights, such as splits: {train: 2, eval: 1}.")
    for name, weight in splits.items():
        if not name.replace("_", "").replace("-", "").isalnum() or not name.isascii():
            raise UsageError(
                f"Split name {name!r} is not usable as a directory's name.",
                hint="Use letters, digits, '-' and '_'.",
                split=name,
            )
        if isinstance(weight, bool) or not isinstance(weight, int) or weight < 1:
            raise UsageError(
                f"Split {name!r} has the weight {weight!r}; a weight is a whole number from 1.",
                hint="Weights are ratios: {train: 2, eval: 1} gives train two rows of three.",
                split=name,
            )


def split_indices(hashes: Hashes, splits: Mapping[str, int]) -> npt.NDArray[np.intp]:
    """For each row the position in ``splits`` of the split it belongs to; weights are ratios of the expected counts."""
    weights = np.fromiter(splits.values(), np.uint64)
    buckets = hashes % weights.sum(dtype=np.uint64)
    return np.searchsorted(np.cumsum(weights), buckets, side="right")


def in_sample(hashes: Hashes, share: float) -> npt.NDArray[np.bool_]:
    """Which rows are in the sample of a share of all; a smaller sample is part of every larger one.

    Independent of `split_indices`: the sample has rows of every split, in the same shares.
    """
    # 53 bits, which a float64 holds: more would be rounded up to 1.
    return (_mix(hashes ^ _BASE) >> np.uint64(11)).astype(np.float64) < share * 2.0**53


def row_hashes(batch: pa.RecordBatch) -> Hashes:
    """A hash of 64 bits for each row of a batch of null, int64, float64, string and binary columns and lists of these.

    Numbers are hashed as float64 bits, text as its bytes, and a list of one as the value in it, so that a column's
    widening moves no row.
    """
    total = np.zeros(batch.num_rows, np.uint64)
    for field, column in zip(batch.schema, batch.columns, strict=True):
        if pa.types.is_null(field.type) or column.null_count == len(column):
            continue
        name = np.uint64(int.from_bytes(hashlib.blake2b(field.name.encode(), digest_size=8).digest(), "little"))
        hashed = _mix(_value_hashes(column, field.name) + name)
        if column.null_count:
            hashed[to_numpy(column.is_null())] = 0
        total += hashed
    return _mix(total)


def _mix(values: Hashes) -> Hashes:
    """SplitMix64's finalizer of each element; the input is not changed."""
    mixed = values + _GAMMA
    shifted = mixed >> np.uint64(30)
    mixed ^= shifted
    mixed *= _MIX_1
    mixed ^= np.right_shift(mixed, np.uint64(27), out=shifted)
    mixed *= _MIX_2
    mixed ^= np.right_shift(mixed, np.uint64(31), out=shifted)
    return mixed


def _value_hashes(column: pa.Array, name: str) -> Hashes:
    """The hash of each value; where one is missing, any number stands."""
    kind = column.type
    if pa.types.is_string(kind) or pa.types.is_binary(kind):
        return _string_hashes(column)
    if pa.types.is_int64(kind) or pa.types.is_float64(kind):
        return _number_bits(column)
    if pa.types.is_null(kind):
        return np.zeros(len(column), np.uint64)
    if pa.types.is_list(kind):
        return _list_hashes(column, name)
    raise DataError(f"Column {name!r} is of type {kind}, which has no row hash.", column=name)


def _list_hashes(column: pa.ListArray, name: str) -> Hashes:
    """The hash of a list of one is that of its value; of any other, the sum of its elements', mixed with their places.

    An empty list has a hash of its own, as has a missing element.
    """
    values = column.flatten()
    hashed = _value_hashes(values, name)
    if values.null_count:
        hashed = np.where(to_numpy(values.is_null()), _BASE, hashed)
    lengths = to_numpy(pc.fill_null(pc.list_value_length(column), 0)).astype(np.int64)
    starts = np.cumsum(lengths) - lengths
    places = (np.arange(len(hashed)) - np.repeat(starts, lengths)).astype(np.uint64)
    sums = np.zeros(len(hashed) + 1, np.uint64)
    np.cumsum(_mix(hashed + places * _GAMMA), out=sums[1:])
    whole = _mix(sums[starts + lengths] - sums[starts] + lengths.astype(np.uint64) * _BASE)
    single = lengths == 1
    whole[single] = hashed[starts[single]]
    return whole


def _number_bits(column: pa.Array) -> Hashes:
    values = to_numpy(column).astype(np.float64)
    values += 0.0  # -0.0 and 0.0 are equal, so their bits must be
    values[np.isnan(values)] = np.nan
    return values.view(np.uint64)


def _string_hashes(column: pa.StringArray | pa.BinaryArray) -> Hashes:
    encoded = column.dictionary_encode()
    unique = _unique_hashes(encoded.dictionary)
    if not len(unique):
        return np.zeros(len(column), np.uint64)
    # A null's index may be any number; its hash is set aside by the caller.
    return unique.take(to_numpy(encoded.indices), mode="clip")


def _unique_hashes(strings: pa.StringArray | pa.BinaryArray) -> Hashes:
    """A polynomial over each string's bytes modulo 2**64, by segments of the buffer that holds them all."""
    offset_buffer, data_buffer = strings.buffers()[1:]
    count = len(strings)
    if not count:
        return np.zeros(0, np.uint64)
    offsets = np.frombuffer(offset_buffer, np.int32)[strings.offset : strings.offset + count + 1].astype(np.int64)
    data = np.frombuffer(data_buffer, np.uint8) if data_buffer is not None else np.zeros(0, np.uint8)
    lengths = np.diff(offsets)
    result = lengths.astype(np.uint64) * _GAMMA
    for row in np.flatnonzero(lengths > _LONG):
        digest = hashlib.blake2b(data[offsets[row] : offsets[row + 1]].tobytes(), digest_size=8).digest()
        result[row] ^= np.uint64(int.from_bytes(digest, "little"))
    short = np.flatnonzero((lengths > 0) & (lengths <= _LONG))
    if not len(short):
        return result
    powers = np.full(int(lengths[short].max()), _BASE)
    powers[0] = 1
    np.multiply.accumulate(powers, out=powers)
    ends = np.cumsum(lengths[short])
    cuts = np.searchsorted(ends, np.arange(0, ends[-1] + _PORTION, _PORTION), side="left")
    for start, stop in zip(cuts, [*cuts[1:], len(short)], strict=True):
        if start < stop:
            rows = short[start:stop]
            result[rows] += _polynomials(data, offsets[rows], lengths[rows], powers)
    return result


def _polynomials(
    data: npt.NDArray[np.uint8], starts: npt.NDArray[np.int64], lengths: npt.NDArray[np.int64], powers: Hashes
) -> Hashes:
    segments = np.cumsum(lengths) - lengths
    within = np.arange(int(lengths.sum())) - np.repeat(segments, lengths)
    letters = data[within + np.repeat(starts, lengths)].astype(np.uint64)
    letters += np.uint64(1)  # else a string and the same string with NULs after it would differ in length only
    letters *= powers[within]
    return np.add.reduceat(letters, segments)
