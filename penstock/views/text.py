"""A view as plain text, for where neither markup nor a terminal is: the tables, cut to a few rows."""

from __future__ import annotations

from collections.abc import Iterator

from penstock.views.view import Bars, Cell, Table, View, cut, shown

__all__ = ["plain"]

_WIDEST = 48


def plain(view: View, *, rows: int = 20) -> str:
    """The title, the notes and the first rows of each table, in columns.

    >>> table = Table("Slices", ("slice", "n"), (("overall", 10.0), ("hour=4", 3.0)), ("n",))
    >>> print(plain(View("evaluation", "Evaluation", {}, (table,))))
    Evaluation
    <BLANKLINE>
    Slices
    slice     n
    overall  10
    hour=4    3
    """
    parts = ["\n".join([view.title, *view.notes])]
    parts += ["\n".join(_lines(table, rows)) for table in view.tables]
    return "\n\n".join(parts)


def _lines(table: Table, most: int) -> Iterator[str]:
    rows = [table.headers, *(tuple(map(_text, row)) for row in table.rows[:most])]
    widths = [max(len(row[column]) for row in rows) for column in range(len(table.headers))]
    yield table.title
    for row in rows:
        cells = (
            cell.rjust(width) if header in table.right else cell.ljust(width)
            for cell, width, header in zip(row, widths, table.headers, strict=True)
        )
        yield "  ".join(cells).rstrip()
    left_out = table.left_out + max(0, len(table.rows) - most)
    if left_out:
        yield f"and {left_out:,} more"


def _text(cell: str | float | Bars | Cell | None) -> str:
    if isinstance(cell, Bars):
        return ""
    text = str(cell) if isinstance(cell, Cell) else shown(cell)
    if isinstance(cell, Cell) and cell.note:
        text = f"{text} ({cell.note})" if text else cell.note
    letters = (letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in " ".join(text.split()))
    return cut("".join(letters), _WIDEST)
