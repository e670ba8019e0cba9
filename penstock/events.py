"""What happens during a run, as values: the local runner and the launcher emit them, terminals and pages show them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from penstock.gates import Verdict

__all__ = [
    "NEVER_RAN",
    "Event",
    "Listener",
    "NodeEnded",
    "NodeMetric",
    "NodeNote",
    "NodeProgress",
    "NodeStarted",
    "NodeState",
    "NodeVerdict",
    "NodeWaiting",
    "NodeWarning",
    "RunEnded",
    "RunStarted",
    "RunState",
]


NEVER_RAN = "it has not run before"
"""The reason of a node for which there is nothing to compare with."""


class NodeState(StrEnum):
    """How a node stands. REUSED is done without running; SKIPPED waited for something that did not pass."""

    PENDING = "pending"
    RUNNING = "running"
    COMPLETE = "complete"
    REUSED = "reused"
    FAILED = "failed"
    SKIPPED = "skipped"
    CANCELED = "canceled"


class RunState(StrEnum):
    """How a run stands. BLOCKED: every node did its work, and a gate held the run back."""

    RUNNING = "running"
    COMPLETE = "complete"
    BLOCKED = "blocked"
    FAILED = "failed"
    CANCELED = "canceled"


@dataclass(frozen=True)
class Event:
    """Base: something that happened at ``at`` (seconds since the epoch)."""

    at: float


@dataclass(frozen=True)
class RunStarted(Event):
    """A run began. ``nodes`` maps each node's id to the ids it waits for, in topological order."""

    run: str
    pipeline: str
    nodes: dict[str, list[str]]


@dataclass(frozen=True)
class NodeStarted(Event):
    """A node began to execute. ``log`` is the file that takes all its output."""

    node: str
    log: str


@dataclass(frozen=True)
class NodeWaiting(Event):
    """A node is ready and waits, because ``for_node`` of ``for_run`` is computing the very same result."""

    node: str
    for_run: str
    for_node: str

    @property
    def text(self) -> str:
        return f"waiting for {self.for_node} of run {self.for_run}"


@dataclass(frozen=True)
class NodeProgress(Event):
    """How far a node is; ``total`` is None where it is not known."""

    node: str
    done: float
    total: float | None = None
    unit: str = ""
    text: str = ""


@dataclass(frozen=True)
class NodeNote(Event):
    """A short sentence for the summary's line of the node: ``15,002 rows``."""

    node: str
    text: str


@dataclass(frozen=True)
class NodeWarning(Event):
    """A sentence that a person should read even if the run succeeds."""

    node: str
    text: str


@dataclass(frozen=True)
class NodeMetric(Event):
    """A number that a node recorded."""

    node: str
    name: str
    value: float
    step: int | None = None


@dataclass(frozen=True)
class NodeVerdict(Event):
    """A check of a gate came out."""

    node: str
    verdict: Verdict


@dataclass(frozen=True)
class NodeEnded(Event):
    """A node ended. ``reason`` says why it was reused, skipped or failed; ``error`` is a `PenstockError` as JSON."""

    node: str
    state: NodeState
    seconds: float
    reason: str = ""
    blocked: bool = False
    error: dict[str, Any] | None = None
    log: str | None = None


@dataclass(frozen=True)
class RunEnded(Event):
    """A run ended. ``states`` is the last state of each node."""

    run: str
    state: RunState
    seconds: float
    states: dict[str, NodeState] = field(default_factory=dict)


Listener = Callable[[Event], None]
