"""Running a node in a child process: a crash, a kill or a cancel touches only that node.

How the child is started differs (`ExecProcess` here, `warm.WarmProcess`); how it is listened to and ended does not.
"""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from threading import Event as Flag
from typing import Any, Protocol

from penstock.errors import NodeError, RunCanceled, from_json
from penstock.orchestration.execution import Request, Result
from penstock.orchestration.local.child import WHERE

__all__ = ["Child", "ExecProcess", "child_environment", "follow"]

_GRACE_SECONDS = 3.0
_POLL_SECONDS = 0.2
_TELLING_SECONDS = 0.2  # to write where it stands
_CODE_SECONDS = 20.0  # a warm server tells it after the import that it is busy with

# Heavy libraries read these when they are imported, which is before any code of ours in the child could set them.
_ENVIRONMENT = {
    "TF_USE_LEGACY_KERAS": "0",  # importing tf.Transform would turn tf.keras into Keras 2 for the whole process
    "TF_CPP_MIN_LOG_LEVEL": "1",
    "OPENBLAS_NUM_THREADS": "1",  # its threads would keep the warm server from forking
    "CUDA_MODULE_LOADING": "LAZY",
}


class Child(Protocol):
    """A process that runs a node, and leads a process group of its own."""

    @property
    def pid(self) -> int:
        """Its id, and that of its group."""
        ...

    def poll(self) -> int | None:
        """Its exit code, or minus the signal that ended it; nothing while it runs."""
        ...


class _ExecChild:
    """A `Child` that this process started itself."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process

    @property
    def pid(self) -> int:
        return self._process.pid

    def poll(self) -> int | None:
        return self._process.poll()


class ExecProcess:
    """Executes requests, each in a fresh process; one instance serves any number of threads.

    Args:
        canceled: When set, running children are ended and their nodes raise `RunCanceled`.
    """

    def __init__(self, canceled: Flag) -> None:
        self._canceled = canceled

    def execute(self, request: Request, log: Path, emit: Callable[[dict[str, Any]], None]) -> Result:
        """Runs one node; see `penstock.orchestration.execution.execute` for what it raises.

        Raises:
            NodeError: The process died without a word: its exit code or signal is named.
            RunCanceled: The run was canceled meanwhile.
        """
        read_end, write_end = os.pipe()
        with log.open("ab") as log_file, os.fdopen(read_end, "rb", buffering=0) as pipe:
            try:
                process = subprocess.Popen(
                    [sys.executable, "-u", "-P", "-m", "penstock.orchestration.local.child", str(write_end)],
                    stdin=subprocess.PIPE,
                    bufsize=0,
                    stdout=log_file,
                    stderr=subprocess.STDOUT,
                    pass_fds=(write_end,),
                    env=child_environment(),
                    start_new_session=True,
                )
            finally:
                os.close(write_end)
            assert process.stdin is not None
            life = process.stdin.fileno()
            try:
                return follow(_ExecChild(process), request, life, pipe, emit, self._canceled, log)
            finally:
                with contextlib.suppress(OSError):
                    process.stdin.close()
                process.wait()

    def close(self) -> None:
        """Nothing outlives a request."""


def follow(
    child: Child,
    request: Request,
    life: int,
    pipe: Any,
    emit: Callable[[dict[str, Any]], None],
    canceled: Flag,
    log: Path,
) -> Result:
    """Asks a child to run a node, passes its events on, returns its result or raises its error; ends it in any case.

    Args:
        child: The process.
        request: What it is asked.
        life: The end to write of the pipe that it reads the request from; it lives as long as this is open.
        pipe: The end to read of the pipe that it writes to.
        emit: Takes each event.
        canceled: When set, the child is ended.
        log: For messages.
    """
    node = request.node
    last: dict[str, Any] = {}
    began = time.monotonic()
    late = False
    try:
        with contextlib.suppress(BrokenPipeError):  # it died at once; the exit code says how
            _write_all(life, json.dumps(request.to_json()).encode() + b"\n")
        deadline = began + request.options.timeout if request.options.timeout else None
        last = _listen(child, pipe, emit, canceled, deadline)
        late = not last and deadline is not None and time.monotonic() >= deadline
        if late:
            _tell_where(child)
    finally:
        stopped = canceled.is_set() or late
        code = _end(child, polite=stopped, wait=not last and not stopped)
    if canceled.is_set():
        raise RunCanceled(f"{node} was canceled.", node=node)
    if late:
        raise _too_slow(request, time.monotonic() - began, log)
    if last.get("type") == "error":
        raise from_json(last["error"])
    if last.get("type") != "result":
        raise _died(code, node, log)
    return Result.from_json(last)


def _listen(
    child: Child, pipe: Any, emit: Callable[[dict[str, Any]], None], canceled: Flag, deadline: float | None
) -> dict[str, Any]:
    """Passes events on until the child closes the pipe or dies, or its time is over; returns its last word."""
    last: dict[str, Any] = {}
    rest = b""
    with selectors.DefaultSelector() as selector:
        selector.register(pipe, selectors.EVENT_READ)
        while not canceled.is_set():
            left = _POLL_SECONDS if deadline is None else deadline - time.monotonic()
            if left <= 0:
                break
            if not selector.select(timeout=min(left, _POLL_SECONDS)):
                if child.poll() is None:
                    continue
                # It may have said its last word since nothing was there to read.
                if not selector.select(timeout=0):  # a grandchild may hold the pipe open
                    break
            chunk = pipe.read(65536)
            if not chunk:
                break
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                event = json.loads(line)
                if event["type"] in ("result", "error"):
                    last = event
                else:
                    emit(event)
            if last:
                break
    return last


def child_environment() -> dict[str, str]:
    """The environment of child processes: this one's, with what heavy libraries need to be told."""
    environment = {**_ENVIRONMENT, **os.environ}
    root = str(Path(__file__).resolve().parents[3])
    if root not in sys.path[1:]:
        # Penstock was found through the working directory, which is another one in the child.
        paths = [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]
        environment["PYTHONPATH"] = os.pathsep.join([*paths, root])
    return environment


def _end(child: Child, *, polite: bool, wait: bool) -> int | None:
    """Ends the child and everything it started.

    Args:
        child: The process. If it has said its last word, nothing of it is needed any more.
        polite: Whether its code may still be running, and is asked to end first.
        wait: Whether it died before its last word, so that its exit code is all there is to tell.

    Returns:
        Its exit code, if it was waited for.
    """
    code = None
    if wait:
        _wait(child, _CODE_SECONDS)
        code = child.poll()
    if polite:
        _signal(child, signal.SIGTERM)
        _wait(child, _GRACE_SECONDS)
    _signal(child, signal.SIGKILL)  # itself, if it is still there, and grandchildren that outlive it
    return code


def _write_all(fd: int, data: bytes) -> None:
    while data:
        data = data[os.write(fd, data) :]


def _wait(child: Child, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while child.poll() is None and time.monotonic() < deadline:
        time.sleep(0.002)


def _signal(child: Child, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, number)


def _tell_where(child: Child) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(child.pid, WHERE)
        time.sleep(_TELLING_SECONDS)


def _died(code: int | None, node: str, log: Path) -> NodeError:
    if code is not None and code < 0:
        message = f"The process of {node} was ended by {signal.Signals(-code).name}."
        hint = (
            "The system may have run out of memory: see `dmesg`, or give the node less to do at once."
            if -code == signal.SIGKILL
            else "A crash in native code leaves its trace in the node's log."
        )
    else:
        how = "" if code is None else f" with exit code {code}"
        message = f"The process of {node} ended{how} before it had a result."
        hint = "Its log may say why."
    return NodeError(message, hint=hint, node=node, log=str(log), retryable=True)


def _too_slow(request: Request, seconds: float, log: Path) -> NodeError:
    return NodeError(
        f"{request.node} was ended after {seconds:.1f} s: its timeout is {request.options.timeout:g} s.",
        hint="If it is only slow, raise its option timeout. Its log ends where it stood, thread by thread.",
        node=request.node,
        log=str(log),
        timeout=request.options.timeout,
        seconds=round(seconds, 3),
        retryable=True,
    )
