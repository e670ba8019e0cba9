"""What `penstock store check` found: each finding with its first examples and what to do, and a closing line."""

from __future__ import annotations

from rich.text import Text

from penstock.cli.terminal.console import console
from penstock.cli.terminal.marks import mark
from penstock.cli.terminal.text import count, safe, shorten
from penstock.metadata.checks.check import Report

__all__ = ["print_report"]

_LONGEST = 160


def print_report(report: Report, url: str) -> None:
    """Prints every finding, the broken ones first."""
    terminal = console()
    ascii_only = terminal.options.ascii_only
    for finding in sorted(report.findings, key=lambda one: (not one.is_open, one.severity)):
        look = mark("complete" if finding.repaired else "broken" if finding.severity == "broken" else "limited")
        sign = look.ascii if ascii_only else look.sign
        words = f"  {shorten(finding.text, 400)}"
        terminal.print(Text.assemble((f"{sign} ", look.style), (finding.check, "bold"), words), soft_wrap=True)
        for example in finding.examples:
            terminal.print(Text(f"      {shorten(safe(example), _LONGEST)}", style="dim"), soft_wrap=True)
        if finding.count > len(finding.examples):
            terminal.print(Text(f"      ... and {finding.count - len(finding.examples):,} more", style="dim"))
        after = f"Repaired: {finding.repaired}." if finding.repaired else finding.hint
        if after:
            terminal.print(Text(f"    {after}", style="green" if finding.repaired else ""), soft_wrap=True)
    looked = f"{count(report.invariants, 'invariant')} and {count(report.payloads, 'payload')}"
    broken = sum(one.is_open for one in report.findings)
    if broken:
        terminal.print(Text(f"{broken} of {looked} do not hold in {url}.", style="bold red"), soft_wrap=True)
    else:
        terminal.print(Text(f"{looked} looked at: {url} is well.", style="green"), soft_wrap=True)
