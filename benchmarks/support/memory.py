"""The memory of a program with all processes that it starts (Linux)."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

__all__ = ["peak_of_tree"]

_PAUSE_SECONDS = 0.02


def peak_of_tree(command: Sequence[str], directory: Path) -> tuple[float, float]:
    """Runs a command to its end; the most MB that it and its descendants held at a time, and CPU seconds of them all.

    Memory is the sum of their proportional set sizes, in which a page that processes share counts once; it is looked
    at every `_PAUSE_SECONDS`. The benchmark ends if the command fails.
    """
    before = os.times()
    with subprocess.Popen(command, cwd=directory, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        peak = 0
        while process.poll() is None:
            peak = max(peak, sum(_kilobytes(pid) for pid in _tree(process.pid)))
            time.sleep(_PAUSE_SECONDS)
        if process.returncode:
            message = process.stderr.read().decode(errors="replace")[-2000:] if process.stderr else ""
            raise SystemExit(f"{' '.join(command)} failed:\n{message}")
    after = os.times()
    cpu = after.children_user - before.children_user + after.children_system - before.children_system
    return peak / 1024, cpu


def _tree(pid: int) -> list[int]:
    """A process and its descendants."""
    found = [pid]
    for parent in found:
        with suppress(OSError):
            for task in Path(f"/proc/{parent}/task").iterdir():
                found += [int(child) for child in (task / "children").read_text().split()]
    return found


def _kilobytes(pid: int) -> int:
    with suppress(OSError):  # it may have ended
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1])
    return 0
