"""Where output goes and what it may use there: width, colour, glyphs; JSON for scripts."""

from __future__ import annotations

import json
import math
import os
import sys
from collections.abc import Mapping
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["console", "print_json", "uses_colour"]

_WIDTH = 120


def uses_colour(stream: IO[str]) -> bool:
    """Whether a stream may be coloured: a terminal that is not dumb, and NO_COLOR is not set."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def console(*, stderr: bool = False) -> Console:
    """A console on standard output or error. Without a terminal it has no colour and does not guess a narrow width."""
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    width = None
    if not stream.isatty():
        columns = os.environ.get("COLUMNS", "")
        width = int(columns) if columns.isdigit() and int(columns) > 0 else _WIDTH
    return Console(
        file=stream,
        width=width,
        no_color=not uses_colour(stream),
        highlight=False,
        markup=False,
        emoji=False,
        soft_wrap=False,
    )


def print_json(value: Any, *, line: bool = False, stream: IO[str] | None = None) -> None:
    """Writes one JSON document, indented; or on one line, for a stream of them (NDJSON).

    Numbers that JSON lacks (NaN, infinities) become strings.
    """
    text = json.dumps(_finite(value), ensure_ascii=False, indent=None if line else 2, default=str, allow_nan=False)
    stream = stream or sys.stdout
    stream.write(text + "\n")
    stream.flush()


def _finite(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, Mapping):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    return value
