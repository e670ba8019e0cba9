"""Live progress on a terminal: the graph's nodes with state, time and progress, drawn in place."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from penstock.cli.terminal.marks import mark, mark_of_node
from penstock.cli.terminal.run_view import NodeView, RunView
from penstock.cli.terminal.text import count, duration, shorten
from penstock.cli.terminal.tree import Line, layout
from penstock.events import Event, NodeState

__all__ = ["LiveProgress"]

_DONE = (NodeState.COMPLETE, NodeState.REUSED)
_OTHER_LINES = 4  # the header, the two lines that count what is folded away, and the cursor's


class LiveProgress:
    """A listener that shows the run while the ``with`` block lasts; what it drew is gone afterwards.

    Args:
        console: The terminal.
        view: Where events are folded into.
    """

    def __init__(self, console: Console, view: RunView) -> None:
        self.console = console
        self.view = view
        self._ascii = console.options.ascii_only
        self._spinner = Spinner("line" if self._ascii else "dots", style="cyan")
        self._lines: list[Line] = []
        self._live = Live(
            console=console, get_renderable=self.render, refresh_per_second=6, transient=True, redirect_stderr=False
        )

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def __call__(self, event: Event) -> None:
        self.view(event)

    def render(self) -> RenderableType:
        """What stands on the terminal at this moment."""
        now = time.time()
        with self.view.lock:
            if not self.view.nodes:
                return Group(self._spinner, Text("preparing the run", style="dim"))
            if len(self._lines) != len(self.view.nodes):
                graph = {node.id: node.upstream for node in self.view.nodes.values()}
                self._lines = layout(graph, ascii_only=self._ascii)
            table = Table.grid(padding=(0, 2), expand=False)
            table.add_column(no_wrap=True, max_width=max(self.console.width // 2, 20))
            table.add_column(no_wrap=True, width=10)
            table.add_column(no_wrap=True, justify="right", width=11)
            table.add_column(no_wrap=True, overflow="ellipsis")
            before, shown, after = self._window()
            if before:
                table.add_row(Text(f"... {count(before, 'node')} above", style="dim"))
            for line in shown:
                self._add(table, line, now)
            if after:
                table.add_row(Text(f"... {count(after, 'node')} below", style="dim"))
            return Group(self._header(now), table)

    def _header(self, now: float) -> Text:
        view = self.view
        done, elapsed = view.count(*_DONE), now - (view.started or now)
        failed = view.count(NodeState.FAILED)
        text = Text(f"{view.pipeline}, run {view.run}: {done} of {len(view.nodes)} done, {duration(elapsed)}")
        if failed:
            text.append(f", {failed} failed", style=mark("failed").style)
        return text

    def _window(self) -> tuple[int, list[Line], int]:
        """The lines that fit on the terminal, around the first node that is not done; how many are before, after."""
        room = max(self.console.height - _OTHER_LINES, 3)
        if len(self._lines) <= room:
            return 0, self._lines, 0
        nodes = self.view.nodes
        first = next((i for i, line in enumerate(self._lines) if nodes[line.node].state not in _DONE), 0)
        start = min(max(first - room // 3, 0), len(self._lines) - room)
        return start, self._lines[start : start + room], len(self._lines) - start - room

    def _add(self, table: Table, line: Line, now: float) -> None:
        node = self.view.nodes[line.node]
        look = mark_of_node(node.state, blocked=node.blocked)
        sign: RenderableType
        name = Text(line.prefix, style="dim")
        if node.state == NodeState.RUNNING:
            sign = Text.assemble(self._frame(now), f" {look.word}", style=look.style)
        else:
            sign = Text(look.text(ascii_only=self._ascii), style=look.style)
        name.append(line.node, style="bold" if node.state == NodeState.RUNNING else "")
        elapsed = node.elapsed(now)
        table.add_row(name, sign, duration(elapsed) if elapsed is not None else "", self._remark(node))

    def _frame(self, now: float) -> Text:
        frame = self._spinner.render(now)
        return frame if isinstance(frame, Text) else Text(">")

    def _remark(self, node: NodeView) -> RenderableType:
        width = max(self.console.width // 2 - 24, 10)
        if node.state != NodeState.RUNNING:
            return Text(shorten(node.remark, width), style="dim")
        words = Text(shorten(node.says_before_end(), width))
        if node.progress is None or not node.progress.total:
            return words
        grid = Table.grid(padding=(0, 1))
        bar = ProgressBar(total=node.progress.total, completed=min(node.progress.done, node.progress.total), width=16)
        grid.add_row(bar, words)
        return grid
