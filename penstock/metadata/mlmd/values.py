"""Property values: the six kinds MLMD knows, how each lies in a row, and which values are refused.

MLMD's own client reads the same rows, so values that would break its reads are refused before anything is written:
NaN, text with a NUL, the text ``__MLMD_NULL__`` and text that begins with ``mlmd-struct::``.
"""

from __future__ import annotations

import base64
import binascii
import functools
import math
import numbers
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from penstock.errors import StoreError
from penstock.metadata.mlmd import wire

__all__ = [
    "COLUMNS",
    "AnyMessage",
    "Kind",
    "Value",
    "check_disjoint",
    "check_name",
    "check_text",
    "cleaned",
    "from_row",
    "to_row",
]

COLUMNS = ("int_value", "double_value", "string_value", "proto_value", "bool_value")
_NULL = "__MLMD_NULL__"
_STRUCT = "mlmd-struct::"
_NAME_LENGTH = 255
_INT64 = 2**63
_EXACT_DOUBLE = 2**53


class Kind(IntEnum):
    """The kind of a property, with MLMD's numbers."""

    INT = 1
    DOUBLE = 2
    STRING = 3
    STRUCT = 4
    PROTO = 5
    BOOLEAN = 6

    @classmethod
    def of(cls, python_type: type, where: str = "A property") -> Kind:
        """The kind that holds values of a Python type; ``where`` names the property in the message if none does."""
        kind = _kind_of(python_type)
        if kind is None:
            raise StoreError(
                f"{where} cannot hold {python_type.__name__}.",
                hint="Use int, float, str, bool or a mapping of JSON values.",
            )
        return kind


@dataclass(frozen=True)
class AnyMessage:
    """A protobuf message of any type, still serialized: ``google.protobuf.Any``."""

    type_url: str
    value: bytes


Value = int | float | str | bool | Mapping[str, Any] | AnyMessage
Row = tuple[int | None, float | None, str | None, str | bytes | None, bool | None]
# bool first: it is a subclass of int.
_BY_TYPE: dict[type, Kind] = {
    bool: Kind.BOOLEAN,
    numbers.Integral: Kind.INT,
    numbers.Real: Kind.DOUBLE,
    str: Kind.STRING,
    Mapping: Kind.STRUCT,
    AnyMessage: Kind.PROTO,
}


@functools.lru_cache(maxsize=256)
def _kind_of(python_type: type) -> Kind | None:
    return next((kind for known, kind in _BY_TYPE.items() if issubclass(python_type, known)), None)


def to_row(value: Value, where: str, *, declared: Kind | None = None, raw_bytes: bool = False) -> Row:
    """The value columns of a row, in the order of `COLUMNS`.

    Args:
        value: What to store.
        where: Names the property in messages.
        declared: The kind that the type declares; an integer is taken where a double is declared.
        raw_bytes: Whether the database keeps messages as bytes (PostgreSQL) and not as base64 text (SQLite).

    Raises:
        StoreError: The value is of another kind than declared, or one that the store cannot give back.
    """
    kind = Kind.of(type(value), where)
    if declared is not None and kind is not declared:
        if not (declared is Kind.DOUBLE and kind is Kind.INT):
            raise StoreError(
                f"{where} is {kind.name}, but its type declares {declared.name}.", hint="Give a value of that kind."
            )
        kind = Kind.DOUBLE
    match kind:
        case Kind.BOOLEAN:
            return (None, None, None, None, bool(value))
        case Kind.INT:
            return (_checked_int(int(value), where), None, None, None, None)  # type: ignore[arg-type]
        case Kind.DOUBLE:
            return (None, _checked_float(float(value), where), None, None, None)  # type: ignore[arg-type]
        case Kind.STRING:
            text = check_text(str(value), where)
            if text.startswith(_STRUCT):
                raise StoreError(
                    f"{where} begins with {_STRUCT!r}, MLMD's mark for a structure.", hint="Give a mapping."
                )
            return (None, None, text, None, None)
        case Kind.STRUCT:
            _check_struct(value, where)
            packed = wire.encode_struct(value)  # type: ignore[arg-type]
            return (None, None, _STRUCT + base64.b64encode(packed).decode(), None, None)
        case Kind.PROTO:
            assert isinstance(value, AnyMessage)
            message = wire.encode_any(check_text(value.type_url, where), value.value)
            return (None, None, None, message if raw_bytes else base64.b64encode(message).decode(), None)


def from_row(row: Sequence[Any]) -> Value | None:
    """The value in the columns `COLUMNS` of a row; None where all are null, which no client should write."""
    integer, double, text, message, boolean = row
    if text is not None:
        return wire.decode_struct(_unbase64(text[len(_STRUCT) :])) if text.startswith(_STRUCT) else str(text)
    if integer is not None:
        return int(integer)
    if double is not None:
        return float(double)
    if boolean is not None:
        return bool(boolean)
    if message is not None:
        return AnyMessage(*wire.decode_any(_unbase64(message) if isinstance(message, str) else bytes(message)))
    return None


def check_text(text: str, where: str) -> str:
    """The text itself, or a `StoreError` where MLMD's tables could not give it back."""
    if "\0" in text or text == _NULL:
        what = "holds a NUL character" if "\0" in text else f"is {_NULL!r}, MLMD's mark for no value"
        raise StoreError(f"{where} {what}.", hint="Clean the text, or store it in a file of the artifact.")
    return check_encodable(text, where)


def cleaned(text: str) -> str:
    """The text with a mark in place of what no database holds: for sentences that must not be refused for it."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}").encode(errors="replace").decode()


def check_encodable(text: str, where: str) -> str:
    """The text itself, or a `StoreError` where it holds half of a surrogate pair and so has no UTF-8."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise StoreError(f"{where} holds half of a surrogate pair, which is no valid text.", hint="Clean it.") from None
    return text


def check_name(name: str, where: str) -> str:
    """A name of a type, a property or a context, or a `StoreError`: empty, or over 255 characters."""
    if not name or len(name) > _NAME_LENGTH:
        raise StoreError(
            f"{where} has {len(name)} characters: {name[:40]!r}.", hint=f"Give it 1 to {_NAME_LENGTH} characters."
        )
    return check_text(name, where)


def check_disjoint(properties: Mapping[str, Any], custom: Mapping[str, Any], where: str) -> None:
    """Refuses one name as a property and as a custom property: MLMD's client would overwrite one with the other."""
    both = sorted(properties.keys() & custom.keys())
    if both:
        raise StoreError(
            f"{where} has {both[0]!r} as a property and as a custom property.", hint="Rename the custom property."
        )


def _checked_int(value: int, where: str) -> int:
    if not -_INT64 <= value < _INT64:
        raise StoreError(f"{where} is {value}, which does not fit 64 bits.", hint="Store it as text.")
    return value


def _checked_float(value: float, where: str) -> float:
    if math.isnan(value):
        raise StoreError(
            f"{where} is NaN, which MLMD cannot hold.", hint="Leave it out, or record it with ctx.metric()."
        )
    return value


def _check_struct(value: Any, where: str) -> None:
    for leaf in _leaves(value, where):
        if isinstance(leaf, str):
            check_encodable(leaf, where)
        elif isinstance(leaf, float) and not math.isfinite(leaf):
            raise StoreError(f"{where} holds {leaf}, which JSON has not.", hint="Store it as text.")
        elif isinstance(leaf, int) and abs(leaf) > _EXACT_DOUBLE:
            raise StoreError(f"{where} holds {leaf}, which a double cannot hold exactly.", hint="Store it as text.")


def _leaves(value: Any, where: str) -> Iterator[str | float | bool | None]:
    """Every key and every value that is not itself a structure."""
    match value:
        case Mapping():
            for key, item in value.items():
                if not isinstance(key, str):
                    raise StoreError(f"{where} has the key {key!r}, which is no text.", hint="Use text as keys.")
                yield key
                yield from _leaves(item, where)
        case list() | tuple():
            for item in value:
                yield from _leaves(item, where)
        case None | bool() | int() | float() | str():
            yield value
        case _:
            raise StoreError(f"{where} holds {type(value).__name__}, which JSON has not.", hint="Store it as text.")


def _unbase64(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise StoreError("A property holds damaged base64 text.", hint="Was it written by another program?") from error
