"""Which byte strings are text: `valid_utf8`."""

from __future__ import annotations

from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["valid_utf8"]

# Table 3-7, "Well-Formed UTF-8 Byte Sequences", of the Unicode standard; applied to binary, a character is a byte.
_WELL_FORMED: Final = (
    r"\A(?:[\x00-\x7F]|[\xC2-\xDF][\x80-\xBF]|\xE0[\xA0-\xBF][\x80-\xBF]|[\xE1-\xEC\xEE\xEF][\x80-\xBF]{2}"
    r"|\xED[\x80-\x9F][\x80-\xBF]|\xF0[\x90-\xBF][\x80-\xBF]{2}|[\xF1-\xF3][\x80-\xBF]{3}|\xF4[\x80-\x8F][\x80-\xBF]{2})*\z"
)


def valid_utf8(values: pa.Array) -> pa.Array | None:
    """For each byte string whether it is UTF-8; None if all of them are, which is soon known."""
    try:
        pc.cast(values, pa.large_string())
    except pa.ArrowInvalid:
        return pc.match_substring_regex(values, _WELL_FORMED)
    return None
