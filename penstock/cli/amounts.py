"""Sizes and ages as people type them: 50GB, 30d."""

from __future__ import annotations

import re
from typing import Any

import click

__all__ = ["AGE", "SIZE", "Amount"]

_SIZES = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12, "ki": 2**10, "mi": 2**20, "gi": 2**30, "ti": 2**40}
_AGES = {"m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}


class Amount(int):
    """An amount in its smallest unit that remembers how it was typed."""

    typed: str

    @classmethod
    def of(cls, value: int, typed: str) -> Amount:
        """The amount with what was typed."""
        amount = cls(value)
        amount.typed = typed
        return amount


class _Amount(click.ParamType["Amount"]):
    """A number with a unit."""

    def __init__(self, name: str, units: dict[str, int], pattern: str, example: str) -> None:
        self.name = name
        self._units = units
        self._pattern = re.compile(rf"(\d+(?:\.\d+)?)\s*{pattern}", re.IGNORECASE)
        self._example = example

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Amount:
        if isinstance(value, Amount):
            return value
        typed = str(value).strip()
        found = self._pattern.fullmatch(typed)
        if found is None:
            self.fail(f"{value!r} is no {self.name}. Write it as {self._example}.", param, ctx)
        return Amount.of(round(float(found[1]) * self._units[found[2].lower()]), typed)


SIZE = _Amount("size", _SIZES, r"([kmgt]i?|)b?", "50GB, 1.5TiB or 500000")
"""Bytes."""

AGE = _Amount("age", _AGES, r"([mhdw])", "30d, 12h or 2w")
"""Seconds."""
