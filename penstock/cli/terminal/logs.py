"""Printing a node's log, and following one that still grows."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

from penstock.cli.terminal.text import safe, tail

__all__ = ["print_log"]

_POLL = 0.3  # seconds
_BLOCK = 2**16


def print_log(path: Path, *, lines: int | None = None, follow: Callable[[], bool] | None = None) -> None:
    """Prints a file, or its last lines.

    Args:
        path: The file.
        lines: Only so many from its end.
        follow: Asked now and then whether more may come; printing ends when it says no.
    """
    with path.open(encoding="utf-8", errors="replace", newline="") as file:
        if lines is not None:
            for line in tail(path, lines):
                _write(line + "\n")
            file.seek(0, 2)
        while True:
            more = follow() if follow is not None else False  # asked before reading: nothing written before is lost
            while block := file.read(_BLOCK):
                _write(block)
            sys.stdout.flush()
            if not more:
                return
            time.sleep(_POLL)


def _write(text: str) -> None:
    """Writes to standard output; a terminal gets no escape sequences, which a log may hold by accident."""
    sys.stdout.write(safe(text) if sys.stdout.isatty() else text)
