"""What statistics are asked for beyond those of every column: `SummaryOptions`."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Slice", "SummaryOptions"]


@dataclass(frozen=True)
class Slice:
    """Examples with the same values of some columns.

    Attributes:
        columns: The columns by name, in ascending order, each with the one value wanted, as text, or None for every
            value that occurs.
    """

    columns: tuple[tuple[str, str | None], ...]


@dataclass(frozen=True)
class SummaryOptions:
    """What is computed beside the statistics of every column.

    Attributes:
        weight_column: Holds the weight of each example.
        slices: What is summed up apart as well.
        crosses: Whether pairs of numeric columns are.
        domains: Whether columns are searched for natural language, times and images.
    """

    weight_column: str | None = None
    slices: tuple[Slice, ...] = ()
    crosses: bool = False
    domains: bool = False
