"""Tables of nodes, verdicts and anything else: aligned columns, no frames, one line a row."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.text import Text

from penstock.cli.terminal.marks import mark, mark_of_node
from penstock.cli.terminal.text import number, safe, shorten
from penstock.cli.terminal.tree import Line
from penstock.gates import Verdict

__all__ = ["NodeRow", "node_table", "table", "verdict_line", "verdict_table"]

_LONGEST_CELL = 200
_LONGEST_FOLDED = 2000
_NARROWEST_FOLD = 24
_INDENT = 2
_GAP = 2


@dataclass(frozen=True)
class NodeRow:
    """What a table says of one node; ``seconds`` is None for a node that did not run."""

    id: str
    state: str
    seconds: float | None
    remark: str
    blocked: bool = False


def table(
    console: Console,
    headers: Sequence[str],
    rows: Iterable[Sequence[str | Text]],
    *,
    right: Sequence[str] = (),
    fold: Sequence[str] = (),
) -> Text:
    """A table with one line a row, as wide as its content; on a narrow console its widest columns are cut.

    Columns whose header is in ``right`` are aligned to the right; headers that are all empty are left out. Those in
    ``fold`` are never cut: they give way first, and go on in further lines.
    """
    folded = [header in fold for header in headers]
    lines = [[Text(header, style="dim") for header in headers]] if any(headers) else []
    longest = [_LONGEST_FOLDED if folds else _LONGEST_CELL for folds in folded]
    lines += [
        [
            cell if isinstance(cell, Text) else Text(shorten(cell, most))
            for cell, most in zip(row, longest, strict=False)
        ]
        for row in rows
    ]
    widths = [max((line[i].cell_len for line in lines if i < len(line)), default=0) for i in range(len(headers))]
    room = console.width - _INDENT - _GAP * (len(widths) - 1)
    while sum(widths) > max(room, len(widths)):
        giving = [at for at in range(len(widths)) if folded[at] and widths[at] > _NARROWEST_FOLD]
        widest = max(giving or range(len(widths)), key=widths.__getitem__)
        widths[widest] -= 1
    if fold:
        lines = [part for line in lines for part in _folded(console, line, widths, folded)]
    for line in lines:
        for cell, width in zip(line, widths, strict=False):
            cell.truncate(width, overflow="ellipsis")
    return Text("\n").join(_line(line, widths, headers, right) for line in lines)


def _folded(console: Console, cells: Sequence[Text], widths: Sequence[int], folded: Sequence[bool]) -> list[list[Text]]:
    """A row as several, each cell that folds broken between words where it can be."""
    parts = [
        list(cell.wrap(console, max(width, 1))) or [cell] if folds else [cell]
        for cell, width, folds in zip(cells, widths, folded, strict=False)
    ]
    return [[part[at] if at < len(part) else Text() for part in parts] for at in range(max(map(len, parts)))]


def _line(cells: Sequence[Text], widths: Sequence[int], headers: Sequence[str], right: Sequence[str]) -> Text:
    text = Text(" " * _INDENT)
    for position, (cell, width) in enumerate(zip(cells, widths, strict=False)):
        fill = " " * (width - cell.cell_len)
        gap = " " * _GAP if position else ""
        text.append(gap + fill if headers[position] in right else gap)
        text.append_text(cell)
        if headers[position] not in right:
            text.append(fill)
    text.rstrip()
    return text


def node_table(console: Console, rows: Sequence[NodeRow], lines: Sequence[Line] | None = None) -> Text:
    """The nodes of a run with state, seconds and a note; drawn as a tree where ``lines`` are given."""
    by_id = {row.id: row for row in rows}
    order = [(line.prefix, by_id[line.node]) for line in lines] if lines else [("", row) for row in rows]
    cells: list[list[str | Text]] = []
    for prefix, row in order:
        look = mark_of_node(row.state, blocked=row.blocked)
        seconds = "" if row.seconds is None else f"{row.seconds:,.1f}"
        state = Text(look.text(ascii_only=console.options.ascii_only), style=look.style)
        cells.append([Text(prefix, style="dim") + Text(row.id), state, seconds, row.remark])
    return table(console, ["node", "state", "seconds", "note"], cells, right=["seconds"])


def _expected(verdict: Verdict) -> str:
    words = f"{verdict.relation} {number(verdict.bound)}".strip() if verdict.bound is not None else ""
    return f"{words} (baseline {number(verdict.baseline)})" if verdict.baseline is not None else words


def _observed(verdict: Verdict) -> str:
    words = number(verdict.observed)
    if verdict.interval is not None:
        words += f" [{number(verdict.interval[0])}, {number(verdict.interval[1])}]"
    return words.strip()


def verdict_table(console: Console, verdicts: Sequence[tuple[str, Verdict]]) -> Text:
    """Verdicts with the gate that gave each."""
    rows: list[list[str | Text]] = []
    for node, verdict in verdicts:
        look = mark(verdict.outcome)
        rows.append(
            [
                Text(look.text(ascii_only=console.options.ascii_only), style=look.style),
                node,
                shorten(verdict.check, 40),
                shorten(verdict.subject, 50),
                _observed(verdict),
                _expected(verdict),
                "" if verdict.n is None else f"{verdict.n:,}",
                verdict.message,
            ]
        )
    headers = ["outcome", "gate", "check", "on", "observed", "expected", "n", "what it says"]
    return table(console, headers, rows, right=["n"])


def verdict_line(verdict: Verdict, *, ascii_only: bool = False) -> Text:
    """A verdict as one line: outcome, check, what it was checked on, the numbers, the sentence."""
    look = mark(verdict.outcome)
    text = Text(f"{look.text(ascii_only=ascii_only)}  ", style=look.style)
    text.append(safe(f"{verdict.check} on {verdict.subject}" if verdict.subject else verdict.check), style="bold")
    observed, expected = _observed(verdict), _expected(verdict)
    facts = [observed, f"expected {expected}" if expected else "", f"n {verdict.n:,}" if verdict.n is not None else ""]
    words = ", ".join(fact for fact in facts if fact)
    if words:
        text.append(f": {words}")
    if verdict.message:
        text.append(f". {safe(verdict.message)}" if words else f": {safe(verdict.message)}")
    return text
