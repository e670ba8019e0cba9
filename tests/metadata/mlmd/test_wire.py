from __future__ import annotations

import contextlib
import math

import pytest
from google.protobuf import any_pb2, json_format, struct_pb2
from hypothesis import given
from hypothesis import strategies as st

from penstock.errors import StoreError
from penstock.metadata.mlmd import wire

JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(st.dictionaries(st.text(), JSON, max_size=5))
def test_structures_are_read_as_protobuf_reads_them(value: dict[str, object]) -> None:
    """What we write protobuf parses to the same value, and what it writes we do."""
    message = struct_pb2.Struct()
    message.ParseFromString(wire.encode_struct(value))
    assert json_format.MessageToDict(message) == value
    assert wire.decode_struct(message.SerializeToString()) == value


@given(st.text(), st.binary())
def test_messages_of_any_type_are_read_as_protobuf_reads_them(url: str, payload: bytes) -> None:
    """An Any made by us is the Any that protobuf makes, byte for byte."""
    message = any_pb2.Any(type_url=url, value=payload)
    assert wire.encode_any(url, payload) == message.SerializeToString()
    assert wire.decode_any(message.SerializeToString()) == (url, payload)


def test_whole_numbers_become_doubles() -> None:
    """A structure's integers come back as equal floats, as JSON's do."""
    found = wire.decode_struct(wire.encode_struct({"n": 7, "deep": [{"m": -1}]}))
    assert found == {"n": 7.0, "deep": [{"m": -1.0}]}
    assert isinstance(found["n"], float)


@given(st.binary(max_size=60))
def test_damaged_messages_are_refused_or_read_but_never_crash(data: bytes) -> None:
    """Any bytes give a mapping or a StoreError; text that is no UTF-8 is the one other complaint."""
    with contextlib.suppress(StoreError, UnicodeDecodeError):
        assert isinstance(wire.decode_struct(data), dict)


def test_what_json_has_not_is_refused() -> None:
    """A set has no place in a structure."""
    with pytest.raises(StoreError, match="set has no place"):
        wire.encode_struct({"a": {1, 2}})
    assert math.isnan(wire.decode_struct(wire.encode_struct({"a": math.nan}))["a"])
