"""Running nodes in children of a warm server, which has imported the heavy libraries once for all of them."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Event as Flag
from typing import Any

from penstock.orchestration.execution import Request, Result
from penstock.orchestration.local.process import ExecProcess, child_environment, follow
from penstock.orchestration.local.warm_server import MESSAGE_BYTES

__all__ = ["WarmProcess"]

# What takes seconds to import. A node that needs none of them is not made to wait for a server that is importing.
HEAVY = {
    "apache_beam",
    "keras",
    "tensorflow",
    "tensorflow_model_analysis",
    "tensorflow_transform",
    "tf_keras",
    "tfx_bsl",
}

# These are imported sooner by a process of their own than behind TensorFlow.
QUICKER = {"apache_beam", "tfx_bsl"}


class WarmProcess:
    """Executes requests in children of one warm server; where that is not possible, in a fresh process each.

    The server is started when the first node that needs a heavy library runs, and ends with this object.

    Args:
        canceled: When set, running children are ended and their nodes raise `RunCanceled`.
        modules: For a node's id, the modules it will import, the heavy ones among them.
        order: Ids of the nodes in the order in which they are likely to run.
        always: True to run no node in a process of its own that has something heavy to import, however quick that is.
    """

    def __init__(
        self, canceled: Flag, modules: Callable[[str], Sequence[str]], order: Sequence[str], *, always: bool = False
    ) -> None:
        self._canceled = canceled
        self._modules = modules
        self._order = list(order)
        self._always = always
        self._cold = ExecProcess(canceled)
        self._lock = threading.Lock()
        self._server: _Server | None = None

    def execute(self, request: Request, log: Path, emit: Callable[[dict[str, Any]], None]) -> Result:
        """Runs one node; see `ExecProcess.execute`."""
        needs = [module for module in self._modules(request.node) if module.partition(".")[0] in HEAVY]
        server = self._started(request.node)
        if server is None or not needs or not (self._always or server.has(needs) or _worth_waiting(needs)):
            return self._cold.execute(request, log, emit)
        read_end, write_end = os.pipe()
        life_read, life_write = os.pipe()
        with contextlib.ExitStack() as stack:
            stack.callback(os.close, life_write)
            pipe = stack.enter_context(os.fdopen(read_end, "rb", buffering=0))
            log_file = stack.enter_context(log.open("ab"))
            try:
                child = server.start(needs, (log_file.fileno(), write_end, life_read), self._canceled)
            finally:
                os.close(write_end)
                os.close(life_read)
            if child is not None:
                return follow(child, request, life_write, pipe, emit, self._canceled, log)
        return self._cold.execute(request, log, emit)

    def _started(self, node: str) -> _Server | None:
        """The server, started at the first call: it imports for this node first, then for those that come after."""
        with self._lock:
            if self._server is None:
                ahead = self._order[self._order.index(node) :] if node in self._order else []
                wanted = dict.fromkeys(module for each in (node, *ahead) for module in self._modules(each))
                if not any(module.partition(".")[0] in HEAVY for module in wanted):
                    return None
                # Longest first: whatever waits for an import waits for these.
                self._server = _Server(sorted(wanted, key=lambda module: not _worth_waiting([module])))
            return self._server if self._server.alive else None

    def close(self) -> None:
        """Ends the server."""
        with self._lock:
            if self._server is not None:
                self._server.close()


def _worth_waiting(modules: Sequence[str]) -> bool:
    """Whether waiting for the server's import is better than importing once more beside it, on another core."""
    return any(module.partition(".")[0] not in QUICKER for module in modules)


class _Server:
    """The runner's side of the server: a socket, and a thread that takes its answers."""

    def __init__(self, modules: list[str]) -> None:
        self._channel, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with other:
            self._process = subprocess.Popen(
                [sys.executable, "-u", "-P", "-m", "penstock.orchestration.local.warm_server", str(other.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,  # what imports print belongs to no node; a failing one is told by its node
                stderr=subprocess.DEVNULL,
                pass_fds=(other.fileno(),),
                env=child_environment(),
                start_new_session=True,
            )
        self._ids = itertools.count()
        self._sending = threading.Lock()
        self._changed = threading.Condition()
        self._answers: dict[int, dict[str, Any]] = {}
        self._codes: dict[int, int] = {}
        self._imported: set[str] = set()
        self.alive = True
        self._send({"modules": modules}, ())
        threading.Thread(target=self._listen, name="warm-server", daemon=True).start()

    def start(self, needs: Sequence[str], fds: Sequence[int], canceled: Flag) -> _WarmChild | None:
        """Has a child forked that takes over the descriptors; nothing if the server is gone or must not fork."""
        number = next(self._ids)
        self._send({"id": number, "needs": list(needs)}, fds)
        with self._changed:
            while number not in self._answers and self.alive and not canceled.is_set():
                self._changed.wait(0.2)
            answer = self._answers.pop(number, {})
        return _WarmChild(answer["pid"], self) if "pid" in answer else None

    def has(self, modules: Sequence[str]) -> bool:
        """Whether all of them have been imported."""
        return self._imported.issuperset(modules)

    def code(self, pid: int) -> int | None:
        """The exit code of a child; once the server is gone, whether it still is there is all that can be known."""
        with self._changed:
            if pid in self._codes:
                return self._codes[pid]
        if self.alive:
            return None
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return 1
        return None

    def _send(self, value: dict[str, Any], fds: Sequence[int]) -> None:
        with self._sending, contextlib.suppress(OSError):
            socket.send_fds(self._channel, [json.dumps(value).encode()], list(fds))

    def _listen(self) -> None:
        with contextlib.suppress(OSError):
            while message := self._channel.recv(MESSAGE_BYTES):
                told = json.loads(message)
                with self._changed:
                    if "id" in told:
                        self._answers[told["id"]] = told
                    elif "imported" in told:
                        self._imported.add(told["imported"])
                    else:
                        self._codes[told["pid"]] = told["code"]
                    self._changed.notify_all()
        with self._changed:
            self.alive = False
            self._changed.notify_all()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._channel.shutdown(socket.SHUT_RDWR)
        self._process.kill()
        self._process.wait()
        self._channel.close()


class _WarmChild:
    """A `Child` that the warm server forked."""

    def __init__(self, pid: int, server: _Server) -> None:
        self._pid = pid
        self._server = server

    @property
    def pid(self) -> int:
        return self._pid

    def poll(self) -> int | None:
        return self._server.code(self._pid)
