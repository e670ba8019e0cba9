"""Record batches as serialized ``tf.train.Example`` protos, for models and tools that take those."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as kinds

from penstock.errors import DataError

__all__ = ["encode_examples"]


def encode_examples(batch: pa.RecordBatch) -> pa.BinaryArray:
    """Each row as a serialized ``tf.train.Example``; no TensorFlow is imported.

    Integers and booleans become ``int64_list``, floating point numbers ``float_list`` (32 bit, all the proto has),
    strings and binaries ``bytes_list``. A missing value is a feature without values, so that a parser's default
    stands in for it; a column of type null is left out. Lists give as many values as they hold.

    Args:
        batch: Any number of rows; columns flat, lists or fixed-size lists.

    Returns:
        One proto for each row, in order. The order of the features within a proto is not fixed, so that equal rows
        need not have equal bytes.

    Raises:
        DataError: A column has a type that the proto cannot hold; names the column.
    """
    from tfx_bsl.cc.tfx_bsl_extension.coders import RecordBatchToExamplesEncoder

    names, columns = [], []
    for field, column in zip(batch.schema, batch.columns, strict=True):
        if not kinds.is_null(field.type):
            names.append(field.name)
            columns.append(_as_lists(field.name, column))
    if not columns or not batch.num_rows:
        return pa.array([b""] * batch.num_rows, pa.binary())
    encoded = RecordBatchToExamplesEncoder(None).Encode(pa.RecordBatch.from_arrays(columns, names))
    return pa.array(encoded, pa.binary())


def _as_lists(name: str, column: pa.Array) -> pa.Array:
    """A column as the encoder takes it: a list of int64, float32 or binary for each row, null where missing."""
    kind = column.type
    if kinds.is_fixed_size_list(kind):
        column = pc.cast(column, pa.list_(kind.value_type))
        kind = column.type
    if kinds.is_list(kind) or kinds.is_large_list(kind):
        value = _value_type(name, kind.value_type)
        wanted = pa.list_(value) if kinds.is_list(kind) else pa.large_list(value)
        return column if kind == wanted else pc.cast(column, wanted, safe=False)
    values = pc.cast(column, _value_type(name, kind), safe=False)
    # One value a row and none for a missing one: offsets count the values that are there.
    present = values.is_valid()
    offsets = pc.cast(pc.cumulative_sum(pc.cast(present, pa.int32())), pa.int32())
    starts = pa.concat_arrays([pa.array([0], pa.int32()), offsets])
    mask = pc.invert(present) if values.null_count else None
    return pa.ListArray.from_arrays(starts, values.drop_null(), mask=mask)


def _value_type(name: str, kind: pa.DataType) -> pa.DataType:
    if kinds.is_integer(kind) or kinds.is_boolean(kind):
        return pa.int64()
    if kinds.is_floating(kind):
        return pa.float32()
    if kinds.is_string(kind) or kinds.is_binary(kind):
        return pa.binary()
    if kinds.is_large_string(kind) or kinds.is_large_binary(kind):
        return pa.large_binary()
    raise DataError(
        f"Column {name!r} is of type {kind}, which a tf.train.Example cannot hold.",
        hint="Columns of examples are integers, floating point numbers, strings, or lists of these.",
        column=name,
    )
