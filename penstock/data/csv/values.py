"""What the text of a CSV field means: the types a column may have and which texts are numbers.

- Missing: an empty field, quoted or not. A field of blanks only is text.
- Integer: digits with an optional sign; leading zeros are allowed and lost (``007`` is 7: declare ``string`` to keep
  them). Outside 64 bits it is a number but no integer, so its column becomes float64 and exact digits are lost.
- Number: an integer, a decimal with optional exponent (``1.5``, ``.5``, ``1e-3``), or ``nan``, ``inf``, ``infinity``
  in any case and with an optional sign. Blanks and tabs around a number are ignored.
- Anything else is text: hexadecimal (``0x1F``), thousands separators, ``true``, currency signs.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from penstock.data.arrays import from_bools, to_numpy

__all__ = ["Example", "Kind", "Seen", "convert", "examine", "has_hexadecimal", "widest"]

Mask = npt.NDArray[np.bool_]

_PORTION = 1 << 18
"""How many bytes of text are looked at in one go: what fits in a processor's cache."""
_BLANKS = " \t"
_INTEGER = r"^[+-]?[0-9]+$"
_NUMBER = r"(?i)^[+-]?(?:inf(?:inity)?|nan(?:\([0-9a-z_]*\))?|(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[+-]?[0-9]+)?)$"


class Kind(IntEnum):
    """The types of a column, each holding every value of those before it."""

    NULL = 0
    INT64 = 1
    FLOAT64 = 2
    STRING = 3

    @property
    def arrow(self) -> pa.DataType:
        """The Arrow type."""
        return (pa.null(), pa.int64(), pa.float64(), pa.string())[self]


@dataclass(frozen=True)
class Example:
    """A value and the row it stands in, counted from 0 in what was examined."""

    row: int
    text: str


@dataclass(frozen=True)
class Seen:
    """What the values of a column are.

    Attributes:
        kind: The narrowest type that holds them all.
        present: How many values are not missing.
        numbers: How many of these are numbers, integers included.
        number_kind: The narrowest type that holds these; null if there are none.
        text: The first value that is no number.
        fraction: The first value that is no integer of 64 bits, numbers and text alike.
        overflow: The first integer outside 64 bits.
    """

    kind: Kind
    present: int
    numbers: int
    number_kind: Kind = Kind.NULL
    text: Example | None = None
    fraction: Example | None = None
    overflow: Example | None = None


def widest(kinds: Iterable[Kind]) -> Kind:
    """The narrowest type that holds the values of all."""
    return max(kinds, default=Kind.NULL)


def examine(column: pa.StringArray) -> Seen:
    """Looks at each distinct value of a column once."""
    present = len(column) - column.null_count
    if not present:
        return Seen(Kind.NULL, 0, 0)
    encoded = column.dictionary_encode()
    values = pc.utf8_trim(encoded.dictionary, characters=_BLANKS)
    # A number begins with one of few characters: most text is told by that, without a regular expression.
    likely = to_numpy(pc.match_substring_regex(values, r"^[0-9+\-.inIN]"))
    number, integer, overflow = (np.zeros(len(values), bool) for _ in range(3))
    if likely.any():
        candidates = values.filter(from_bools(likely))
        number[likely] = to_numpy(pc.match_substring_regex(candidates, _NUMBER))
        whole = to_numpy(pc.match_substring_regex(candidates, _INTEGER))
        too_large = _outside_int64(candidates, whole)
        overflow[likely] = too_large
        integer[likely] = whole & ~too_large
    indices = to_numpy(encoded.indices)
    if column.null_count:
        indices = np.where(to_numpy(column.is_valid()), indices, len(values))
    kind = Kind.INT64 if integer.all() else Kind.FLOAT64 if number.all() else Kind.STRING
    number_kind = Kind.NULL if not number.any() else Kind.INT64 if integer[number].all() else Kind.FLOAT64
    return Seen(
        kind,
        present,
        int(np.bincount(indices, minlength=len(values))[: len(values)][number].sum()) if number.any() else 0,
        number_kind,
        text=_first(encoded.dictionary, indices, ~number),
        fraction=_first(encoded.dictionary, indices, ~integer),
        overflow=_first(encoded.dictionary, indices, overflow),
    )


def has_hexadecimal(text: bytes) -> bool:
    """Whether a ``0x`` or ``0X`` stands anywhere in a text; many times faster than ``in``."""
    letters = np.frombuffer(text, np.uint8)
    for start in range(0, len(letters), _PORTION):
        portion = letters[start : start + _PORTION + 1]
        if ((portion[:-1] == ord("0")) & (portion[1:] | 0x20 == ord("x"))).any():
            return True
    return False


def convert(column: pa.StringArray, kind: Kind) -> pa.Array:
    """The values of a column as a type that holds them all."""
    if kind is Kind.STRING:
        return column
    if kind is Kind.NULL:
        return pa.nulls(len(column))
    trimmed = pc.utf8_trim(column, characters=_BLANKS)
    if kind is Kind.INT64:
        trimmed = pc.utf8_ltrim(trimmed, characters="+")
    return pc.cast(trimmed, kind.arrow)


def _outside_int64(values: pa.StringArray, whole: Mask) -> Mask:
    """Which of the integers, as ``whole`` tells them, are outside 64 bits."""
    digits = pc.utf8_ltrim(pc.utf8_ltrim(values, characters="+-"), characters="0")
    length = to_numpy(pc.utf8_length(digits))
    outside: Mask = whole & (length > 19)
    near = whole & (length == 19)  # of 19 digits, unsigned 64 bits hold all
    if near.any():
        magnitude = to_numpy(pc.cast(digits.filter(from_bools(near)), pa.uint64()))
        negative = to_numpy(pc.starts_with(values.filter(from_bools(near)), "-"))
        outside[near] = magnitude > np.uint64(2**63 - 1) + negative.astype(np.uint64)
    return outside


def _first(values: pa.StringArray, indices: npt.NDArray[np.integer], wanted: Mask) -> Example | None:
    if not wanted.any():
        return None
    # Distinct values stand in the order in which they come, and a missing one has an index behind the last.
    row = int((indices == wanted.argmax()).argmax())
    return Example(row, values[int(indices[row])].as_py())
