"""How a TFRecord file frames its records, without TensorFlow.

A record is its length (8 bytes), the masked CRC-32C of these, the data, and the masked CRC-32C of that: see
``tensorflow/core/lib/io/record_writer.h``.
"""

from __future__ import annotations

import struct

import google_crc32c

__all__ = ["CRC", "LENGTH", "framed", "masked"]

LENGTH = struct.Struct("<Q")
CRC = struct.Struct("<I")


def framed(data: bytes) -> bytes:
    """A record as it stands in the file."""
    length = LENGTH.pack(len(data))
    return length + CRC.pack(masked(length)) + data + CRC.pack(masked(data))


def masked(data: bytes) -> int:
    """The masked CRC-32C of some bytes."""
    crc: int = google_crc32c.value(data)
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF
