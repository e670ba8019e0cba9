"""The two protobuf messages that MLMD keeps in property values, ``Struct`` and ``Any``, on the wire.

Written by hand, so that reading a store needs no protobuf. The format is the one of
https://protobuf.dev/programming-guides/encoding/ with the messages of ``google/protobuf/struct.proto`` and
``google/protobuf/any.proto``.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from typing import Any

from penstock.errors import StoreError

__all__ = ["decode_any", "decode_struct", "encode_any", "encode_struct"]

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5


def encode_struct(value: Mapping[str, Any]) -> bytes:
    """A mapping as a serialized ``Struct``; its numbers become doubles, as in JSON.

    Keys are sorted, so that equal mappings give equal bytes.
    """
    entries = (_field(1, key.encode()) + _field(2, _encode_value(value[key])) for key in sorted(value))
    return b"".join(_field(1, entry) for entry in entries)


def decode_struct(data: bytes) -> dict[str, Any]:
    """The mapping in a serialized ``Struct``; whole numbers come back as floats."""
    result: dict[str, Any] = {}
    for number, entry in _fields(data):
        if number == 1:
            parts = dict(_fields(_expect_bytes(entry)))
            result[_expect_bytes(parts.get(1, b"")).decode()] = _decode_value(_expect_bytes(parts.get(2, b"")))
    return result


def encode_any(type_url: str, value: bytes) -> bytes:
    """A serialized ``Any``; empty members are left out, as protobuf does."""
    return (_field(1, type_url.encode()) if type_url else b"") + (_field(2, value) if value else b"")


def decode_any(data: bytes) -> tuple[str, bytes]:
    """The type's URL and the bytes in a serialized ``Any``."""
    parts = dict(_fields(data))
    return _expect_bytes(parts.get(1, b"")).decode(), _expect_bytes(parts.get(2, b""))


def _encode_value(value: Any) -> bytes:
    match value:
        case None:
            return b"\x08\x00"
        case bool():
            return b"\x20" + bytes([value])
        case int() | float():
            return b"\x11" + struct.pack("<d", value)
        case str():
            return _field(3, value.encode())
        case Mapping():
            return _field(5, encode_struct(value))
        case list() | tuple():
            return _field(6, b"".join(_field(1, _encode_value(item)) for item in value))
    raise StoreError(f"{type(value).__name__} has no place in a structured property.", hint="Use what JSON has.")


def _decode_value(data: bytes) -> Any:
    result: Any = None
    for number, raw in _fields(data):
        match number:
            case 1:
                result = None
            case 2:
                result = struct.unpack("<d", _expect_bytes(raw))[0]
            case 3:
                result = _expect_bytes(raw).decode()
            case 4:
                result = bool(raw)
            case 5:
                result = decode_struct(_expect_bytes(raw))
            case 6:
                result = [
                    _decode_value(_expect_bytes(item)) for field, item in _fields(_expect_bytes(raw)) if field == 1
                ]
    return result


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def _field(number: int, payload: bytes) -> bytes:
    return _varint(number << 3 | _BYTES) + _varint(len(payload)) + payload


def _read_varint(data: bytes, at: int) -> tuple[int, int]:
    result = shift = 0
    while True:
        if at >= len(data) or shift > 63:
            raise StoreError("A property holds a damaged protobuf message.", hint="Was it written by another program?")
        byte = data[at]
        at += 1
        result |= (byte & 0x7F) << shift
        if byte < 0x80:
            return result, at
        shift += 7


def _fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    at = 0
    while at < len(data):
        tag, at = _read_varint(data, at)
        number, kind = tag >> 3, tag & 7
        if kind == _VARINT:
            value, at = _read_varint(data, at)
            yield number, value
            continue
        if kind == _BYTES:
            size, at = _read_varint(data, at)
        else:
            size = {_FIXED64: 8, _FIXED32: 4}.get(kind, len(data) + 1)
        if at + size > len(data):
            raise StoreError("A property holds a damaged protobuf message.", hint="Was it written by another program?")
        yield number, data[at : at + size]
        at += size


def _expect_bytes(raw: int | bytes) -> bytes:
    if isinstance(raw, int):
        raise StoreError("A property holds a damaged protobuf message.", hint="Was it written by another program?")
    return raw
