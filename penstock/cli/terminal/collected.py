"""What a collection takes and why, what it leaves, what could not be made again, and what it did."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from penstock.cli.terminal.console import console
from penstock.cli.terminal.tables import table
from penstock.cli.terminal.text import count, safe, short_path, shorten, size, when

if TYPE_CHECKING:
    from penstock.orchestration.collection import Collection, Done
    from penstock.orchestration.forgetting import Removal
    from penstock.orchestration.rebuilding import Irreproducible

__all__ = ["print_collection", "print_done", "print_removal"]

_MOST_ROWS = 40


def print_collection(planned: Collection) -> None:
    """Prints what would go, what stays, and which of what stays could not be made again."""
    terminal = console()
    if not planned.going:
        terminal.print(Text("Nothing can go.", style="bold"), soft_wrap=True)
    else:
        title = f"{count(len(planned.going), 'payload')}, {size(planned.bytes)}, can go"
        terminal.print(Text.assemble((title, "bold"), f" from {safe(planned.root)}"), soft_wrap=True)
        rows: list[list[str | Text]] = [
            [str(one.id), one.type, one.node_id, one.run_id, when(one.used_ms / 1000), size(one.bytes), one.why]
            for one in planned.going[:_MOST_ROWS]
        ]
        headers = ["id", "type", "node", "run", "last used", "size", "why"]
        terminal.print(table(terminal, headers, rows, right=["id", "size"]), soft_wrap=True)
        _print_more(len(planned.going))
    if planned.kept:
        stays = f"\n{size(planned.left_bytes)} stay" + ("s" if planned.left_bytes == 1 else "")
        terminal.print(Text(stays, style="bold"))
        kept: list[list[str | Text]] = [[f"{n:,}", size(taken), why] for why, (n, taken) in planned.kept.items()]
        terminal.print(
            table(terminal, ["payloads", "size", "because"], kept, right=["payloads", "size"]), soft_wrap=True
        )
    if planned.elsewhere:
        words = f"{count(planned.elsewhere, 'payload')} in other roots: collect those with their own pipeline (-C DIR)."
        terminal.print(Text(f"\n{words}", style="dim"), soft_wrap=True)
    if planned.over_bytes:
        words = f"\nThat is {size(planned.over_bytes)} more than was asked for: unpin something, or keep fewer runs."
        terminal.print(Text(words, style="yellow"), soft_wrap=True)
    _print_irreproducible(planned.irreproducible)


def _print_irreproducible(found: tuple[Irreproducible, ...]) -> None:
    if not found:
        return
    terminal = console()
    lost = sum(not one.rebuildable for one in found)
    title = "\nMade from what goes" + (f"; {lost} of {len(found)} cannot be made again" if lost else "")
    terminal.print(Text(title, style="bold"))
    rows: list[list[str | Text]] = []
    for one in found[:_MOST_ROWS]:
        can = Text("can be made again", "green") if one.rebuildable else Text("cannot be made again", "bold red")
        code = f"commit {one.commit[:10]}{' with changes' if one.dirty else ''}" if one.commit else "no commit known"
        gone = ", ".join(map(str, one.gone))
        rows.append([str(one.id), one.type, one.node_id, one.run_id, gone, can, shorten(one.why, 80), code])
    headers = ["id", "type", "node", "run", "from", "", "why", "code"]
    terminal.print(table(terminal, headers, rows, right=["id"]), soft_wrap=True)
    _print_more(len(found))


def print_removal(planned: Removal) -> None:
    """Prints which examples hold rows, what must be rebuilt, which input files have such rows, what was not read."""
    terminal = console()
    looked = f"of {count(len(planned.looked_at), 'artifact')} of type Examples"
    if not planned.held:
        terminal.print(Text(f"No rows were found in any {looked}.", style="bold"), soft_wrap=True)
    else:
        title = f"{count(planned.rows, 'row')} in {len(planned.held)} {looked}"
        terminal.print(Text.assemble((title, "bold"), "; copies without them take their place"), soft_wrap=True)
        rows: list[list[str | Text]] = [
            [str(one.id), one.node_id, one.run_id, f"{sum(one.rows.values()):,}", short_path(one.uri)]
            for one in planned.held[:_MOST_ROWS]
        ]
        headers = ["id", "node", "run", "rows", "payload"]
        terminal.print(table(terminal, headers, rows, right=["id", "rows"]), soft_wrap=True)
        _print_more(len(planned.held))
    if planned.derived:
        terminal.print(Text("\nmust be rebuilt", style="bold"))
        derived: list[list[str | Text]] = []
        for made in planned.derived[:_MOST_ROWS]:
            fate = "payload is deleted" if made.deleted else "payload stays, is not reused"
            derived.append([str(made.id), made.type, made.node_id, made.run_id, fate])
        headers = ["id", "type", "node", "run", "now"]
        terminal.print(table(terminal, headers, derived, right=["id"]), soft_wrap=True)
        _print_more(len(planned.derived))
        terminal.print("A run rebuilds what the pipeline makes now: penstock run")
    for place in dict.fromkeys(made.pushed_to for made in planned.derived if made.pushed_to):
        words = f"{short_path(place)} has a model that was made from them: push one that is rebuilt"
        terminal.print(Text.assemble(("\npushed  ", "bold"), (safe(words), "yellow")), soft_wrap=True)
    for source in planned.sources:
        words = f"{short_path(source.path)} still has {count(source.rows, 'such row')}: a run that reads it anew brings"
        words += " them back. It is yours to change."
        terminal.print(Text.assemble(("\ninput  ", "bold"), (safe(words), "yellow")), soft_wrap=True)
    for unread in planned.unread[:_MOST_ROWS]:
        words = f"{unread.what}: {unread.why}"
        terminal.print(Text.assemble(("\nnot looked into  ", "bold"), (safe(words), "yellow")), soft_wrap=True)
    _print_more(len(planned.unread))


def _print_more(found: int) -> None:
    if found > _MOST_ROWS:
        console().print(f"  ... and {found - _MOST_ROWS:,} more: --json has all of them")


def print_done(done: Done) -> None:
    """Prints what a collection did."""
    terminal = console()
    terminal.print(f"Deleted {count(done.deleted, 'payload')}, {size(done.bytes)}. Digests and lineage are kept.")
    if done.spared:
        words = f"{count(done.spared, 'payload')} stayed: a run began to use them meanwhile."
        terminal.print(words, soft_wrap=True)
    for one in done.refused[:_MOST_ROWS]:
        terminal.print(Text(f"could not be deleted: {safe(one)}", style="bold red"), soft_wrap=True)
    if done.refused:
        terminal.print("They are given out no more; the next `penstock store gc` tries again.", soft_wrap=True)
