"""The child process of one node: reads a `Request` on stdin, writes events and the result on a pipe.

Started as ``python -m penstock.orchestration.local.child FD``. Standard output and error are the node's log.
"""

from __future__ import annotations

import contextlib
import faulthandler
import gc
import json
import os
import signal
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any, NoReturn

from penstock.errors import PenstockError
from penstock.orchestration.execution import Request, execute
from penstock.storage.locks import hold

WHERE = signal.SIGUSR1
"""Has the process write into its log where each of its threads stands."""


def main() -> None:
    """Runs the node that stdin asks for; however it ends, the pipe is told."""
    run(int(sys.argv[1]), sys.stdin.fileno())


def run(pipe_fd: int, life_fd: int) -> NoReturn:
    """Runs a node in this process and ends it, with all that it started.

    Args:
        pipe_fd: Takes the events, and last the result or the error, a line of JSON each.
        life_fd: Gives the `Request` as a line of JSON, and stays open as long as the parent lives.
    """
    # Graphs are hundreds of thousands of objects that live on: looked through less often than Python would.
    gc.set_threshold(50_000, 20, 20)
    faulthandler.enable()
    faulthandler.register(WHERE)
    request = Request.from_json(json.loads(_read_line(life_fd)))
    _work_in(request.temporary)
    os.chdir(request.directory)
    threading.Thread(target=_die_with_parent, args=(life_fd,), daemon=True).start()
    lock = threading.Lock()
    # A broken pipe: the parent died, and nobody listens any more.
    with contextlib.suppress(BrokenPipeError), os.fdopen(pipe_fd, "w", buffering=1) as pipe:

        def emit(event: dict[str, Any]) -> None:
            with lock:
                pipe.write(json.dumps(event) + "\n")

        try:
            result = execute(request, emit)
        except PenstockError as error:
            _flush()
            emit({"type": "error", "error": error.to_json()})
        else:
            _flush()
            emit({"type": "result", **result.to_json()})
    _end()


def _flush() -> None:
    """Leaves nothing of the log in a buffer: after its last word the process may be ended at any moment."""
    sys.stdout.flush()
    sys.stderr.flush()


def _read_line(fd: int) -> bytes:
    line = b""
    while not line.endswith(b"\n"):
        chunk = os.read(fd, 1 << 16)
        if not chunk:  # the parent is gone before it could ask
            os._exit(1)
        line += chunk
    return line


def _work_in(temporary: str | None) -> None:
    """Sends temporary files of any library to the node's own directory, and says by its lock that it is in use."""
    if temporary is None:
        return
    if hold(Path(temporary)) is None:  # the parent died, and what it had begun was swept away
        os._exit(1)
    os.environ["TMPDIR"] = temporary
    tempfile.tempdir = None


def _die_with_parent(life_fd: int) -> None:
    """Ends this process and all that it started when the parent is gone: its end of the pipe closes."""
    while os.read(life_fd, 4096):
        pass
    _end()


def _end() -> NoReturn:
    """Ends this process and what it started: the parent that would do so may have died a moment ago.

    Interpreter shutdown is left out. With TensorFlow loaded it takes up to a second and does nothing that matters here.
    """
    if os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os._exit(0)


if __name__ == "__main__":
    main()
