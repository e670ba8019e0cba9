"""Slices that the slice finder found: how much worse the model is there, how sure that is, and the gate for each."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Final

from penstock.views.view import Cell, Row, Table, View, shown

if TYPE_CHECKING:
    from penstock.evaluation.finder.report import Report, Side

__all__ = ["slices_found"]

_STATIC: Final = Path(__file__).parent / "static"
_LEAST_P: Final = 1e-300


def slices_found(report: Report) -> View:
    """The view of what a search came to; its slices are as many as the search was told to give."""
    rows: list[Row] = [
        (
            one.name,
            one.rows,
            _side(inside),
            _side(outside),
            Cell(one.effect, text=f"{one.effect:.2f}"),
            Cell(one.p, text=f"{one.p:.2g}" if one.p >= _LEAST_P else "<1e-300"),
            Cell("", f"penstock slices add {shlex.quote(one.name)} --metric {report.metric}"),
        )
        for one, inside, outside in report.found
    ]
    numbers = ("rows", "inside", "outside", "effect", "adjusted p")
    table = Table("Slices found", ("slice", *numbers, "as a gate"), tuple(rows), numbers)
    notes = [
        f"{report.metric} of the {report.model}"
        + (f" less that of the {report.against}" if report.against else "")
        + f" on {report.rows:,} rows of {report.split}"
        + (f"; {report.missing:,} without label, weight or finite prediction left out." if report.missing else "."),
        f"Tested {report.tested:,} slices of up to {report.options.order} of {len(report.features)} columns; "
        f"{report.significant:,} significant at a rate of false discoveries of {report.options.rate:g}, "
        + (f"{len(rows):,} told." if rows else "none with an effect to tell."),
    ]
    if report.left_out:
        notes.append("Not searched: " + "; ".join(f"{name}, {why}" for name, why in report.left_out.items()) + ".")
    tables = (table,) if rows else ()
    parts = (_STATIC / "bars.js",)
    return View("found", "Slices found", report.to_json(), tables, tuple(notes), _STATIC / "found.js", parts)


def _side(side: Side) -> Cell:
    return Cell(side.value, f"{shown(side.interval[0])} to {shown(side.interval[1])}")
