"""Types that a pipeline declares for columns: their names, and the values of any source as these types.

``int``, ``float``, ``string``, ``bytes``, ``bool``, ``date``, ``timestamp[us]``, ``timestamp[us, America/Chicago]``,
``decimal(10, 2)``, and ``list<...>`` of these, which text gives as JSON: ``[1, 2]``. In Examples they are what
`penstock.data.ingest.types` says.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json
import pyarrow.types as kinds

from penstock.data.ingest.types import shown, stored, stored_type, with_values
from penstock.errors import UsageError, did_you_mean

__all__ = ["Misfits", "declared_types", "fit"]

_PLAIN = {
    "int": pa.int64(),
    "float": pa.float64(),
    "string": pa.string(),
    "bytes": pa.binary(),
    "bool": pa.bool_(),
    "date": pa.date32(),
}
_TIMESTAMP = re.compile(r"timestamp\[(s|ms|us|ns)(?:, *([A-Za-z0-9_/+:-]+))?\]")
_DECIMAL = re.compile(r"decimal\((\d+), *(\d+)\)")
_ZONED = r"(?i)\d(?:Z|[+-][0-9]{2}:?[0-9]{2})$"
_EXPECTED = (
    "Expected int, float, string, bytes, bool, date, timestamp[us], timestamp[us, Europe/Paris], decimal(10, 2) or "
    "list<...>."
)


def declared_types(types: Mapping[str, str]) -> dict[str, pa.DataType]:
    """The Arrow types that names mean, by column.

    Raises:
        UsageError: A name is no type; names the column.
    """
    return {column: _parsed(name, column) for column, name in types.items()}


def _parsed(name: str, column: str) -> pa.DataType:
    text = str(name).strip()
    if text in _PLAIN:
        return _PLAIN[text]
    if text.startswith("list<") and text.endswith(">"):
        return pa.list_(_parsed(text[5:-1], column))
    if match := _TIMESTAMP.fullmatch(text):
        kind = pa.timestamp(match[1], match[2] or "UTC")
        try:
            pc.assume_timezone(pa.array([0], pa.timestamp(match[1])), kind.tz)
        except pa.ArrowInvalid as error:
            raise UsageError(
                f"types declares column {column!r} as {name!r}, whose time zone is not known.", column=column
            ) from error
        return kind
    if match := _DECIMAL.fullmatch(text):
        try:
            return pa.decimal128(int(match[1]), int(match[2]))
        except (ValueError, pa.ArrowInvalid) as error:
            raise UsageError(f"types declares column {column!r} as {name!r}: {error}.", column=column) from error
    near = did_you_mean(text, _PLAIN)
    raise UsageError(
        f"types declares column {column!r} as {name!r}, which is no type.",
        hint=f"{near} {_EXPECTED}" if near.startswith("Did") else _EXPECTED,
        column=column,
    )


@dataclass
class Misfits:
    """Which rows of a batch hold a value that does not fit, each with its column, the value and the type wanted."""

    rows: dict[int, tuple[str, str, str]] = field(default_factory=dict)

    def keep(self, count: int) -> npt.NDArray[np.bool_]:
        """The rows that fit."""
        mask = np.ones(count, bool)
        mask[list(self.rows)] = False
        return mask


def fit(array: pa.Array, kind: pa.DataType, column: str, misfits: Misfits, most: int) -> pa.Array:
    """The values of a source as a declared type, stored as Examples hold it; what does not fit is null and told.

    Args:
        array: Values of any type.
        kind: The type declared.
        column: The column's name.
        misfits: Takes the rows that do not fit.
        most: After so many of them it is given up; the rest is null.
    """
    if isinstance(array, pa.ExtensionArray):
        array = array.storage
    if kinds.is_dictionary(array.type):
        array = array.dictionary_decode()
    wanted = stored_type(kind, column, "")
    bad: list[int] = []
    values = _cast(array, kind, bad, most)
    for row in bad:
        misfits.rows.setdefault(row, (column, str(array[row].as_py())[:200], _named(kind)))
    return stored(values, wanted, column, "")


def _named(kind: pa.DataType) -> str:
    if kinds.is_list(kind):
        return f"list<{_named(kind.value_type)}>"
    if kinds.is_timestamp(kind):
        return "timestamp"
    return next((name for name, plain in _PLAIN.items() if plain == kind), shown(kind))


def _cast(array: pa.Array, kind: pa.DataType, bad: list[int], most: int) -> pa.Array:
    if array.type == kind:
        return array
    if kinds.is_null(array.type):
        return pa.nulls(len(array), kind)
    is_list = kinds.is_list(array.type) or kinds.is_large_list(array.type) or kinds.is_fixed_size_list(array.type)
    if kinds.is_list(kind) and is_list:
        inner: list[int] = []
        values = _cast(array.flatten(), kind.value_type, inner, most)
        parents = pc.list_parent_indices(array)
        bad += sorted({parents[at].as_py() for at in inner})
        return with_values(array, values)
    text = kinds.is_string(array.type) or kinds.is_large_string(array.type)
    return _each(array, kind, _text_as(kind) if text else _value_as(kind), bad, most)


def _each(
    array: pa.Array, kind: pa.DataType, cast: Callable[[pa.Array], pa.Array], bad: list[int], most: int
) -> pa.Array:
    """The array cast; where that fails it is halved until the values are found that are to blame."""
    parts: list[pa.Array] = []
    waiting = [(0, len(array))]
    while waiting:
        start, stop = waiting.pop()
        if len(bad) > most:
            parts.append(pa.nulls(stop - start, kind))
            continue
        try:
            parts.append(cast(array.slice(start, stop - start)))
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            if stop - start == 1:
                bad.append(start)
                parts.append(pa.nulls(1, kind))
            else:
                middle = (start + stop) // 2
                waiting += [(middle, stop), (start, middle)]
    return pa.concat_arrays(parts) if parts else pa.nulls(0, kind)


def _value_as(kind: pa.DataType) -> Callable[[pa.Array], pa.Array]:
    def cast(array: pa.Array) -> pa.Array:
        if kinds.is_list(kind):
            raise pa.ArrowInvalid("not a list")
        if kinds.is_timestamp(kind) and kinds.is_timestamp(array.type):
            if array.type.tz is None:
                array = pc.assume_timezone(array, kind.tz, ambiguous="earliest", nonexistent="earliest")
            return array.cast(kind, safe=False)
        if kinds.is_temporal(kind) and not kinds.is_temporal(array.type):
            array = array.cast(pa.int32() if kind.bit_width == 32 else pa.int64())
        return array.cast(kind, safe=not kinds.is_floating(kind))

    return cast


def _text_as(kind: pa.DataType) -> Callable[[pa.Array], pa.Array]:
    def number(array: pa.Array) -> pa.Array:
        if pc.any(pc.match_substring_regex(array, "(?i)^[^0-9]*0x")).as_py():  # Arrow takes 0x1F for an integer
            raise pa.ArrowInvalid("hexadecimal")
        return pc.utf8_ltrim(pc.utf8_trim(array, " \t"), "+").cast(kind)

    def time(array: pa.Array) -> pa.Array:
        zoned = pc.match_substring_regex(array, _ZONED)
        blank = pa.scalar(None, array.type)
        with_zone = pc.if_else(zoned, array, blank).cast(pa.timestamp(kind.unit, "UTC")).cast(kind)
        without = pc.if_else(zoned, blank, array).cast(pa.timestamp(kind.unit))
        local = pc.assume_timezone(without, kind.tz, ambiguous="earliest", nonexistent="earliest")
        return pc.coalesce(with_zone, local)

    def listed(array: pa.Array) -> pa.Array:
        lines = pc.binary_join_element_wise('{"v":', pc.fill_null(array, "null"), "}", "").to_pylist()
        if any("\n" in line for line in lines):
            raise pa.ArrowInvalid("a line end")
        text = "\n".join(lines).encode()
        schema = pa.schema([("v", stored_type(kind, "", ""))])
        table = pa.json.read_json(
            pa.BufferReader(text),
            read_options=pa.json.ReadOptions(use_threads=False, block_size=len(text) + 1),
            parse_options=pa.json.ParseOptions(explicit_schema=schema, unexpected_field_behavior="error"),
        )
        if table.num_rows != len(array):
            raise pa.ArrowInvalid("more than one value")
        return pa.concat_arrays(table["v"].chunks).cast(kind)

    if kinds.is_list(kind):
        return listed
    if kinds.is_timestamp(kind):
        return time
    if kinds.is_integer(kind) or kinds.is_floating(kind) or kinds.is_decimal(kind):
        return number
    return lambda array: array.cast(kind)
