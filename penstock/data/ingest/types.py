"""The types that columns of Examples have, whatever format they come from, and how other types become these.

A column is int64, float64, string or binary, a list of these, nested as deep as the source has it, or null if it never
has a value. Everything downstream knows these few:

==============================  =====================================================================================
in the source                   in Examples
==============================  =====================================================================================
integers of any width           int64; unsigned ones outside it are an error
floating point, decimal         float64
boolean                         int64, 0 or 1
timestamp, date, time, duration int64 in the source's unit, since 1970 in UTC (a date: days; without a zone: as if UTC)
text, categories of text        string
bytes                           binary
list, fixed-size list           list
struct                          a column for each field, named ``struct.field``
==============================  =====================================================================================

A missing list is null and an empty one has no elements; a missing text is null and an empty one ``""``.
"""

from __future__ import annotations

from collections.abc import Iterable

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as kinds

from penstock.errors import DataError

__all__ = ["flattened", "recast", "shown", "stored", "stored_batch", "stored_type", "wider", "with_values"]


def shown(kind: pa.DataType) -> str:
    """A type's name in messages: ``list<int>``."""
    if kinds.is_list(kind):
        return f"list<{shown(kind.value_type)}>"
    return {"int64": "int", "double": "float", "binary": "bytes"}.get(str(kind), str(kind))


def stored_type(kind: pa.DataType, name: str, path: str) -> pa.DataType:
    """The type that a source's type has in Examples.

    Raises:
        DataError: It has none: maps, unions, and lists of structs.
    """
    if isinstance(kind, pa.BaseExtensionType):
        return stored_type(kind.storage_type, name, path)
    if kinds.is_dictionary(kind):
        return stored_type(kind.value_type, name, path)
    if kinds.is_list(kind) or kinds.is_large_list(kind) or kinds.is_fixed_size_list(kind):
        return pa.list_(stored_type(kind.value_type, name, path))
    for is_one, stored in (
        (kinds.is_null, pa.null()),
        (kinds.is_boolean, pa.int64()),
        (kinds.is_integer, pa.int64()),
        (kinds.is_floating, pa.float64()),
        (kinds.is_decimal, pa.float64()),
        (kinds.is_temporal, pa.int64()),
        (kinds.is_string, pa.string()),
        (kinds.is_large_string, pa.string()),
        (kinds.is_binary, pa.binary()),
        (kinds.is_large_binary, pa.binary()),
        (kinds.is_fixed_size_binary, pa.binary()),
    ):
        if is_one(kind):
            return stored
    raise DataError(
        f"Column {name!r} is of type {str(kind)[:200]}, which Examples cannot hold.",
        hint="They hold numbers, text, bytes, and lists of these; a list of structs becomes a list for each field. "
        "Write the file again without the column, or with it as text.",
        path=path,
        column=name,
    )


def wider(a: pa.DataType, b: pa.DataType, *, lists: bool = False) -> pa.DataType | None:
    """The narrowest stored type that holds the values of both, None if there is none.

    Args:
        a: A stored type.
        b: Another.
        lists: Whether a value may become a list of one: in formats that do not tell them apart.
    """
    if a == b or kinds.is_null(b):
        return a
    if kinds.is_null(a):
        return b
    if kinds.is_list(a) and kinds.is_list(b):
        inner = wider(a.value_type, b.value_type)
        return None if inner is None else pa.list_(inner)
    if lists and (kinds.is_list(a) or kinds.is_list(b)):
        inner = wider(a.value_type if kinds.is_list(a) else a, b.value_type if kinds.is_list(b) else b)
        return None if inner is None else pa.list_(inner)
    for pair, held in (({pa.int64(), pa.float64()}, pa.float64()), ({pa.string(), pa.binary()}, pa.binary())):
        if {a, b} == pair:
            return held
    return None


def recast(array: pa.Array, kind: pa.DataType) -> pa.Array:
    """A stored array as a type that `wider` gave for its own and another."""
    if array.type == kind:
        return array
    if kinds.is_null(array.type) or array.null_count == len(array):
        return pa.nulls(len(array), kind)
    if kinds.is_list(kind):
        if kinds.is_list(array.type):
            return with_values(array, recast(array.flatten(), kind.value_type))
        lengths = array.is_valid().cast(pa.int32())
        return _lists(lengths, recast(array.drop_null(), kind.value_type), array.is_null())
    return array.cast(kind, safe=False)


def stored_batch(batch: pa.RecordBatch, path: str) -> pa.RecordBatch:
    """A batch as Examples hold it: structs taken apart, every column of a stored type.

    Raises:
        DataError: A column's type or an integer does not fit, or two columns have one name.
    """
    columns = flattened(batch, path)
    if not columns:  # a batch without columns still has rows
        return batch
    arrays = [stored(array, stored_type(array.type, name, path), name, path) for name, array in columns.items()]
    return pa.RecordBatch.from_arrays(arrays, list(columns))


def flattened(batch: pa.RecordBatch, path: str) -> dict[str, pa.Array]:
    """The columns of a batch by name, structs taken apart; a `DataError` if two have one name."""
    fields = [part for field, array in zip(batch.schema, batch.columns, strict=True) for part in _parts(field, array)]
    check_names([name for name, _ in fields], path)
    return dict(fields)


def check_names(names: Iterable[str], path: str) -> None:
    """Refuses columns without a name, and two of one name."""
    seen = set()
    for name in names:
        if not name.strip():
            raise DataError("A column has no name.", path=path, hint="Give each column a name of its own.")
        if name in seen:
            raise DataError(
                f"Two columns are named {name!r}.",
                hint="Give each column a name of its own; a field of a struct is named struct.field.",
                path=path,
                column=name,
            )
        seen.add(name)


def _parts(field: pa.Field, array: pa.Array) -> Iterable[tuple[str, pa.Array]]:
    if not kinds.is_struct(field.type):
        yield field.name, array
        return
    for inner, values in zip(field.type, array.flatten(), strict=True):
        yield from _parts(inner.with_name(f"{field.name}.{inner.name}"), values)


def stored(array: pa.Array, kind: pa.DataType, name: str, path: str) -> pa.Array:
    """A source's array as the type that `stored_type` gave for its own; a `DataError` if an integer does not fit."""
    if isinstance(array, pa.ExtensionArray):
        array = array.storage
    if kinds.is_dictionary(array.type):
        array = array.dictionary_decode()
    if array.type == kind:
        return array
    if kinds.is_list(kind):
        return with_values(array, stored(array.flatten(), kind.value_type, name, path))
    if kinds.is_decimal(array.type):
        array = array.cast(pa.string())  # Arrow's own way to floats is off in the last digit
    if kinds.is_temporal(array.type):
        array = array.cast(pa.int32() if array.type.bit_width == 32 else pa.int64())
    try:
        return array.cast(kind, safe=kind != pa.float64())
    except pa.ArrowInvalid as error:
        raise DataError(
            f"Column {name!r} is of type {array.type} and holds what {shown(kind)} cannot: {str(error)[:200]}.",
            hint="Write the column again, as text or as a number of 64 bits.",
            path=path,
            column=name,
        ) from error


def with_values(array: pa.Array, values: pa.Array) -> pa.Array:
    """The lists of ``array`` with other values in them, missing and empty ones as they were."""
    lengths = pc.fill_null(pc.list_value_length(array), 0).cast(pa.int32())
    return _lists(lengths, values, array.is_null())


def _lists(lengths: pa.Array, values: pa.Array, missing: pa.Array) -> pa.ListArray:
    offsets = pa.concat_arrays([pa.array([0], pa.int32()), pc.cumulative_sum(lengths).cast(pa.int32())])
    return pa.ListArray.from_arrays(offsets, values, mask=missing if pc.any(missing).as_py() else None)
