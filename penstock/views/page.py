"""A view as HTML: a fragment for a page of ours, and a whole page that carries everything it needs."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Collection
from dataclasses import dataclass
from html import escape
from typing import Any

from penstock.views.view import Bars, Cell, Row, Table, View, cut, shown

__all__ = ["Fragment", "body", "fragment", "page", "to_script"]

_MOST_ROWS = 500


@dataclass(frozen=True)
class Fragment:
    """A view as part of a page.

    Attributes:
        html: The view's element with its tables, its model, its style and its script.
        styles: What ``style-src`` of the page's Content-Security-Policy must allow.
        scripts: What ``script-src`` must allow.
    """

    html: str
    styles: str
    scripts: str

    def __html__(self) -> str:
        """Itself: what templates ask of a value that is markup already."""
        return self.html


def fragment(view: View) -> Fragment:
    """The view as part of a page; without scripts its tables are what is seen."""
    style, script = view.style(), f"{view.script()}\nmount(render, {to_script(view.name)});\n"
    name = _escaped(view.name)
    html = (
        f"<style>{style}</style>\n"
        f'<div class="penstock-view view-{name}">\n{body(view)}\n</div>\n'
        f'<script type="application/json" class="penstock-model" data-view="{name}">{_model(view)}</script>\n'
        f'<script type="module">{script}</script>\n'
    )
    return Fragment(html, _hash(style), _hash(script))


def page(view: View) -> str:
    """The view as one document that asks for nothing from anywhere; in a frame it tells how high it is."""
    part = fragment(view)
    policy = f"default-src 'none'; style-src {part.styles}; script-src {part.scripts}; base-uri 'none'"
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        f"<title>{_escaped(view.title)}</title>\n</head>\n"
        f'<body class="penstock-page">\n<main>\n<h1>{_isolated(view.title)}</h1>\n'
        f"{part.html}</main>\n</body>\n</html>\n"
    )


def to_script(value: Any) -> str:
    """A JSON value as text that may stand inside of a ``<script>``."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def _model(view: View) -> str:
    return to_script(view.model() if view.module else {})  # else the tables are all that the script needs


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def body(view: View) -> str:
    """The notes and tables of a view, without style or script."""
    notes = [f'<p class="note">{_isolated(note)}</p>' for note in view.notes]
    return "\n".join([*notes, *map(_table, view.tables)])


def _table(table: Table) -> str:
    right = {position for position, header in enumerate(table.headers) if header in table.right}
    head = "".join(
        f'<th scope="col"{_right(position in right)}>{_escaped(header)}</th>'
        for position, header in enumerate(table.headers)
    )
    body = "\n".join(_row(row, right) for row in table.rows[:_MOST_ROWS])
    left_out = table.left_out + max(0, len(table.rows) - _MOST_ROWS)
    more = f'<p class="note">and {left_out:,} more</p>' if left_out else ""
    return (
        f'<section data-table="{_escaped(table.title)}"><h2>{_escaped(table.title)}</h2>\n'
        f'<div class="scroll" tabindex="0" role="region" aria-label="{_escaped(table.title)}"><table>\n'
        f"<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody></table></div>{more}</section>"
    )


def _row(row: Row, right: Collection[int]) -> str:
    cells = []
    for position, cell in enumerate(row):
        tag, scope = ("th", ' scope="row"') if position == 0 else ("td", "")
        sort = cell.value if isinstance(cell, Cell) else cell
        key = f' data-sort="{sort!r}"' if isinstance(sort, int | float) and not isinstance(sort, bool) else ""
        cells.append(f"<{tag}{scope}{_right(position in right)}{key}>{_cell(cell)}</{tag}>")
    return f"<tr>{''.join(cells)}</tr>"


def _right(right: bool) -> str:  # noqa: FBT001 - one of a cell's two ways
    return ' class="right"' if right else ""


def _cell(cell: str | float | Bars | Cell | None) -> str:
    if isinstance(cell, Bars):
        return _bars(cell)
    if not isinstance(cell, Cell):
        return _isolated(shown(cell))
    text = _isolated(str(cell))
    if cell.link:
        text = f'<a href="{_escaped(cell.link)}">{text}</a>'
    if cell.tone:
        text = f'<span class="tone-{cell.tone}">{text}</span>'
    return text + (f'<div class="quiet">{_isolated(cut(cell.note, 2000))}</div>' if cell.note else "")


def _escaped(text: str) -> str:
    """Text for between tags or in an attribute, without control characters."""
    return escape("".join(letter for letter in text if letter in "\n\t" or ord(letter) >= 32))


def _isolated(text: str) -> str:
    """Text whose letters may run the other way, which must not turn what stands around it."""
    return _escaped(text) if text.isascii() else f"<bdi>{_escaped(text)}</bdi>"


def _bars(bars: Bars) -> str:
    """A histogram as SVG; attributes only, since a page's policy forbids inline styles."""
    if not bars.heights:
        return ""
    most, width, height = max(bars.heights) or 1.0, 8, 24
    drawn = "".join(
        f'<rect x="{at * width}" y="{height - tall:.1f}" width="{width - 1}" height="{tall:.1f}"/>'
        for at, tall in enumerate(max(height * one / most, 1.0 if one else 0.0) for one in bars.heights)
    )
    total = len(bars.heights) * width
    return (
        f'<svg class="spark" role="img" aria-label="{_escaped(bars.label)}" viewBox="0 0 {total} {height}" '
        f'width="{total}" height="{height}">{drawn}</svg>'
    )
