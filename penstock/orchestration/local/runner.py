"""The local runner: ready nodes in parallel on this machine, each in a process of its own."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from types import FrameType
from typing import Any

from penstock.orchestration.launcher import NodeOutcome, RunContext, launch, skip
from penstock.orchestration.outcomes import held_back
from penstock.orchestration.plan import Plan, PlanNode

__all__ = ["run_nodes"]

# Nodes that wait for a result which another run is computing take no slot of `RunContext.slots`, but a thread.
_WAITING = 16


def run_nodes(
    plan: Plan, context: RunContext, canceled: threading.Event, jobs: int | None = None
) -> dict[str, NodeOutcome]:
    """Runs every node of a plan as soon as what it waits for has ended, at most ``jobs`` at once.

    A failed node holds back what depends on it; independent nodes go on. Interrupting the main thread, or
    terminating the process, cancels: running nodes are ended, nothing new is begun.

    Returns:
        The outcome of each node.
    """
    waiting = list(plan.nodes)
    outcomes: dict[str, NodeOutcome] = {}
    running: dict[Future[NodeOutcome], str] = {}
    threads = (jobs or os.cpu_count() or 1) + _WAITING
    with _terminate_as_interrupt(), ThreadPoolExecutor(threads, "node") as pool:
        while waiting or running:
            try:
                if not canceled.is_set():
                    _start_ready(waiting, outcomes, running, context, pool)
                elif waiting:
                    for node in waiting:
                        outcomes[node.id] = skip(node, context, "the run was canceled")
                    waiting.clear()
                if running:
                    done, _ = wait(running, return_when=FIRST_COMPLETED)
                    for future in done:
                        outcomes[running.pop(future)] = future.result()
            except KeyboardInterrupt:
                canceled.set()
            except BaseException:
                canceled.set()  # a fault of ours or of the store's: no child may outlive this function
                raise
    return outcomes


def _start_ready(
    waiting: list[PlanNode],
    outcomes: dict[str, NodeOutcome],
    running: dict[Future[NodeOutcome], str],
    context: RunContext,
    pool: ThreadPoolExecutor,
) -> None:
    for node in list(waiting):
        if any(name not in outcomes for name in node.upstream):
            continue
        waiting.remove(node)
        reason = held_back(node, outcomes)
        if reason:
            outcomes[node.id] = skip(node, context, reason)
        else:
            upstream = {name: outcomes[name] for name in node.upstream}
            running[pool.submit(launch, node, context, upstream)] = node.id


@contextmanager
def _terminate_as_interrupt() -> Iterator[None]:
    """Takes SIGTERM as Ctrl-C, so that children are ended and the store is left in order."""

    def interrupt(_signal: int, _frame: FrameType | None) -> Any:
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
