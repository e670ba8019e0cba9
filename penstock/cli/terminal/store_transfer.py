"""What `penstock store import` took in and what `penstock store export` wrote."""

from __future__ import annotations

from pathlib import Path

from rich.text import Text

from penstock.cli.terminal.console import console
from penstock.cli.terminal.text import count, short_path, shorten, size
from penstock.metadata.transfer.exporting import Exported
from penstock.metadata.transfer.importing import Imported

__all__ = ["print_exported", "print_imported"]

_SHOWN = 5


def print_exported(done: Exported) -> None:
    """One line: the file, its size, what is in it."""
    nodes = [count(done.rows[table], table.lower()) for table in ("Artifact", "Execution", "Context")]
    console().print(f"{short_path(done.path)}: {', '.join(nodes)}, {size(done.bytes)}.", soft_wrap=True)


def print_imported(done: Imported, file: Path) -> None:
    """What is new, what was brought up to date, what could not be taken over, and where to look."""
    terminal = console()
    fresh = [count(done.new[table], table.lower()) for table in ("Artifact", "Execution", "Context") if done.new[table]]
    older = sum(done.updated.values())
    news = f"{', '.join(fresh)} taken in" if fresh else "nothing new"
    news += f", {count(older, 'row')} brought up to date" if older else ""
    terminal.print(f"{short_path(file)} (MLMD's schema version {done.version}): {news}.", soft_wrap=True)
    for note in done.notes:
        terminal.print(Text(f"  {shorten(note, 400)}", style="yellow"), soft_wrap=True)
    if done.absent:
        words = f"  {count(len(done.absent), 'payload')} not on this machine, under the paths that the file names:"
        terminal.print(Text(words, style="yellow"), soft_wrap=True)
        for artifact_id, uri in list(done.absent.items())[:_SHOWN]:
            terminal.print(Text(f"    artifact {artifact_id}: {shorten(uri, 160)}", style="dim"), soft_wrap=True)
        if len(done.absent) > _SHOWN:
            terminal.print(Text(f"    ... and {len(done.absent) - _SHOWN:,} more", style="dim"))
    if done.runs:
        terminal.print(f"{count(len(done.runs), 'run')}. See: penstock runs list", soft_wrap=True)
