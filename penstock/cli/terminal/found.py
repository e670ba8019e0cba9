"""What the slice finder found, as a table."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from penstock.cli.terminal.console import console
from penstock.cli.terminal.tables import table
from penstock.cli.terminal.text import count, number, safe

if TYPE_CHECKING:
    from penstock.evaluation.finder.report import Report, Side

__all__ = ["print_found"]


def print_found(report: Report) -> None:
    """Prints the slices, what was tested, and what to do next."""
    terminal = console()
    searched = f"{count(report.tested, 'slice')} of up to {report.options.order} of {len(report.features)} columns"
    head = f"{report.metric} of the {report.model} on {count(report.rows, 'row')} of {report.split}"
    if report.against:
        head = head.replace(" on ", f" less that of the {report.against} on ", 1)
    if report.missing:
        head += f"; {count(report.missing, 'row')} without label, weight or finite prediction left out"
    terminal.print(head, markup=False, highlight=False)
    if report.found:
        rows = [
            (
                one.name,
                f"{one.rows:,}",
                _side(inside),
                _side(outside),
                f"{one.effect:.2f}",
                number(one.p, 2) if one.p else "<1e-300",
            )
            for one, inside, outside in report.found
        ]
        headers = ("slice", "rows", "inside", "outside", "effect", "adjusted p")
        terminal.print(table(terminal, headers, rows, right=("rows", "effect", "adjusted p"), fold=("slice",)))
    said = f"Tested {searched}; {report.significant:,} significant at a rate of false discoveries of "
    said += f"{report.options.rate:g}, "
    said += f"{len(report.found):,} told." if report.found else "none with an effect to tell."
    terminal.print(said, markup=False, highlight=False)
    for name, why in report.left_out.items():
        terminal.print(safe(f"Not searched by {name}: {why}."), style="dim", markup=False, highlight=False)
    if report.found:
        first = shlex.quote(safe(report.found[0][0].name))
        terminal.print(f"Next: penstock slices add {first}", markup=False, highlight=False)


def _side(side: Side) -> str:
    return f"{number(side.value)} ({number(side.interval[0])} to {number(side.interval[1])})"
