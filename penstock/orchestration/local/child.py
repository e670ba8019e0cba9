"""The child process of one node: reads a `Request` on stdin, writes events and the result on a pipe.

Started as ``python -m penstock.orchestration.local.child FD``. Standard output and error are the node's log.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from typing import Any

from penstock.errors import PenstockError
from penstock.orchestration.execution import Request, execute


def main() -> int:
    """Runs the node; the exit code is 0 even if it fails, since the failure itself is told on the pipe."""
    lock = threading.Lock()
    with os.fdopen(int(sys.argv[1]), "w", buffering=1) as pipe:

        def emit(event: dict[str, Any]) -> None:
            with lock:
                pipe.write(json.dumps(event) + "\n")

        request = Request.from_json(json.loads(sys.stdin.readline()))
        threading.Thread(target=_die_with_parent, daemon=True).start()
        try:
            result = execute(request, emit)
        except PenstockError as error:
            _flush()
            emit({"type": "error", "error": error.to_json()})
        else:
            outputs = {name: dict(vars(artifact)) for name, artifact in result.outputs.items()}
            _flush()
            emit({"type": "result", "outputs": outputs})
    # Interpreter shutdown with TensorFlow loaded takes up to a second and does nothing that matters here.
    os._exit(0)


def _flush() -> None:
    """Leaves nothing of the log in a buffer: after its last word the process may be ended at any moment."""
    sys.stdout.flush()
    sys.stderr.flush()


def _die_with_parent() -> None:
    """Ends this process when the parent is gone: its end of stdin closes."""
    sys.stdin.read()
    os._exit(1)


if __name__ == "__main__":
    main()
