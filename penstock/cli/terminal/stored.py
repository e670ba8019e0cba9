"""What the store holds, for a person: runs, nodes, artifacts, verdicts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from penstock.cli.terminal.console import console
from penstock.cli.terminal.errors import rendered
from penstock.cli.terminal.marks import mark
from penstock.cli.terminal.tables import NodeRow, node_table, table, verdict_table
from penstock.cli.terminal.text import count, duration, safe, short_path, shorten, size, when
from penstock.cli.terminal.tree import layout
from penstock.cli.terminal.views import print_view
from penstock.errors import from_json
from penstock.gates import Verdict

if TYPE_CHECKING:
    from penstock.metadata.records import NodeRecord, RunRecord, StoredArtifact
    from penstock.views import View

__all__ = ["print_artifact", "print_artifacts", "print_run", "print_runs", "print_verdicts"]

_FILES = 20
_OUTCOMES = ("fail", "undefined", "pass")


def _seconds(ms: int | None) -> float | None:
    return None if ms is None else ms / 1000


def _took(run: RunRecord) -> str:
    if run.started_ms is None or run.ended_ms is None:
        return ""
    return duration((run.ended_ms - run.started_ms) / 1000)


def _commit(run: RunRecord) -> str:
    if not run.git_commit:
        return ""
    return run.git_commit[:10] + (" with changes" if run.dirty else "")


def print_runs(runs: Sequence[RunRecord]) -> None:
    """A table of runs; without any, what to do."""
    terminal = console()
    if not runs:
        terminal.print("There are no runs in this store yet. Start one: penstock run")
        return
    rows: list[list[str | Text]] = []
    for run in runs:
        look = mark(run.state)
        state = Text(look.text(ascii_only=terminal.options.ascii_only), style=look.style)
        started = when(_seconds(run.started_ms))
        origin = Path(run.origin or "").name
        rows.append([run.id, state, started, _took(run), run.pipeline, run.profile or "", _commit(run), origin])
    headers = ["run", "state", "started", "took", "pipeline", "profile", "commit", "from"]
    if not any(run.origin for run in runs):
        headers, rows = headers[:-1], [row[:-1] for row in rows]
    terminal.print(table(terminal, headers, rows, right=["took"]), soft_wrap=True)


def print_run(
    run: RunRecord,
    nodes: Sequence[NodeRecord],
    graph: Mapping[str, Sequence[str]],
    artifacts: Sequence[StoredArtifact],
    verdicts: Sequence[tuple[str, Verdict]],
) -> None:
    """One run: its state, its nodes as a tree, what went wrong, what it made, its verdicts counted, its logs."""
    terminal = console()
    look = mark(run.state)
    took = f" in {_took(run)}" if run.ended_ms is not None else ""
    terminal.print(
        Text.assemble((run.pipeline, "bold"), f" run {run.id}: ", (look.word, look.style), took), soft_wrap=True
    )
    facts = [
        f"started {when(_seconds(run.started_ms))}" + (f" by {run.user}" if run.user else ""),
        f"profile {run.profile}" if run.profile else "",
        f"commit {_commit(run)}" if run.git_commit else "",
        f"from {run.origin}" if run.origin else "",
    ]
    terminal.print(Text(", ".join(fact for fact in facts if fact), style="dim"), soft_wrap=True)
    by_id = {node.node_id: node for node in nodes}
    known = {**graph, **{name: [] for name in by_id if name not in graph}}
    lines = layout(known, ascii_only=terminal.options.ascii_only)
    rows = [_row(name, by_id.get(name)) for name in known]
    terminal.print()
    terminal.print(node_table(terminal, rows, lines), soft_wrap=True)
    for node in nodes:
        if node.error:
            text = rendered(from_json(dict(node.error)), without=("node", "log")).removeprefix("error: ")
            terminal.print()
            terminal.print(Text.assemble((f"{node.node_id} failed: ", "bold red"), text), soft_wrap=True)
    _print_made(terminal, artifacts)
    if verdicts:
        terminal.print()
        terminal.print(_counted(verdicts), soft_wrap=True)
    logs = {str(Path(node.log).parent) for node in nodes if node.log}
    for directory in sorted(logs):
        terminal.print(Text.assemble(("\nlogs  ", "bold"), f"{short_path(directory)}/NODE.log"), soft_wrap=True)


def _row(name: str, node: NodeRecord | None) -> NodeRow:
    if node is None:
        return NodeRow(name, "pending", None, "")
    remark = "; ".join(part.partition("\n")[0] for part in dict.fromkeys((node.note, node.reason)) if part)
    return NodeRow(name, node.state, node.seconds if node.execution_id is not None else None, remark, node.blocked)


def _print_made(terminal: Console, artifacts: Sequence[StoredArtifact]) -> None:
    if artifacts:
        terminal.print(Text("\nartifacts", style="bold"))
        rows = [
            [str(one.id), one.type, f"{one.node_id or ''}.{one.output or ''}", short_path(one.uri)]
            for one in sorted(artifacts, key=lambda one: one.id)
        ]
        terminal.print(table(terminal, ["id", "type", "output", "payload"], rows, right=["id"]), soft_wrap=True)


def print_artifacts(artifacts: Sequence[StoredArtifact]) -> None:
    """A table of artifacts."""
    terminal = console()
    if not artifacts:
        terminal.print("There are no such artifacts in this store.")
        return
    rows = [
        [
            str(one.id),
            one.type,
            f"{one.node_id or ''}.{one.output or ''}".strip("."),
            one.run_id or "",
            "" if one.size is None else size(one.size),
            _state(one),
            short_path(one.uri),
        ]
        for one in artifacts
    ]
    headers = ["id", "type", "output", "run", "size", "state", "payload"]
    if not any(row[5] for row in rows):
        headers, rows = [*headers[:5], headers[6]], [[*row[:5], row[6]] for row in rows]
    terminal.print(table(terminal, headers, rows, right=["id", "size"]), soft_wrap=True)


def print_artifact(artifact: StoredArtifact, view: View | None = None, problem: str = "") -> None:
    """One artifact: every fact on a line, its files, then its view, or why it cannot be shown."""
    terminal = console()
    terminal.print(Text(f"{artifact.type} {artifact.id}", style="bold"))
    collected = "collected" if artifact.state != "LIVE" else "to rebuild"
    facts = {
        "made by": f"{artifact.node_id}.{artifact.output} in run {artifact.run_id}" if artifact.node_id else "",
        "pipeline": artifact.pipeline or "",
        "created": when(_seconds(artifact.created_ms)) if artifact.created_ms else "",
        "state": artifact.state.lower().replace("_", " "),
        collected: artifact.collected.words if artifact.collected else "",
        "again": "" if artifact.state == "LIVE" else _again(artifact),
        "pinned": f"by {artifact.pin.author}, {when(_seconds(artifact.pin.at_ms))}: {artifact.pin.reason}"
        if artifact.pin
        else "",
        "payload": short_path(artifact.uri),
        "size": "" if artifact.size is None else size(artifact.size),
        "digest": f"{artifact.algorithm or ''}:{artifact.digest}".lstrip(":") if artifact.digest else "",
    }
    facts |= {name: str(value) for name, value in {**artifact.properties, **artifact.custom_properties}.items()}
    width = max(len(name) for name, value in facts.items() if value)
    for name, value in facts.items():
        if value:
            terminal.print(Text.assemble((f"  {name:<{width}}  ", "dim"), shorten(value, 300)), soft_wrap=True)
    gone = artifact.state != "LIVE" or not _print_files(terminal, artifact.uri)
    if view is not None:
        print_view(terminal, view)
    elif problem and not gone:
        terminal.print(Text(f"\nIt cannot be shown: {safe(problem)}", style="yellow"), soft_wrap=True)


def _state(artifact: StoredArtifact) -> str:
    if artifact.state != "LIVE":
        return artifact.state.lower().replace("_", " ")
    if artifact.collected is not None:
        return "to be rebuilt"
    return "pinned" if artifact.pin else ""


def _again(artifact: StoredArtifact) -> str:
    """How a payload that is gone is made again."""
    if artifact.run_id is None:
        return ""
    return f"by a run that needs it: penstock run (what it was made from: penstock artifacts lineage {artifact.id})"


def _print_files(terminal: Console, uri: str) -> bool:
    """Prints what files there are; false if the payload is gone."""
    if "://" in uri:
        return True
    root = Path(uri)
    if not root.exists():
        terminal.print(Text("\nThe payload is gone: there is no such directory.", style="yellow"))
        return False
    files = sorted(path for path in root.rglob("*") if path.is_file())
    terminal.print(Text(f"\n{count(len(files), 'file')}", style="bold"))
    rows = [[safe(str(path.relative_to(root))), size(path.stat().st_size)] for path in files[:_FILES]]
    if rows:
        terminal.print(table(terminal, ["", ""], rows), soft_wrap=True)
    if len(files) > _FILES:
        terminal.print(f"  ... and {len(files) - _FILES} more")
    return True


def _counted(verdicts: Sequence[tuple[str, Verdict]]) -> Text:
    outcomes = Counter(verdict.outcome for _, verdict in verdicts)
    text = Text.assemble(("verdicts  ", "bold"))
    text.append(", ".join(f"{outcomes[one]} {one}" for one in ("pass", "fail", "undefined") if outcomes[one]))
    return text


def print_verdicts(run: RunRecord, verdicts: Sequence[tuple[str, Verdict]], *, show_all: bool) -> None:
    """The verdicts of a run, failures first; passes only where ``show_all``."""
    terminal = console()
    if not verdicts:
        terminal.print(f"No gate gave a verdict in run {run.id} of {run.pipeline}.", soft_wrap=True)
        return
    terminal.print(Text(f"{run.pipeline} run {run.id}", style="bold"), soft_wrap=True)
    shown = [
        pair
        for outcome in (_OUTCOMES if show_all else _OUTCOMES[:2])
        for pair in verdicts
        if pair[1].outcome == outcome
    ]
    if shown:
        terminal.print(verdict_table(terminal, shown), soft_wrap=True)
    counted = _counted(verdicts)
    if not show_all and len(shown) < len(verdicts):
        counted.append(" (--all shows every one)")
    terminal.print(counted, soft_wrap=True)
