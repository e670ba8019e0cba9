"""Which way a run is shown while it goes on: in place on a terminal, as lines, as JSON, or not at all."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator

from penstock.cli.terminal.console import console
from penstock.events import Listener
from penstock.orchestration.run_view import RunView

__all__ = ["shown"]


@contextlib.contextmanager
def shown(view: RunView, *, as_json: bool = False, quiet: bool = False) -> Iterator[Listener]:
    """The listener to give to a run; what it shows ends with the ``with`` block."""
    if as_json:
        from penstock.cli.terminal.events_json import JsonProgress

        yield JsonProgress(view, sys.stdout)
    elif quiet:
        yield view
    elif (terminal := console()).is_terminal and not terminal.is_dumb_terminal:
        from penstock.cli.terminal.live import LiveProgress

        with LiveProgress(terminal, view) as listener:
            yield listener
    else:
        from penstock.cli.terminal.plain import PlainProgress

        with PlainProgress(terminal, view) as listener:
            yield listener
