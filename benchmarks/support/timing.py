"""Timing whole processes, and putting two programs' times side by side."""

from __future__ import annotations

import contextlib
import ctypes
import os
import platform
import resource
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Timing", "adopt_orphans", "compare", "failed", "machine", "timed"]

_PR_SET_CHILD_SUBREAPER = 36


@dataclass(frozen=True)
class Timing:
    """What one run of a program took.

    Attributes:
        wall: Seconds from its start until it ended.
        cpu: User and system seconds of all its processes.
        code: Its exit code.
        output: What it printed on standard output.
    """

    wall: float
    cpu: float
    code: int
    output: str


def adopt_orphans() -> None:
    """Has processes whose parent ended become children of this one, so that their time is counted too (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def timed(command: Sequence[str], log: Path, *, environment: Mapping[str, str], directory: Path) -> Timing:
    """Runs a program to its end; its standard error goes to the log.

    The CPU time is that of every process it started: what they leave behind is waited for, and ended after a while.
    """
    output = log.with_suffix(".out")
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.monotonic()
    with output.open("wb") as out, log.open("wb") as err:
        process = subprocess.Popen(
            command, stdout=out, stderr=err, env=dict(environment), cwd=directory, start_new_session=True
        )
        code = process.wait()
        wall = time.monotonic() - began
    _end_group(process.pid)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    return Timing(wall, cpu, code, output.read_text(errors="replace"))


def _end_group(group: int) -> None:
    """Reaps what has become a child of this process; what is still running after two seconds is ended."""
    deadline = time.monotonic() + 2
    while True:
        try:
            pid, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            if time.monotonic() > deadline:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(group, signal.SIGKILL)
                return
            time.sleep(0.02)


def failed(name: str, timing: Timing, log: Path) -> None:
    """Ends the benchmark if a program failed: its times would say nothing."""
    if timing.code:
        tail = log.read_text(errors="replace")[-3000:]
        sys.exit(f"{name} failed with exit code {timing.code}:\n{tail}\nThe whole of it is in {log}.")


def machine() -> str:
    """Cores, processor and memory, in one line."""
    model = ""
    with contextlib.suppress(OSError):
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{cores} cores, {model or platform.machine()}, {memory:.0f} GiB, {platform.system()} {platform.release()}"


def compare(programs: Mapping[str, Callable[[int], Timing]], runs: int) -> dict[str, list[Timing]]:
    """Runs each program in turns and prints each run, the medians, and how they compare with the first program's.

    Args:
        programs: By name; each is given the number of the run.
        runs: How often each runs.
    """
    found: dict[str, list[Timing]] = {name: [] for name in programs}
    width = max(map(len, programs))
    for number in range(runs):
        for name, program in programs.items():
            load = os.getloadavg()[0]
            timing = program(number)
            found[name].append(timing)
            print(
                f"  {name:{width}}  run {number + 1}  {timing.wall:7.2f} s wall  {timing.cpu:7.2f} s CPU"
                f"  (load average before it {load:.1f})",
                flush=True,
            )
    print(f"\nmedian of {runs}")
    first: tuple[float, float] | None = None
    for name, timings in found.items():
        wall = statistics.median(timing.wall for timing in timings)
        cpu = statistics.median(timing.cpu for timing in timings)
        line = f"  {name:{width}}  {wall:7.2f} s wall  {cpu:7.2f} s CPU"
        if first is None:
            first = wall, cpu
        else:
            line += f"   {wall / first[0]:5.1f} times the wall time, {cpu / first[1]:5.1f} times the CPU time"
        print(line)
    return found
