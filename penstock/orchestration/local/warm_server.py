"""The warm server: a process that has imported heavy libraries, run nothing, and forks a child for each request.

Started as ``python -m penstock.orchestration.local.warm_server FD``, with one end of a socket pair. It is never
forked from the caller, and forks only while it has one thread: a process that has run a TensorFlow operation, or
started a gRPC thread, must not be forked. Modules are imported one after another, and requests that need none of
those still to come are served in between.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import random
import selectors
import signal
import socket
import sys
import threading
import traceback
from pathlib import Path
from typing import Any, NoReturn

__all__ = ["MESSAGE_BYTES", "main"]

MESSAGE_BYTES = 1 << 16

# Harmless in a child though it does not live on there: the background thread of Arrow's allocator inside tfx_bsl.
_HARMLESS_THREADS = {"jemalloc_bg_thd"}


class _Server:
    """Serves one runner until its end of the socket closes."""

    def __init__(self, channel: socket.socket) -> None:
        self._channel = channel
        self._to_import: list[str] = []
        self._waiting: list[tuple[dict[str, Any], list[int]]] = []
        self._children: set[int] = set()
        # A signal that arrives while nothing is read makes the selector look again.
        self._wake, wake_end = socket.socketpair()
        self._wake.settimeout(0)
        wake_end.settimeout(0)
        signal.set_wakeup_fd(wake_end.fileno())
        self._wake_end = wake_end
        signal.signal(signal.SIGCHLD, lambda *_: None)
        self._selector = selectors.DefaultSelector()
        self._selector.register(channel, selectors.EVENT_READ)
        self._selector.register(self._wake, selectors.EVENT_READ)

    def serve(self) -> None:
        """Runs until the runner is gone."""
        while True:
            for key, _ in self._selector.select(timeout=0 if self._to_import else None):
                if key.fileobj is self._wake:
                    with contextlib.suppress(BlockingIOError):
                        self._wake.recv(4096)
                elif not self._receive():
                    return
            self._reap()
            self._start_those_ready()
            if self._to_import:
                module = self._to_import.pop(0)
                _import_quietly(module)
                self._say({"imported": module})
                self._start_those_ready()

    def _receive(self) -> bool:
        message, fds, _, _ = socket.recv_fds(self._channel, MESSAGE_BYTES, 3)
        if not message:
            return False
        asked = json.loads(message)
        if "modules" in asked:
            known = {*self._to_import, *sys.modules}
            self._to_import += [module for module in asked["modules"] if module not in known]
        if "id" in asked:
            self._waiting.append((asked, fds))
        return True

    def _start_those_ready(self) -> None:
        still: list[tuple[dict[str, Any], list[int]]] = []
        for asked, fds in self._waiting:
            if set(asked["needs"]) & set(self._to_import):
                still.append((asked, fds))
            else:
                self._start(asked, fds)
        self._waiting = still

    def _start(self, asked: dict[str, Any], fds: list[int]) -> None:
        if not _may_fork():
            self._say({"id": asked["id"], "declined": _threads()})
        else:
            # What was imported stays: no child of this server has to look through it for garbage, or copies its pages.
            gc.freeze()
            pid = os.fork()
            if pid == 0:
                self._become_child(fds)
            self._children.add(pid)
            self._say({"id": asked["id"], "pid": pid})
        for fd in fds:
            os.close(fd)

    def _become_child(self, fds: list[int]) -> NoReturn:
        try:
            os.setsid()
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            signal.signal(signal.SIGINT, signal.default_int_handler)
            for own in (self._channel, self._wake, self._wake_end):
                own.close()
            for _, others in self._waiting:
                for fd in others:
                    if fd not in fds:
                        with contextlib.suppress(OSError):
                            os.close(fd)
            log_fd, pipe_fd, life_fd = fds
            os.dup2(log_fd, 1)
            os.dup2(log_fd, 2)
            os.close(log_fd)
            _reseed()
            gc.enable()
            from penstock.orchestration.local.child import run

            run(pipe_fd, life_fd)
        finally:  # whatever happened, nothing may return from here into the server's loop
            traceback.print_exc()
            os._exit(70)

    def _reap(self) -> None:
        for pid in list(self._children):
            done, status = os.waitpid(pid, os.WNOHANG)
            if done:
                self._children.discard(pid)
                self._say({"pid": pid, "code": os.waitstatus_to_exitcode(status)})

    def _say(self, value: dict[str, Any]) -> None:
        with contextlib.suppress(BrokenPipeError):
            self._channel.send(json.dumps(value).encode())


def _import_quietly(module: str) -> None:
    """Imports a module; one that cannot be imported is left to the node that needs it, whose log then says why."""
    # Whatever a library raises while it is imported, the server has not been asked for it yet.
    with contextlib.suppress(Exception):
        importlib.import_module(module)


def _reseed() -> None:
    """Gives the child random numbers of its own."""
    random.seed()
    numpy = sys.modules.get("numpy")
    if numpy is not None:
        numpy.random.seed(None)


def _threads() -> list[str]:
    """The names of this process's threads beside the main one, as far as the system tells."""
    tasks = Path("/proc/self/task")
    if not tasks.is_dir():
        return [thread.name for thread in threading.enumerate() if thread is not threading.main_thread()]
    return [(task / "comm").read_text().strip() for task in tasks.iterdir() if task.name != str(os.getpid())]


def _may_fork() -> bool:
    return threading.active_count() == 1 and set(_threads()) <= _HARMLESS_THREADS


def main() -> None:
    """Serves on the file descriptor that the command line names."""
    gc.disable()  # a third of the time that importing TensorFlow takes is spent looking for garbage, and there is none
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the runner's to handle
    with socket.socket(fileno=int(sys.argv[1])) as channel:
        _Server(channel).serve()


if __name__ == "__main__":
    main()
