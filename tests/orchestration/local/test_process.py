from __future__ import annotations

import json
import os
import threading

from penstock.orchestration.local.process import _listen


class SaysItsLastWordLate:
    """A child that writes its result and ends between a look at its pipe and a look at whether it lives."""

    pid = 0

    def __init__(self, pipe: int) -> None:
        self._pipe = pipe

    def poll(self) -> int | None:
        if self._pipe:
            os.write(self._pipe, json.dumps({"type": "result", "outputs": {}}).encode() + b"\n")
            self._pipe = 0
        return 0


def test_a_last_word_is_never_missed() -> None:
    """The pipe is read to its end after the process has ended, though another process holds it open."""
    read_end, write_end = os.pipe()
    with os.fdopen(read_end, "rb", buffering=0) as pipe:
        try:
            last = _listen(SaysItsLastWordLate(write_end), pipe, lambda _: None, threading.Event(), deadline=None)
        finally:
            os.close(write_end)
    assert last == {"type": "result", "outputs": {}}
