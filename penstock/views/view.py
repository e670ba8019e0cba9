"""The parts of a view: its JSON model, its tables, and the script that draws it where there is one."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

__all__ = ["Bars", "Cell", "Row", "Table", "Tone", "View", "cut", "jsonable", "share", "shown", "url_of"]

Tone = Literal["", "good", "held", "bad"]

_STATIC = Path(__file__).parent / "static"
_LONGEST = 500


@dataclass(frozen=True)
class Bars:
    """A small histogram: the heights of its bars, from left to right, and what it shows in words."""

    heights: tuple[float, ...]
    label: str = ""


@dataclass(frozen=True)
class Cell:
    """A cell of a table that is more than a value.

    Attributes:
        value: What it says, and what its column is sorted by.
        note: What else is to be said, quieter.
        link: Where it leads; an address of the embedding page's own making.
        tone: Whether it is good or bad news; the value says so in words too.
        text: The value in words, where it is not to be shown as it is.
    """

    value: str | float | None
    note: str = ""
    link: str = ""
    tone: Tone = ""
    text: str = ""

    def __str__(self) -> str:
        return self.text or shown(self.value)


Row = Sequence["str | float | Bars | Cell | None"]


@dataclass(frozen=True)
class Table:
    """A table: its title, the headers of its columns, and rows of values.

    Attributes:
        right: Headers of the columns of numbers.
        left_out: How many more rows there are than are shown.
    """

    title: str
    headers: tuple[str, ...]
    rows: tuple[Row, ...]
    right: tuple[str, ...] = ()
    left_out: int = 0


@dataclass(frozen=True)
class View:
    """What one artifact, or two side by side, look like.

    Attributes:
        name: What kind of view it is: ``statistics``, ``schema``; or an artifact type's name.
        title: What it shows, in a few words.
        data: The JSON model: mappings, sequences, texts and numbers, bounded in size.
        tables: The same for readers without a script: the terminal, an exported page.
        notes: Sentences that stand above them.
        module: The file of an ES module that exports ``render({model, el})``; without one the tables are made
            sortable and filterable.
        parts: Files that the module is written in besides, whose text stands before its own.
    """

    name: str
    title: str
    data: Mapping[str, Any]
    tables: tuple[Table, ...] = ()
    notes: tuple[str, ...] = ()
    module: Path | None = field(default=None, compare=False)
    parts: tuple[Path, ...] = field(default=(), compare=False)

    def model(self) -> Any:
        """The view as a JSON value; NaN and infinities are texts."""
        return jsonable(self.data)

    def script(self) -> str:
        """One self-contained ES module that draws this view."""
        own = self.module or _STATIC / "tables.js"
        return "\n".join(file.read_text(encoding="utf-8") for file in (_STATIC / "kit.js", *self.parts, own))

    def style(self) -> str:
        """The style that every view has."""
        return (_STATIC / "view.css").read_text(encoding="utf-8")

    def html(self) -> str:
        """One self-contained page: no network, no inline code but its own, and tables where scripts do not run."""
        from penstock.views.page import page

        return page(self)


def jsonable(value: Any) -> Any:
    """A value of mappings, sequences, texts and numbers as a JSON value."""
    if isinstance(value, Mapping):
        return {str(name): jsonable(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [jsonable(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, str):
        return value.encode(errors="replace").decode()  # half a surrogate pair is no UTF-8
    return value if value is None or isinstance(value, bool | int | float) else cut(str(value))


def shown(value: Any) -> str:
    """A value for a person: numbers with four significant digits, counts whole.

    >>> shown(0.912345), shown(12345.6), shown(150020000), shown(2.0), shown(1408650370.0), shown(None)
    ('0.9123', '12,346', '150,020,000', '2', '1.409e9', '')
    """
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return cut(str(value))
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else ("∞" if value > 0 else "-∞")
    if abs(value) < 1e7 and (abs(value) >= 10_000 or value == int(value)):
        return f"{value:,.0f}"
    if isinstance(value, int):
        return f"{value:,}"
    return re.sub(r"e([+-])0*", lambda found: f"e{found[1].strip('+')}", f"{value:.4g}")


def share(value: float) -> Cell:
    """A share as a percentage.

    >>> str(share(0.0004)), str(share(0.123)), str(share(1))
    ('<0.1 %', '12.3 %', '100 %')
    """
    if value in (0, 1):
        return Cell(value, text=f"{100 * value:.0f} %")
    return Cell(value, text="<0.1 %" if value < 0.001 else f"{100 * value:.1f} %")


def cut(text: str, longest: int = _LONGEST) -> str:
    """The text, or as much of it as is shown.

    >>> cut("abcdef", 3)
    'abc…'
    """
    return text if len(text) <= longest else f"{text[:longest]}…"


def url_of(links: Mapping[str, str], kind: str, column: str = "") -> str:
    """The address of a related artifact's page, at a column of it; empty where there is none."""
    from urllib.parse import quote

    address = links.get(kind, "")
    return f"{address}#column={quote(column, safe='')}" if address and column else address
