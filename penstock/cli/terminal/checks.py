"""What `penstock doctor` found: a table, under each thing that does not work what to do about it, a closing line."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from penstock.cli.diagnosis import Check
from penstock.cli.terminal.console import console
from penstock.cli.terminal.marks import mark
from penstock.cli.terminal.tables import table
from penstock.cli.terminal.text import safe, shorten

__all__ = ["print_checks"]

_LONGEST = 240


def print_checks(checks: Sequence[Check]) -> None:
    """Prints each check in its group; what is not well is told in full, with what needs it and what to do."""
    terminal = console()
    ascii_only = terminal.options.ascii_only
    rows: list[list[str | Text]] = []
    for check in checks:
        look = mark(check.state)
        found = check.found if check.state == "ok" else ""
        rows.append([check.name, Text(look.text(ascii_only=ascii_only), style=look.style), found])
    group = ""
    for check, line in zip(checks, table(terminal, ["", "", ""], rows).split("\n"), strict=True):
        if check.group != group:
            group = check.group
            terminal.print(Text(group, style="bold"))
        if check.state != "ok":
            line.append(f"  {shorten(check.found, _LONGEST)}")
        terminal.print(line, soft_wrap=True)
        if check.state != "ok":
            purpose = f"Needed for {check.purpose}. " if check.purpose else ""
            terminal.print(Text(f"      {purpose}{safe(check.hint)}".rstrip(), style="dim"), soft_wrap=True)
    _print_conclusion(checks)


def _print_conclusion(checks: Sequence[Check]) -> None:
    terminal = console()
    names: dict[str, list[str]] = {"broken": [], "limited": [], "absent": [], "ok": []}
    for check in checks:
        names[check.state].append(check.name)
    if broken := names["broken"]:
        words = f"\nA run needs these, and they do not work: {', '.join(broken)}."
        terminal.print(Text(words, style="bold red"), soft_wrap=True)
    else:
        terminal.print(Text("\nEverything that a run needs works.", style="green"))
    for state in ("limited", "absent"):
        if names[state]:
            terminal.print(f"{state.capitalize()}: {', '.join(names[state])}.", soft_wrap=True)
