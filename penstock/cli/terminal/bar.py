"""A bar on standard error for work whose length is known; nothing where nobody looks."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

from penstock.cli.terminal.console import console

__all__ = ["bar"]


@contextlib.contextmanager
def bar(doing: str, *, quiet: bool = False) -> Iterator[Callable[[int, int, str], None]]:
    """A function to be told how much is done, of how much, and what comes next; the bar is gone afterwards."""
    terminal = console(stderr=True)
    if quiet or not terminal.is_terminal or terminal.is_dumb_terminal:
        yield lambda _done, _total, _text: None
        return
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(24), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, TextColumn("{task.fields[text]}"), console=terminal, transient=True) as progress:
        task = progress.add_task(doing, total=None, text="")
        yield lambda done, total, text: progress.update(task, completed=done, total=total, text=text)
