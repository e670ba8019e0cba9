"""`RunView`: what is known of a run so far, folded from its events. Every way of showing a run reads it."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any

from penstock import events
from penstock.events import NodeState, RunState
from penstock.gates import Verdict

__all__ = ["NodeView", "RunView"]


@dataclass
class NodeView:
    """What is known of one node so far. Times in seconds; ``started`` since the epoch."""

    id: str
    upstream: list[str] = field(default_factory=list)
    state: NodeState = NodeState.PENDING
    started: float | None = None
    seconds: float | None = None
    progress: events.NodeProgress | None = None
    waiting: str = ""
    note: str = ""
    reason: str = ""
    blocked: bool = False
    error: dict[str, Any] | None = None
    log: str | None = None
    warnings: list[str] = field(default_factory=list)
    verdicts: list[Verdict] = field(default_factory=list)
    metrics: dict[str, float] = field(default_factory=dict)

    def elapsed(self, now: float) -> float | None:
        """How long it ran, or has been running; None if it did not start."""
        if self.seconds is not None:
            return self.seconds
        return None if self.started is None else max(now - self.started, 0.0)

    @property
    def remark(self) -> str:
        """The words beside the node in a table: its note, or why it ended as it did."""
        return self.note or self.reason or self.waiting

    def says_before_end(self) -> str:
        """How far it is, in words: ``300 of 1,000 steps``; empty where nothing is known."""
        if self.progress is None:
            return self.note
        done, total, unit = self.progress.done, self.progress.total, self.progress.unit
        amount = f"{done:,.0f} of {total:,.0f} {unit}" if total else f"{done:,.0f} {unit}" if done else ""
        return " ".join(part for part in (self.progress.text, amount.strip()) if part)


class RunView:
    """A listener that folds a run's events into what is known of it; safe to call from several threads.

    Attributes:
        lock: Held while an event is folded; hold it to read a consistent state.
        nodes: By id, in topological order.
    """

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.run = ""
        self.pipeline = ""
        self.started: float | None = None
        self.seconds: float | None = None
        self.state = RunState.RUNNING
        self.nodes: dict[str, NodeView] = {}

    def __call__(self, event: events.Event) -> None:
        with self.lock:
            self._fold(event)

    def _fold(self, event: events.Event) -> None:
        match event:
            case events.RunStarted():
                self.run, self.pipeline, self.started = event.run, event.pipeline, event.at
                self.nodes = {name: NodeView(name, list(upstream)) for name, upstream in event.nodes.items()}
            case events.RunEnded():
                self.state, self.seconds = event.state, event.seconds
                for name, state in event.states.items():
                    self._node(name).state = state
            case events.NodeStarted():
                node = self._node(event.node)
                node.state, node.started, node.log, node.waiting = NodeState.RUNNING, event.at, event.log, ""
            case events.NodeEnded():
                node = self._node(event.node)
                node.state, node.seconds, node.reason = event.state, event.seconds, event.reason
                node.blocked, node.error, node.log = event.blocked, event.error, event.log or node.log
            case _:
                self._fold_said(event)

    def _fold_said(self, event: events.Event) -> None:
        """Folds what a node says while it runs."""
        match event:
            case events.NodeProgress():
                self._node(event.node).progress = event
            case events.NodeWaiting():
                self._node(event.node).waiting = event.text
            case events.NodeNote():
                self._node(event.node).note = event.text
            case events.NodeWarning():
                self._node(event.node).warnings.append(event.text)
            case events.NodeMetric():
                self._node(event.node).metrics[event.name] = event.value
            case events.NodeVerdict():
                self._node(event.node).verdicts.append(event.verdict)

    def _node(self, name: str) -> NodeView:
        return self.nodes.setdefault(name, NodeView(name))

    def count(self, *states: NodeState) -> int:
        """How many nodes stand so."""
        return sum(node.state in states for node in self.nodes.values())
