"""Lineage as an indented tree: artifacts, the executions between them, their input files, each told once."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING

from rich.text import Text

from penstock.cli.terminal.console import console
from penstock.cli.terminal.text import count, safe, short_path, shorten, size

if TYPE_CHECKING:
    from penstock.metadata.records import Answer, Edge, Lineage, Provenance, StoredArtifact, StoredExecution

__all__ = ["lineage_lines", "print_lineage"]

_MOST_LINES = 400
_MOST_FILES = 10
_DEEPEST = 60  # characters of indentation that are drawn


def print_lineage(
    lineage: Lineage,
    known: Mapping[int, Provenance],
    answers: Iterable[Answer] = (),
    *,
    up: bool,
    details: bool = False,
) -> None:
    """Prints the tree; a very large one is cut, and says so."""
    terminal = console()
    lines = lineage_lines(lineage, known, answers, up=up, details=details, ascii_only=terminal.options.ascii_only)
    shown = 0
    for line in islice(lines, _MOST_LINES):
        terminal.print(line, soft_wrap=True)
        shown += 1
    if next(lines, None) is not None:
        found = f"{count(len(lineage.artifacts), 'artifact')} and {count(len(lineage.executions), 'execution')}"
        terminal.print(f"... of {found} in all: --format json has all of them, --depth N fewer", soft_wrap=True)
    if shown == 1:
        terminal.print("  made from nothing that the store knows" if up else "  nothing was made from it yet")


def lineage_lines(
    lineage: Lineage,
    known: Mapping[int, Provenance] | None = None,
    answers: Iterable[Answer] = (),
    *,
    up: bool,
    details: bool = False,
    ascii_only: bool = False,
) -> Iterator[Text]:
    """The lines of the tree, from the root on.

    An artifact hangs on the execution that made it (``up``) or read it, an execution on the artifact before it. What
    was told already is named again without what lies behind it.

    Args:
        lineage: The graph.
        known: What each execution depended on besides: its input files and its commit are told.
        answers: Which resolvers handed artifacts on, and in which runs.
        up: Whether the graph lies above the artifact.
        details: Tell of code, parameters and libraries, too.
        ascii_only: Draw with ASCII characters.
    """
    tree = _Tree(lineage, known or {}, answers, up=up, details=details)
    tee, corner, bar = ("|- ", "`- ", "|  ") if ascii_only else ("├─ ", "└─ ", "│  ")
    told: set[tuple[str, int]] = set()
    # A stack and not a recursion: a model that was trained on from the last one a thousand times is that deep.
    stack: list[tuple[str, str, str, int, str]] = [("", "", "artifact", lineage.root, "")]
    while stack:
        first, rest, kind, id_, name = stack.pop()
        again = (kind, id_) in told
        told.add((kind, id_))
        text, following, beside = tree.artifact(id_, name) if kind == "artifact" else tree.execution(id_, name)
        next_kind = "execution" if kind == "artifact" else "artifact"
        more = "  (see above)" if again and following else ""
        yield Text.assemble((_drawn(first), "dim"), text, (more, "dim"))
        if again:
            continue
        for line in beside:
            yield Text.assemble((_drawn(rest + (bar if following else "   ")), "dim"), line)
        for position in reversed(range(len(following))):
            last = position == len(following) - 1
            branch, below = (corner, "   ") if last else (tee, bar)
            stack.append((rest + branch, rest + below, next_kind, *following[position]))


def _drawn(prefix: str) -> str:
    """The indentation, or of one that no terminal is wide enough for its end and how deep it is."""
    if len(prefix) <= _DEEPEST:
        return prefix
    return f"({len(prefix) // 3} deep) ... {prefix[-12:]}"


class _Tree:
    """What to say of each artifact and execution, and what hangs on it."""

    def __init__(
        self,
        lineage: Lineage,
        known: Mapping[int, Provenance],
        answers: Iterable[Answer],
        *,
        up: bool,
        details: bool,
    ) -> None:
        self._lineage = lineage
        self._known = known
        self._up = up
        self._details = details
        self._answers = {(one.artifact_id, one.run_id): one.node_id for one in answers}
        near, far = ("output", "input") if up else ("input", "output")
        self._beyond_artifact: dict[int, list[Edge]] = {}
        self._beyond_execution: dict[int, list[Edge]] = {}
        for edge in lineage.edges:
            if edge.direction == near:
                self._beyond_artifact.setdefault(edge.artifact_id, []).append(edge)
            if edge.direction == far:
                self._beyond_execution.setdefault(edge.execution_id, []).append(edge)

    def artifact(self, id_: int, name: str) -> tuple[Text, list[tuple[int, str]], Sequence[Text]]:
        """The line of an artifact under a name, the executions beyond it, and lines beside."""
        found = self._lineage.artifacts[id_]
        edges = self._beyond_artifact.get(id_, [])
        # Downwards the execution tells under which name it read the artifact, and which resolver had found it.
        following = [(edge.execution_id, "" if self._up else self._via(edge)) for edge in edges]
        return _artifact(found, name), list(dict.fromkeys(following)), ()

    def execution(self, id_: int, name: str) -> tuple[Text, list[tuple[int, str]], Sequence[Text]]:
        """The line of an execution, the artifacts beyond it by name, and its input files."""
        found = self._lineage.executions[id_]
        known = self._known.get(id_)
        following = [
            (edge.artifact_id, safe(edge.key) + (self._via(edge) if self._up else ""))
            for edge in self._beyond_execution.get(id_, [])
        ]
        beside = list(_besides(known, details=self._details)) if known is not None else []
        return _execution(found, known, name, up=self._up), list(dict.fromkeys(following)), beside

    def _via(self, edge: Edge) -> str:
        run = self._lineage.executions[edge.execution_id].run_id or ""
        resolver = self._answers.get((edge.artifact_id, run))
        return f" (found by {safe(resolver)})" if resolver else ""


def _artifact(artifact: StoredArtifact, name: str) -> Text:
    state = artifact.collected.words if artifact.collected else artifact.state.lower().replace("_", " ")
    return Text.assemble(
        (f"{name}: " if name else "", "dim"),
        (safe(artifact.type), "bold"),
        f" {artifact.id}",
        (f"  {safe(short_path(artifact.uri))}", "dim"),
        ("" if artifact.state == "LIVE" else f"  {safe(state)}", "yellow"),
    )


def _execution(execution: StoredExecution, known: Provenance | None, via: str, *, up: bool) -> Text:
    words = "made by" if up else "read by"
    run = f" in run {execution.run_id}" if execution.run_id else ""
    commit = f", commit {known.git_commit[:10]}" if known is not None and known.git_commit else ""
    commit += " with changes" if commit and known is not None and known.dirty else ""
    node = safe(execution.node_id or execution.component)
    return Text.assemble((f"{words} ", "dim"), (node, "cyan"), (safe(f"{run}{commit}{via}"), "dim"))


def _besides(known: Provenance, *, details: bool) -> Iterator[Text]:
    files = [(name, file) for name, several in known.files.items() for file in several]
    for name, file in files[:_MOST_FILES]:
        digest = file.digest if " " in file.digest else f"sha256:{file.digest[:16]}"
        words = f"{safe(short_path(file.path))}  {size(file.size)}  {safe(digest)}"
        yield Text.assemble((f"{safe(name)}: ", "dim"), ("file ", "bold"), words)
    if len(files) > _MOST_FILES:
        yield Text(f"... and {count(len(files) - _MOST_FILES, 'more file')}", style="dim")
    if details:
        parts = known.parts or {}
        for title, values in (
            ("code", parts.get("code")),
            ("data file", parts.get("files")),
            ("parameter", known.parameters),
            ("library", parts.get("libraries")),
        ):
            for name, value in (values or {}).items():
                shown = str(value)[:16] if title in ("code", "data file") else json.dumps(value, ensure_ascii=False)
                yield Text(f"{title} {safe(name)} = {shorten(shown, 80)}", style="dim")
