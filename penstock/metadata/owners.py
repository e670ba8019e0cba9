"""Processes that own work: naming one so that others can tell later whether it still lives."""

from __future__ import annotations

import os
import socket
from pathlib import Path

__all__ = ["is_alive", "process_owner"]


def process_owner(pid: int | None = None) -> str:
    """Names a process so that another one on this host can tell whether it lives: ``host:pid:starttime``.

    The time tells it from a later process of the same number.
    """
    pid = os.getpid() if pid is None else pid
    return f"{socket.gethostname()}:{pid}:{_start_time(pid) or 0}"


def is_alive(owner: str | None) -> bool | None:
    """Whether a process lives; None where that cannot be told, because it is on another host."""
    host, _, rest = (owner or "").rpartition(":")
    host, _, pid = host.rpartition(":")
    if host != socket.gethostname() or not pid.isdigit():
        return None
    started = _start_time(int(pid))
    return started is not None and str(started) == rest


def _start_time(pid: int) -> int | None:
    """When a process started, in the kernel's clock ticks; 0 where the system does not say; None if it is gone."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except FileNotFoundError:
        if Path("/proc/self/stat").exists():
            return None
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return None
        except PermissionError:
            return 0
        return 0
    # The command's name may hold spaces and brackets, so count from its end; a zombie does no work any more.
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] in "ZX" else int(fields[19])
