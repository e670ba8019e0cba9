"""A view for a person at a terminal: its tables, histograms as rows of blocks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from penstock.cli.terminal.tables import table
from penstock.cli.terminal.text import safe, shorten

if TYPE_CHECKING:
    from penstock.views import Bars, Cell, Row, Table, View

__all__ = ["blocks", "print_view"]

_ROWS = 60
_NARROWEST = 9
_LONG_NOTE = 40
_STYLES = {"good": "green", "held": "yellow", "bad": "red"}
_BLOCKS, _ASCII = " ▁▂▃▄▅▆▇█", " .:-=+*#%"


def blocks(heights: Sequence[float], *, ascii_only: bool = False) -> str:
    """Heights as characters, the tallest as a whole block; what is not nothing is seen.

    >>> blocks([0, 1, 4, 8])
    ' ▁▄█'
    """
    most, levels = max(heights, default=0) or 1, _ASCII if ascii_only else _BLOCKS
    return "".join(levels[0 if one <= 0 else max(1, round(8 * one / most))] for one in heights)


def print_view(terminal: Console, view: View) -> None:
    """Prints the tables of a view; long ones are cut, and say so."""
    for note in view.notes:
        terminal.print(Text(safe(note)), soft_wrap=True)
    for one in view.tables:
        _print_table(terminal, one)


def _print_table(terminal: Console, shown: Table) -> None:
    """Prints a table: columns that are empty are left out, long words of a row come below it."""
    ascii_only = terminal.options.ascii_only
    cells = [[_cell(cell, ascii_only=ascii_only) for cell in row] for row in shown.rows[:_ROWS]]
    used = [place for place in range(len(shown.headers)) if any(row[place].plain for row in cells)]
    most = max(3, terminal.width // _NARROWEST)
    title = Text(f"\n{shown.title}", style="bold")
    if len(used) > most:
        title.append(f"  the first {most} of {len(used)} columns", style="dim")
    terminal.print(title, soft_wrap=True)
    headers = [safe(shown.headers[place]) for place in used[:most]]
    rows = [[row[place] for place in used[:most]] for row in cells]
    terminal.print(table(terminal, headers, rows, right=[safe(one) for one in shown.right]), soft_wrap=True)
    more = shown.left_out + max(0, len(shown.rows) - _ROWS)
    if more:
        terminal.print(f"  ... and {more:,} more (--html FILE shows more)", soft_wrap=True)
    for row in shown.rows[:_ROWS]:
        for note in _long_notes(row):
            terminal.print(
                Text.assemble((f"\n  {shorten(_words(row[0]), 80)}: ", "bold"), shorten(note, 600)), soft_wrap=True
            )


def _cell(cell: str | float | Bars | Cell | None, *, ascii_only: bool) -> Text:
    from penstock.views import Bars, Cell

    if isinstance(cell, Bars):
        return Text(blocks(cell.heights, ascii_only=ascii_only))
    text = Text(shorten(_words(cell), 80))
    if isinstance(cell, Cell):
        text.stylize(_STYLES.get(cell.tone, ""))
        if cell.note and len(cell.note) <= _LONG_NOTE:
            text.append(f"{' ' if text else ''}{shorten(cell.note, _LONG_NOTE)}", style="dim")
    return text


def _words(cell: str | float | Bars | Cell | None) -> str:
    from penstock.views import Cell
    from penstock.views.view import shown

    return str(cell) if isinstance(cell, Cell) else shown(cell)


def _long_notes(row: Row) -> list[str]:
    return [note for cell in row if (note := getattr(cell, "note", "")) and len(note) > _LONG_NOTE]
