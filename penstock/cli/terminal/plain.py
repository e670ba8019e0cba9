"""Progress where there is no terminal: a line when a node ends, and now and then one for a node that takes long."""

from __future__ import annotations

import threading
import time
from types import TracebackType
from typing import Self

from rich.console import Console

from penstock.cli.terminal.marks import mark_of_node
from penstock.cli.terminal.text import count, duration, shorten
from penstock.events import Event, NodeEnded, NodeState, NodeWaiting, RunStarted
from penstock.orchestration.run_view import NodeView, RunView

__all__ = ["PlainProgress"]

_FIRST_LINE = 10.0  # seconds
_LONGEST_GAP = 300.0


class PlainProgress:
    """A listener that prints lines while the ``with`` block lasts.

    A node that runs for long gets a line after ``first`` seconds, and then at gaps that double, so that a run of an
    hour stays readable while a job's log still shows that it lives.
    """

    def __init__(self, console: Console, view: RunView, *, first: float = _FIRST_LINE) -> None:
        self.console = console
        self.view = view
        self.first = first
        self._due: dict[str, tuple[float, float]] = {}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="progress lines", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()

    def __call__(self, event: Event) -> None:
        with self.view.lock:
            self.view(event)
            if isinstance(event, RunStarted):
                self._print(f"{event.pipeline}, run {event.run}: {count(len(event.nodes), 'node')}")
            elif isinstance(event, NodeWaiting):
                self._line(self.view.nodes[event.node], "  waiting", event.text, timed=False)
            elif isinstance(event, NodeEnded):
                node = self.view.nodes[event.node]
                look = mark_of_node(node.state, blocked=node.blocked)
                ran = node.state in (NodeState.COMPLETE, NodeState.FAILED)
                self._line(node, look.text(ascii_only=self.console.options.ascii_only), node.remark, timed=ran)

    def _watch(self) -> None:
        while not self._ended.wait(min(1.0, self.first)):
            self.print_due(time.time())

    def print_due(self, now: float) -> None:
        """Prints a line for each node that has run for long since its last one; ``now`` as `time.time` gives it."""
        with self.view.lock:
            for node in self.view.nodes.values():
                if node.state == NodeState.RUNNING and node.started is not None:
                    at, gap = self._due.get(node.id, (node.started + self.first, self.first))
                    if now >= at:
                        self._line(node, "  running", node.says_before_end())
                        gap = min(gap * 2, _LONGEST_GAP)
                        self._due[node.id] = (now + gap, gap)

    def _line(self, node: NodeView, word: str, remark: str, *, timed: bool = True) -> None:
        elapsed = node.elapsed(time.time()) if timed else None
        width = max(map(len, self.view.nodes))
        time_ = duration(elapsed) if elapsed is not None else ""
        self._print(f"{word:<11} {node.id:<{width}} {time_:>11}  {shorten(remark, 80)}".rstrip())

    def _print(self, line: str) -> None:
        self.console.print(line, soft_wrap=True)
        self.console.file.flush()
