"""The end of a run on paper: nodes, warnings, evaluation, verdicts, the pushed model, what to try next. Bounded."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from penstock.cli.terminal.errors import rendered
from penstock.cli.terminal.evaluation import EvaluationSummary, print_evaluation
from penstock.cli.terminal.marks import mark
from penstock.cli.terminal.tables import NodeRow, node_table, verdict_line
from penstock.cli.terminal.text import count, duration, safe, short_path, shorten, tail
from penstock.cli.terminal.tree import layout
from penstock.errors import from_json
from penstock.events import NEVER_RAN, NodeState, RunState
from penstock.orchestration.run_view import NodeView, RunView

__all__ = ["Command", "Pushed", "print_blocked", "print_canceled", "print_failed", "print_summary"]

_WARNINGS = 4
_VERDICTS = 6
_LOG_LINES = 6
_CARRIED = "penstock-error: "  # how `penstock.errors` leaves the error itself in a traceback, for machines
_DONE = (NodeState.COMPLETE, NodeState.REUSED)


def program() -> list[str]:
    """How the user can call this program again from where they are: ``penstock`` is not on everybody's path."""
    called = Path(sys.argv[0])
    found = shutil.which("penstock")
    if called.name != "penstock":
        return ["penstock"] if found or not called.name.startswith("__main__") else [sys.executable, "-m", "penstock"]
    if not called.exists() or (found and Path(found).samefile(called)):
        return ["penstock"]
    near = os.path.relpath(called)
    return [near if len(near) < len(str(called)) else str(called)]


@dataclass(frozen=True)
class Command:
    """The command line that made the run, so that others like it can be offered.

    Attributes:
        pipeline: As it was typed.
        options: ``--set`` and ``--profile`` with their values, as they were typed.
        project: ``-C DIR`` where the reading commands need it from here, else nothing.
    """

    pipeline: str
    options: Sequence[str] = ()
    project: Sequence[str] = ()

    def again(self, *more: str) -> str:
        """The same run once more, with other options after its own."""
        pipeline = [] if self.pipeline == "." else [self.pipeline]
        return shlex.join([*program(), "run", *pipeline, *self.options, *more])

    def read(self, *words: str) -> str:
        """A command that reads what the run left."""
        return shlex.join([*program(), *words, *self.project])


@dataclass(frozen=True)
class Pushed:
    """A model that was pushed: where to, and the id of the artifact that says so."""

    place: str
    id: int | None


def rows_of(view: RunView) -> list[NodeRow]:
    """The nodes of a run as rows of a table. In a pipeline's first run none says that it is its first."""
    ran = [node for node in view.nodes.values() if node.state not in (NodeState.PENDING, NodeState.SKIPPED)]
    unsaid = NEVER_RAN if all(node.reason in ("", NEVER_RAN) for node in ran) else None
    return [
        NodeRow(
            node.id,
            node.state,
            node.seconds if node.state in (NodeState.COMPLETE, NodeState.FAILED, NodeState.CANCELED) else None,
            "; ".join(part for part in dict.fromkeys((node.note, node.reason)) if part and part != unsaid),
            node.blocked,
        )
        for node in view.nodes.values()
    ]


def print_summary(
    console: Console,
    view: RunView,
    command: Command,
    *,
    evaluation: EvaluationSummary | None = None,
    pushed: Sequence[Pushed] = (),
) -> None:
    """Prints the end of a run that neither failed nor was canceled; see `print_blocked` for what follows a block."""
    seconds = duration(view.seconds or 0.0)
    console.print()
    console.print(_title(view, seconds), soft_wrap=True)
    _print_reason(console, view)
    lines = layout({node.id: node.upstream for node in view.nodes.values()}, ascii_only=console.options.ascii_only)
    console.print(node_table(console, rows_of(view), lines), soft_wrap=True)
    _print_warnings(console, view.nodes)
    if evaluation is not None:
        print_evaluation(console, evaluation)
    if view.state == RunState.COMPLETE:
        _print_verdicts(console, view.nodes.values())
    for one in pushed:
        console.print(Text.assemble(("\npushed  ", "bold"), short_path(one.place)), soft_wrap=True)
    if view.state == RunState.COMPLETE:
        _print_next(console, view, command, pushed)


def _title(view: RunView, seconds: str) -> Text:
    look = mark(view.state)
    reused = view.count(NodeState.REUSED)
    what = f", {reused} of {len(view.nodes)} nodes reused" if reused else ""
    return Text.assemble(
        (f"{view.pipeline} ", "bold"), f"run {view.run}: ", (look.word, look.style), f" in {seconds}{what}"
    )


def _print_reason(console: Console, view: RunView) -> None:
    """What holds the run back, before anything else: the first failed check of each gate that blocks."""
    for gate in (node for node in view.nodes.values() if node.blocked):
        failed = [verdict for verdict in gate.verdicts if verdict.outcome == "fail"]
        if failed:
            line = Text(f"held back by {gate.id}: ", style="bold yellow")
            line.append_text(verdict_line(failed[0], ascii_only=console.options.ascii_only))
            line.truncate(200, overflow="ellipsis")
            more = f" (and {len(failed) - 1} more)" if len(failed) > 1 else ""
            console.print(line + Text(more), soft_wrap=True)


def _print_warnings(console: Console, nodes: Mapping[str, NodeView]) -> None:
    counted = Counter((node.id, safe(text)) for node in nodes.values() for text in node.warnings)
    if not counted:
        return
    console.print(Text(f"\nwarnings ({sum(counted.values())})", style="bold yellow"))
    for (node, text), times in list(counted.items())[:_WARNINGS]:
        often = f" ({times} times)" if times > 1 else ""
        console.print(f"  {node}: {shorten(text, 140)}{often}", soft_wrap=True)
    if len(counted) > _WARNINGS:
        console.print(f"  ... and {len(counted) - _WARNINGS} more: see the logs of these nodes", soft_wrap=True)


def _print_verdicts(console: Console, nodes: Any) -> None:
    verdicts = [(node, verdict) for node in nodes for verdict in node.verdicts]
    if not verdicts:
        return
    outcomes = Counter(verdict.outcome for _, verdict in verdicts)
    words = ", ".join(
        f"{outcomes[outcome]} {outcome}" for outcome in ("pass", "fail", "undefined") if outcomes[outcome]
    )
    console.print(Text.assemble(("\nverdicts  ", "bold"), words))
    told = [(node, verdict, 0) for node, verdict in verdicts if verdict.outcome == "fail"]
    # What is undefined on many slices is undefined for one reason mostly: the first stands for the others.
    undefined = [pair for pair in verdicts if pair[1].outcome == "undefined"]
    alike = Counter((node.id, verdict.check) for node, verdict in undefined)
    first = {(node.id, verdict.check): (node, verdict) for node, verdict in reversed(undefined)}
    told += [(*first[key], times - 1) for key, times in alike.items()]
    for node, verdict, others in told[:_VERDICTS]:
        line = Text(f"  {node.id}: ") + verdict_line(verdict, ascii_only=console.options.ascii_only)
        more = f" (and {others} more like it)" if others else ""
        line.truncate(160 - len(more), overflow="ellipsis")
        console.print(line + Text(more), soft_wrap=True)
    if len(told) > _VERDICTS:
        console.print(f"  ... and {len(told) - _VERDICTS} more that did not pass")


def _print_next(console: Console, view: RunView, command: Command, pushed: Sequence[Pushed]) -> None:
    ran = [node for node in view.nodes.values() if node.state == NodeState.COMPLETE and node.log]
    slowest = max(ran, key=lambda node: node.seconds or 0.0, default=None)
    offers = [(command.read("verdicts", "list"), "every check of every gate")]
    if slowest is not None:
        offers.append((command.read("runs", "logs", slowest.id), "what the longest node printed"))
    if pushed and pushed[0].id is not None:
        offers.append((command.read("artifacts", "lineage", str(pushed[0].id), "--up"), "what the model was made from"))
    offers.append((command.again(), "again: what has not changed is reused"))
    _print_commands(console, "next", offers)


def _print_commands(console: Console, title: str, offers: Sequence[tuple[str, str]]) -> None:
    console.print(Text(f"\n{title}", style="bold"))
    width = min(max(len(command) for command, _ in offers), 90)
    for command, why in offers:
        console.print(Text.assemble(f"  {command:<{width}}", (f"  {why}", "dim")), soft_wrap=True)


def print_blocked(console: Console, view: RunView, command: Command) -> None:
    """Says which gate holds the run back, by which verdicts, and what can be done."""
    skipped = [node.id for node in view.nodes.values() if node.state == NodeState.SKIPPED]
    for gate in (node for node in view.nodes.values() if node.blocked):
        failed = [verdict for verdict in gate.verdicts if verdict.outcome == "fail"]
        words = f"by {gate.id}: {len(failed)} of {count(len(gate.verdicts), 'check')} failed"
        console.print(Text.assemble(("\nblocked ", "bold yellow"), words), soft_wrap=True)
        for verdict in failed[:_VERDICTS]:
            line = Text("  ") + verdict_line(verdict, ascii_only=console.options.ascii_only)
            line.truncate(200, overflow="ellipsis")
            console.print(line, soft_wrap=True)
        if len(failed) > _VERDICTS:
            console.print(f"  ... and {len(failed) - _VERDICTS} more that failed")
    if skipped:
        console.print(f"  skipped: {_listed(skipped)}", soft_wrap=True)
    gate_id = next((node.id for node in view.nodes.values() if node.blocked), "gate")
    offers = [
        (command.read("verdicts", "list"), "every check, with what was observed and expected"),
        *(
            [(command.read("schema", "accept"), "if the data are right: the schema's changes that would let them pass")]
            if any("schema_change" in verdict.evidence for node in view.nodes.values() for verdict in node.verdicts)
            else []
        ),
        (command.again(), "after mending the data, the model or the bound in pipeline.yaml"),
        (command.again("--set", f"{_section(gate_id)}.gate=warn"), "let it pass this time, with a warning"),
    ]
    _print_commands(console, "what to do", offers)


def print_failed(console: Console, view: RunView, command: Command) -> None:
    """Says what failed, where its log is and how that ends, what was kept, and which command continues."""
    failed = [node for node in view.nodes.values() if node.state == NodeState.FAILED]
    for node in failed[:2]:
        error = from_json(node.error) if node.error else None
        text = rendered(error, without=("node", "log")).removeprefix("error: ") if error else node.reason
        after = f" after {duration(node.seconds)}" if node.seconds is not None else ""
        console.print(
            Text.assemble(("\nerror: ", "bold red"), (f"{node.id} failed{after}: ", "bold"), text), soft_wrap=True
        )
        if node.log:
            last = [line for line in tail(node.log, 3 * _LOG_LINES) if line.strip() and not line.startswith(_CARRIED)]
            console.print(f"  log: {short_path(node.log)}" + (", which ends:" if last else ""), soft_wrap=True)
            for line in last[-_LOG_LINES:]:
                console.print(Text(f"    | {safe(line)[:160]}", style="dim"), soft_wrap=True)
    if len(failed) > 2:
        console.print(f"... and {count(len(failed) - 2, 'more node')} failed: {_listed([n.id for n in failed[2:]])}")
    console.print()
    _print_kept(console, view)
    offers = [(command.again(), "continue when it is mended: what is done is reused")]
    if failed and failed[0].log:
        offers.insert(0, (command.read("runs", "logs", failed[0].id), "the whole log"))
    _print_commands(console, "next", offers)


def print_canceled(console: Console, view: RunView, command: Command) -> None:
    """Says that the run was stopped, what is kept, and which command continues it."""
    after = f" after {duration(view.seconds)}" if view.seconds is not None else ""
    console.print(f"\ncanceled: {view.pipeline} run {view.run}{after}".rstrip(), soft_wrap=True)
    _print_kept(console, view)
    _print_commands(console, "next", [(command.again(), "continue: what is done is reused")])


def _print_kept(console: Console, view: RunView) -> None:
    done = [node.id for node in view.nodes.values() if node.state in _DONE]
    not_run = [node.id for node in view.nodes.values() if node.state in (NodeState.SKIPPED, NodeState.PENDING)]
    console.print(f"  done and kept: {_listed(done) or 'nothing'}", soft_wrap=True)
    if not_run:
        console.print(f"  not run: {_listed(not_run)}", soft_wrap=True)


def _listed(names: Sequence[str], most: int = 12) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def _section(node: str) -> str:
    """The name of the node's section in pipeline.yaml."""
    from penstock.orchestration.standard import section_name

    return section_name(node)
