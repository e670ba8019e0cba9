"""A plan, and why a node ran, on paper."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.text import Text

from penstock.cli.terminal.console import console
from penstock.cli.terminal.marks import mark
from penstock.cli.terminal.tables import table
from penstock.cli.terminal.text import count, duration, safe, short_path, shorten, size
from penstock.cli.terminal.tree import layout

if TYPE_CHECKING:
    from penstock.orchestration.explanation import Explanation
    from penstock.orchestration.planning import Action, Planned, PlannedNode

__all__ = ["print_explanation", "print_plan"]

_ACTIONS: dict[Action, str] = {"run": "to run", "depends": "may run", "reuse": "reused", "skip": "held back"}
_CHANGES = 12
_DIGEST = 64


def print_plan(planned: Planned) -> None:
    """The nodes as a tree with what would be done and why, the totals, and what would be pushed."""
    terminal = console()
    terminal.print(Text.assemble((f"{planned.pipeline} ", "bold"), _totals(planned)), soft_wrap=True)
    by_id = {node.id: node for node in planned.nodes}
    lines = layout(dict(planned.graph), ascii_only=terminal.options.ascii_only)
    rows: list[list[str | Text]] = []
    for line in lines:
        node = by_id[line.node]
        look = mark(node.action)
        action = Text(look.text(ascii_only=terminal.options.ascii_only), style=look.style)
        rows.append([Text(line.prefix, style="dim") + Text(node.id), action, _seconds(node), _bytes(node), _why(node)])
    headers = ["node", "", "seconds", "bytes", "why"]
    terminal.print(table(terminal, headers, rows, right=["seconds", "bytes"]), soft_wrap=True)
    _print_pushes(terminal, planned)


def _totals(planned: Planned) -> str:
    if not planned.changes_something:
        skipped = planned.count("skip")
        held = f", {count(skipped, 'node')} held back by a gate" if skipped else ""
        return f"nothing would run: {count(planned.count('reuse'), 'node')} reused{held}"
    words = [f"{planned.count(action)} {text}" for action, text in _ACTIONS.items() if planned.count(action)]
    least, most = planned.seconds("run"), planned.seconds("run", "depends")
    if most:
        took = duration(most) if round(least, 1) == round(most, 1) else f"{duration(least)} to {duration(most)}"
        low, high = size(planned.bytes("run")), size(planned.bytes("run", "depends"))
        words.append(f"about {took} of work and {high if low == high else f'{low} to {high}'}")
    if planned.unknown:
        words.append(f"no time known for {', '.join(planned.unknown[:3])}{' ...' if len(planned.unknown) > 3 else ''}")
    return ", ".join(words)


def _why(node: PlannedNode) -> str:
    """The reason, and what was resolved that it does not say."""
    told = (f"{name} {value}" for name, value in node.resolved.items() if value)
    return ", ".join([*(text for text in told if text not in node.reason), node.reason])


def _seconds(node: PlannedNode) -> str:
    return f"{node.seconds:,.1f}" if node.seconds is not None and node.action in ("run", "depends") else ""


def _bytes(node: PlannedNode) -> str:
    return size(node.bytes) if node.bytes and node.action in ("run", "depends") else ""


def _print_pushes(terminal: Console, planned: Planned) -> None:
    for node in planned.nodes:
        if node.push is None:
            continue
        how = "holds what was pushed" if node.push.is_current else "may be written"
        place = short_path(node.push.destination)
        terminal.print(Text.assemble(("\npush  ", "bold"), f"{node.id}: {place} {how}"), soft_wrap=True)


def print_explanation(explanation: Explanation) -> None:
    """Why a node ran: the reason, each difference on a line of its own, and what it read."""
    terminal = console()
    look = mark(explanation.state)
    terminal.print(
        Text.assemble(
            (explanation.node, "bold"), " was ", (look.word, look.style), f" in run {explanation.run}: ",
            safe(explanation.reason or "no reason was recorded"),
        ),
        soft_wrap=True,
    )  # fmt: skip
    if explanation.source is not None:
        terminal.print(f"  the work was done in run {explanation.source}", soft_wrap=True)
    if explanation.since is None:
        terminal.print("  there is no execution before to compare with", soft_wrap=True)
    elif not explanation.changes:
        terminal.print(f"  nothing that its result depends on differs from run {explanation.since}", soft_wrap=True)
    else:
        terminal.print(Text(f"\nchanged since run {explanation.since}", style="bold"), soft_wrap=True)
        rows: list[list[str | Text]] = [
            [change.kind, shorten(change.text, 100), _value(change.before), _value(change.after)]
            for change in explanation.changes[:_CHANGES]
        ]
        terminal.print(table(terminal, ["", "what", "was", "is"], rows), soft_wrap=True)
        if len(explanation.changes) > _CHANGES:
            terminal.print(f"  ... and {len(explanation.changes) - _CHANGES} more: --json has all of them")
    if explanation.reads:
        terminal.print(Text("\nread", style="bold"))
        inputs: list[list[str | Text]] = [
            [read.name, read.artifact or "nothing", "the same" if read.artifact == read.before else read.before or ""]
            for read in explanation.reads
        ]
        terminal.print(table(terminal, ["input", "artifact", "before"], inputs), soft_wrap=True)


def _value(value: Any) -> str:
    """A value in a cell; of a digest its beginning."""
    if value is None:
        return "-"
    text = str(value)
    is_digest = len(text) in (16, _DIGEST) and all(char in "0123456789abcdef" for char in text)
    return text[:8] if is_digest else shorten(text, 40)
