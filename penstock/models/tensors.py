"""Between Arrow columns and tf.Transform's tensors: what a schema's features are as tensors, in both directions."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2

from penstock.errors import DataError

__all__ = ["TensorColumns", "flat_batch", "flat_schema", "raw_schema", "read_schema"]

_ARROW = {
    schema_pb2.INT: pa.int64(),
    schema_pb2.FLOAT: pa.float32(),
    schema_pb2.BYTES: pa.large_binary(),
}
# tf.Transform's schema names the values of a ragged feature so, and the record batch has them under the plain name.
_RAGGED = "$ragged_values"
_LEFT_OUT = (schema_pb2.DEPRECATED, schema_pb2.DISABLED)


def read_schema(path: str | Path) -> schema_pb2.Schema:
    """The ``Schema`` proto in a text file; a file that is none is a `DataError`."""
    schema = schema_pb2.Schema()
    try:
        text_format.Parse(Path(path).read_text(), schema)
    except text_format.ParseError as error:
        raise DataError(f"The schema cannot be read: {error}.", path=str(path)) from error
    return schema


def raw_schema(schema: schema_pb2.Schema, columns: Iterable[str]) -> schema_pb2.Schema:
    """The part of a schema that tf.Transform gets: the features that are in use and that the examples have.

    A feature whose type is unknown, because it never had a value, counts as text. A fixed shape counts only for a
    feature that every row must have (``presence.min_fraction`` of 1): what may be missing is no dense tensor.
    """
    present = set(columns)
    raw = schema_pb2.Schema()
    raw.CopyFrom(schema)
    del raw.feature[:]
    for feature in schema.feature:
        if feature.name in present and feature.lifecycle_stage not in _LEFT_OUT:
            kept = raw.feature.add()
            kept.CopyFrom(feature)
            if kept.type not in _ARROW:
                kept.type = schema_pb2.BYTES
            if kept.presence.min_fraction != 1:
                kept.ClearField("shape")
    return raw


class TensorColumns:
    """How flat columns become the lists of values that tf.Transform reads; a missing value is an empty list.

    A feature with a fixed ``shape`` in the schema is a dense tensor, any other a sparse one.

    Args:
        schema: What `raw_schema` gave.

    Attributes:
        schema: The same.
        arrow_schema: The record batches that `convert` makes.
    """

    def __init__(self, schema: schema_pb2.Schema) -> None:
        self.schema = schema
        self.arrow_schema = pa.schema([(f.name, pa.large_list(_ARROW[f.type])) for f in schema.feature])

    @property
    def names(self) -> list[str]:
        return list(self.arrow_schema.names)

    def representations(self) -> dict[str, schema_pb2.TensorRepresentation]:
        """What kind of tensor each column becomes, as tfx_bsl's ``TensorAdapterConfig`` wants it."""
        found = {}
        for feature in self.schema.feature:
            representation = schema_pb2.TensorRepresentation()
            if feature.HasField("shape"):
                representation.dense_tensor.column_name = feature.name
                representation.dense_tensor.shape.CopyFrom(feature.shape)
            else:
                representation.varlen_sparse_tensor.column_name = feature.name
            found[feature.name] = representation
        return found

    def convert(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """A batch of flat columns as one of lists.

        Raises:
            DataError: A column's values do not fit the type that the schema gives.
        """
        arrays = []
        for feature in self.schema.feature:
            values = batch.column(batch.schema.get_field_index(feature.name))
            lists = _as_lists(values, _ARROW[feature.type], feature.name)
            if feature.HasField("shape") and values.null_count:
                raise DataError(
                    f"The column {feature.name!r} misses {values.null_count:,} values in a batch of {len(values):,} "
                    "rows, and the schema gives it a fixed shape.",
                    hint="Take the shape out of schema.pbtxt, or leave those rows out.",
                    column=feature.name,
                )
            arrays.append(lists)
        return pa.RecordBatch.from_arrays(arrays, schema=self.arrow_schema)

    def __reduce__(self) -> tuple[Any, ...]:
        return _columns_from_bytes, (self.schema.SerializeToString(),)


def _columns_from_bytes(data: bytes) -> TensorColumns:
    return TensorColumns(schema_pb2.Schema.FromString(data))


def _as_lists(values: pa.Array, kind: pa.DataType, name: str) -> pa.Array:
    if pa.types.is_list(values.type) or pa.types.is_large_list(values.type):
        # Lists keep their lengths, null lists become empty ones.
        filled = pc.if_else(values.is_valid(), values, pa.scalar([], type=values.type))
        return filled.cast(pa.large_list(kind))
    offsets = np.zeros(len(values) + 1, dtype=np.int64)
    np.cumsum(values.is_valid().to_numpy(zero_copy_only=False), out=offsets[1:])
    present = values.drop_null() if values.null_count else values
    try:
        # float64 to float32 rounds, which is what tf.Example would do; anything else that loses is an error.
        narrowed = present.cast(kind, safe=not pa.types.is_floating(present.type) or not pa.types.is_floating(kind))
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise DataError(
            f"The column {name!r} holds {values.type}, and the schema says {_schema_word(kind)}: {error}.",
            hint="Correct the type in schema.pbtxt, or the data.",
            column=name,
        ) from error
    return pa.LargeListArray.from_arrays(pa.array(offsets), narrowed)


def _schema_word(kind: pa.DataType) -> str:
    return str(next(schema_pb2.FeatureType.Name(number) for number, arrow in _ARROW.items() if arrow == kind))


def flat_schema(schema: schema_pb2.Schema) -> pa.Schema:
    """The columns of transformed examples: flat for one value a row, fixed-size lists for vectors, else lists."""
    return pa.schema([(feature.name.removesuffix(_RAGGED), _flat_type(feature)) for feature in schema.feature])


def _flat_type(feature: schema_pb2.Feature) -> pa.DataType:
    kind = pa.binary() if feature.type == schema_pb2.BYTES else _ARROW[feature.type]
    if not feature.HasField("shape"):
        return pa.list_(kind)
    size = int(np.prod([dim.size for dim in feature.shape.dim], dtype=np.int64))
    return kind if size == 1 else pa.list_(kind, size)


def flat_batch(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """A batch of lists, as tf.Transform gives it, in the columns that `flat_schema` names."""
    arrays = []
    for field in schema:
        lists = batch.column(batch.schema.get_field_index(field.name))
        while pa.types.is_list(field.type) is False and _is_list(lists.type) and _is_list(lists.type.value_type):
            lists = lists.flatten()
        if pa.types.is_fixed_size_list(field.type):
            values = lists.flatten().cast(field.type.value_type)
            arrays.append(pa.FixedSizeListArray.from_arrays(values, field.type.list_size))
        elif pa.types.is_list(field.type):
            arrays.append(lists.cast(field.type))
        else:
            arrays.append(lists.flatten().cast(field.type))
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _is_list(kind: pa.DataType) -> bool:
    return bool(pa.types.is_list(kind) or pa.types.is_large_list(kind))
