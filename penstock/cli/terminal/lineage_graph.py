"""Lineage as text for Graphviz and Mermaid; whatever a name holds, it stays a name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from penstock.cli.terminal.text import safe, shorten, size

if TYPE_CHECKING:
    from penstock.metadata.records import Lineage, Provenance

__all__ = ["dot", "mermaid"]

_LONGEST = 120


def dot(lineage: Lineage, known: Mapping[int, Provenance] | None = None) -> str:
    """The graph in Graphviz's language, from what was read to what was made.

    Artifacts are ``a<id>``, executions ``e<id>``, input files ``f<number>``.
    """
    lines = ["digraph lineage {", "  rankdir=LR;", '  node [fontname="sans-serif"];']
    for name, kind, text in _nodes(lineage, known or {}):
        shape = {"artifact": "box, style=rounded", "execution": "box, style=filled", "file": "note"}[kind]
        lines.append(f"  {name} [shape={shape}, label={_quoted(text)}];")
    for start, end, text in _edges(lineage, known or {}):
        lines.append(f"  {start} -> {end} [label={_quoted(text)}];" if text else f"  {start} -> {end};")
    return "\n".join([*lines, "}"]) + "\n"


def mermaid(lineage: Lineage, known: Mapping[int, Provenance] | None = None) -> str:
    """The graph as a Mermaid flowchart, as `dot` has it."""
    lines = ["flowchart LR"]
    for name, kind, text in _nodes(lineage, known or {}):
        before, after = {"artifact": ("(", ")"), "execution": ("[", "]"), "file": ("[/", "/]")}[kind]
        lines.append(f"  {name}{before}{_entities(text)}{after}")
    for start, end, text in _edges(lineage, known or {}):
        lines.append(f"  {start} -->|{_entities(text)}| {end}" if text else f"  {start} --> {end}")
    return "\n".join(lines) + "\n"


def _nodes(lineage: Lineage, known: Mapping[int, Provenance]) -> Iterator[tuple[str, str, str]]:
    for artifact in lineage.artifacts.values():
        state = "" if artifact.state == "LIVE" else f" ({artifact.state.lower()})"
        yield f"a{artifact.id}", "artifact", f"{artifact.type} {artifact.id}{state}"
    for execution in lineage.executions.values():
        run = f" in run {execution.run_id}" if execution.run_id else ""
        yield f"e{execution.id}", "execution", f"{execution.node_id or execution.component}{run}"
    for number, (_, _, text) in enumerate(_files(lineage, known)):
        yield f"f{number}", "file", text


def _edges(lineage: Lineage, known: Mapping[int, Provenance]) -> Iterator[tuple[str, str, str]]:
    for edge in lineage.edges:
        artifact, execution = f"a{edge.artifact_id}", f"e{edge.execution_id}"
        yield (artifact, execution, edge.key) if edge.direction == "input" else (execution, artifact, edge.key)
    for number, (execution_id, name, _) in enumerate(_files(lineage, known)):
        yield f"f{number}", f"e{execution_id}", name


def _files(lineage: Lineage, known: Mapping[int, Provenance]) -> Iterator[tuple[int, str, str]]:
    for execution_id in lineage.executions:
        if execution_id in known:
            for name, several in known[execution_id].files.items():
                for file in several:
                    yield execution_id, name, f"{file.path} {size(file.size)} {file.digest[:16]}"


def _quoted(text: str) -> str:
    """A string of Graphviz's; within one only the quote and the backslash mean anything."""
    plain = shorten(safe(text), _LONGEST).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{plain}"'


def _entities(text: str) -> str:
    """A string of Mermaid's: every character that could mean something is written by its number."""
    plain = shorten(safe(text), _LONGEST)
    return '"' + "".join(one if one.isalnum() or one in " .,_:/()-" else f"#{ord(one)};" for one in plain) + '"'
