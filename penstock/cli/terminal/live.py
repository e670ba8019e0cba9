"""Live progress on a terminal: the graph's nodes with state, time and progress, drawn in place."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Self

from rich.cells import cell_len
from rich.console import Console, RenderableType
from rich.live import Live
from rich.spinner import Spinner
from rich.text import Text

from penstock.cli.terminal.marks import mark, mark_of_node
from penstock.cli.terminal.text import count, duration, shorten
from penstock.cli.terminal.tree import Line, layout
from penstock.events import Event, NodeState
from penstock.orchestration.run_view import RunView

__all__ = ["LiveProgress"]

_DONE = (NodeState.COMPLETE, NodeState.REUSED)
_BAR = 16
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
                return Text.assemble(self._frame(now), (" preparing the run", "dim"))
            if len(self._lines) != len(self.view.nodes):
                graph = {node.id: node.upstream for node in self.view.nodes.values()}
                self._lines = layout(graph, ascii_only=self._ascii)
            before, shown, after = self._window()
            lines = [self._header(now)]
            if before:
                lines.append(Text(f"... {count(before, 'node')} above", style="dim"))
            width = min(max(cell_len(line.prefix + line.node) for line in shown), max(self.console.width // 2, 12))
            lines += [self._line(line, width, now) for line in shown]
            if after:
                lines.append(Text(f"... {count(after, 'node')} below", style="dim"))
        for line in lines:  # a line that wraps could not be drawn over
            line.truncate(self.console.width - 1, overflow="ellipsis")
        return Text("\n").join(lines)

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

    def _line(self, line: Line, width: int, now: float) -> Text:
        node = self.view.nodes[line.node]
        running = node.state == NodeState.RUNNING
        look = mark_of_node(node.state, blocked=node.blocked)
        name = Text.assemble((line.prefix, "dim"), (line.node, "bold" if running else ""))
        name.truncate(width, overflow="ellipsis", pad=True)
        elapsed = node.elapsed(now)
        sign = self._frame(now) if running else Text(look.ascii if self._ascii else look.sign, style=look.style)
        text = Text.assemble(
            name,
            "  ",
            sign,
            (f" {look.word:<8}", look.style),
            f" {duration(elapsed) if elapsed is not None else '':>11}  ",
        )
        if running and node.progress is not None and node.progress.total:
            text.append_text(self._bar(node.progress.done / node.progress.total)).append(" ")
        remark = node.says_before_end() if running else node.remark
        return text.append(shorten(remark, self.console.width), style="" if running else "dim")

    def _bar(self, share: float) -> Text:
        filled = round(_BAR * min(max(share, 0.0), 1.0))
        full, rest = ("#", "-") if self._ascii else ("━", "─")
        return Text.assemble((full * filled, "cyan"), (rest * (_BAR - filled), "dim"))

    def _frame(self, now: float) -> Text:
        frame = self._spinner.render(now)
        return frame if isinstance(frame, Text) else Text(">")
