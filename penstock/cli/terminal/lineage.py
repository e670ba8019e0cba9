"""Lineage as an indented tree: artifacts, the executions between them, each told once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from penstock.cli.terminal.console import console
from penstock.cli.terminal.text import short_path

if TYPE_CHECKING:
    from penstock.metadata.records import Edge, Lineage, StoredArtifact, StoredExecution

__all__ = ["lineage_lines", "print_lineage"]

_MOST_LINES = 400


def print_lineage(lineage: Lineage, *, up: bool) -> None:
    """Prints the tree; a very large one is cut, and says so."""
    terminal = console()
    lines = lineage_lines(lineage, up=up, ascii_only=terminal.options.ascii_only)
    for line in lines[:_MOST_LINES]:
        terminal.print(line, soft_wrap=True)
    if len(lines) > _MOST_LINES:
        terminal.print(f"... and {len(lines) - _MOST_LINES:,} more lines: --format json has all of them")
    if len(lines) == 1:
        terminal.print("  made from nothing that the store knows" if up else "  nothing was made from it yet")


def lineage_lines(lineage: Lineage, *, up: bool, ascii_only: bool = False) -> list[Text]:
    """The lines of the tree, from the root on.

    An artifact hangs on the execution that made it (``up``) or read it, an execution on the artifact before it. What
    was told already is named again without what lies behind it.
    """
    tee, corner, bar = ("|- ", "`- ", "|  ") if ascii_only else ("├─ ", "└─ ", "│  ")
    near, far = ("output", "input") if up else ("input", "output")
    beyond_artifact: dict[int, list[Edge]] = {}
    beyond_execution: dict[int, list[Edge]] = {}
    for edge in lineage.edges:
        if edge.direction == near:
            beyond_artifact.setdefault(edge.artifact_id, []).append(edge)
        if edge.direction == far:
            beyond_execution.setdefault(edge.execution_id, []).append(edge)
    told: set[tuple[str, int]] = set()
    lines: list[Text] = []
    # A stack and not a recursion: a model that was trained on from the last one a thousand times is that deep.
    stack: list[tuple[str, str, str, int, str]] = [("", "", "artifact", lineage.root, "")]
    while stack:
        first, rest, kind, id_, name = stack.pop()
        again = (kind, id_) in told
        told.add((kind, id_))
        if kind == "artifact":
            text = _artifact(lineage.artifacts[id_], name)
            edges, next_kind = beyond_artifact.get(id_, []), "execution"
            following = [(edge.execution_id, "") for edge in edges]
        else:
            text = _execution(lineage.executions[id_], up=up)
            edges, next_kind = beyond_execution.get(id_, []), "artifact"
            following = [(edge.artifact_id, edge.key) for edge in edges]
        following = [] if again else list(dict.fromkeys(following))
        more = " (see above)" if again and edges else ""
        lines.append(Text(first, style="dim") + text + Text(more, style="dim"))
        for position in reversed(range(len(following))):
            last = position == len(following) - 1
            branch, below = (corner, "   ") if last else (tee, bar)
            stack.append((rest + branch, rest + below, next_kind, *following[position]))
    return lines


def _artifact(artifact: StoredArtifact, name: str) -> Text:
    return Text.assemble(
        (f"{name}: " if name else "", "dim"),
        (artifact.type, "bold"),
        f" {artifact.id}",
        (f"  {short_path(artifact.uri)}", "dim"),
    )


def _execution(execution: StoredExecution, *, up: bool) -> Text:
    words = "made by" if up else "read by"
    run = f" in run {execution.run_id}" if execution.run_id else ""
    return Text.assemble((f"{words} ", "dim"), (execution.node_id or execution.component, "cyan"), (run, "dim"))
