"""Running a node in a child process started by exec: a crash, a kill or a cancel touches only that node."""

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
from typing import Any

from penstock.errors import NodeError, RunCanceled, from_json
from penstock.orchestration.execution import ArtifactValue, Request, Result

__all__ = ["ExecProcess"]

_GRACE_SECONDS = 3.0

# Heavy libraries read these when they are imported, which is before any code of ours in the child could set them.
_ENVIRONMENT = {
    "TF_USE_LEGACY_KERAS": "0",  # importing tf.Transform would turn tf.keras into Keras 2 for the whole process
    "TF_CPP_MIN_LOG_LEVEL": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "CUDA_MODULE_LOADING": "LAZY",
}


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
        log.parent.mkdir(parents=True, exist_ok=True)
        read_end, write_end = os.pipe()
        with log.open("ab") as log_file, os.fdopen(read_end, "rb", buffering=0) as pipe:
            try:
                child = subprocess.Popen(
                    [sys.executable, "-u", "-P", "-m", "penstock.orchestration.local.child", str(write_end)],
                    stdin=subprocess.PIPE,
                    stdout=log_file,
                    stderr=subprocess.STDOUT,
                    pass_fds=(write_end,),
                    env=_environment(),
                    cwd=request.directory,
                    start_new_session=True,
                )
            finally:
                os.close(write_end)
            try:
                assert child.stdin is not None
                with contextlib.suppress(BrokenPipeError):  # it died at once; the exit code says how
                    child.stdin.write(json.dumps(request.to_json()).encode() + b"\n")
                    child.stdin.flush()
                last = self._listen(child, pipe, emit)
            finally:
                _end(child, canceled=self._canceled.is_set())
        if self._canceled.is_set():
            raise RunCanceled(f"{request.node} was canceled.", node=request.node)
        if last.get("type") == "error":
            raise from_json(last["error"])
        if last.get("type") != "result":
            raise _died(child.returncode, request.node, log)
        return Result({name: ArtifactValue(**artifact) for name, artifact in last["outputs"].items()})

    def _listen(
        self, child: subprocess.Popen[bytes], pipe: Any, emit: Callable[[dict[str, Any]], None]
    ) -> dict[str, Any]:
        """Passes events on until the child closes the pipe or dies; returns its last word."""
        last: dict[str, Any] = {}
        rest = b""
        with selectors.DefaultSelector() as selector:
            selector.register(pipe, selectors.EVENT_READ)
            while not self._canceled.is_set():
                if not selector.select(timeout=0.2):
                    if child.poll() is not None:  # a grandchild may hold the pipe open
                        break
                    continue
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
        return last


def _environment() -> dict[str, str]:
    environment = {**_ENVIRONMENT, **os.environ}
    root = str(Path(__file__).resolve().parents[3])
    if root not in sys.path[1:]:
        # Penstock was found through the working directory, which is another one in the child.
        paths = [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]
        environment["PYTHONPATH"] = os.pathsep.join([*paths, root])
    return environment


def _end(child: subprocess.Popen[bytes], *, canceled: bool) -> None:
    """Ends the child and everything it started: politely, then not."""
    if child.stdin is not None:
        with contextlib.suppress(OSError):
            child.stdin.close()
    deadline = time.monotonic() + _GRACE_SECONDS
    polite = False
    if not canceled:  # it has said its last word, or died: how is told by its exit code
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(_GRACE_SECONDS)
    while child.poll() is None:
        if time.monotonic() > deadline:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            child.wait()
            break
        if not polite:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGTERM)
            polite = True
        time.sleep(0.01)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)  # grandchildren that outlived it


def _died(code: int, node: str, log: Path) -> NodeError:
    if code < 0:
        name = signal.Signals(-code).name
        hint = (
            "The system may have run out of memory: see `dmesg`, or give the node less to do at once."
            if -code == signal.SIGKILL
            else "Run it again with the log open; a crash in native code leaves its trace there."
        )
        return NodeError(f"The process of {node} was ended by {name}.", hint=hint, node=node, log=str(log))
    return NodeError(
        f"The process of {node} ended with exit code {code} before it had a result.",
        hint="Its log may say why.",
        node=node,
        log=str(log),
    )
