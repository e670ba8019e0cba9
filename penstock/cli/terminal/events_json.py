"""Events as lines of JSON on standard output, for scripts."""

from __future__ import annotations

import re
from dataclasses import fields
from typing import IO, Any

from penstock.cli.terminal.console import print_json
from penstock.events import Event
from penstock.gates import Verdict
from penstock.orchestration.run_view import RunView

__all__ = ["JsonProgress", "event_to_json"]


def event_to_json(event: Event) -> dict[str, Any]:
    """The event as a JSON value; ``type`` is its class in lower case: ``node_ended``."""
    kind = re.sub(r"(?<!^)(?=[A-Z])", "_", type(event).__name__).lower()
    values = {item.name: getattr(event, item.name) for item in fields(event)}
    return {"type": kind, **{k: v.to_json() if isinstance(v, Verdict) else v for k, v in values.items()}}


class JsonProgress:
    """A listener that writes each event as one line of JSON (NDJSON) to a stream."""

    def __init__(self, view: RunView, stream: IO[str]) -> None:
        self.view = view
        self.stream = stream

    def __call__(self, event: Event) -> None:
        with self.view.lock:
            self.view(event)
            print_json(event_to_json(event), line=True, stream=self.stream)
