"""The end of a log file, however long the file is."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from penstock.errors import UsageError
from penstock.ui.web.text import plain

__all__ = ["LogTail", "log_file", "log_tail"]

LINES = 500
BYTES = 256 * 1024
_LONGEST_LINE = 2000


@dataclass(frozen=True)
class LogTail:
    """The last lines of a log; ``whole`` says whether that is all of it. ``missing`` says that the file is gone."""

    path: str
    size: int = 0
    lines: tuple[str, ...] = ()
    whole: bool = True
    missing: bool = False


def log_file(path: str) -> Path:
    """The log of that name, if it is one; the store names it, but only files that runs write are read."""
    file = Path(path)
    if file.suffix != ".log" or not file.is_file():
        raise UsageError("The log file is no longer there.", hint="Run the node again: penstock run --no-cache=NODE.")
    return file


def log_tail(path: str) -> LogTail:
    """The last `LINES` lines of a log, of its last `BYTES` bytes, without the control characters of terminals."""
    try:
        with log_file(path).open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            start = max(size - BYTES, 0)
            file.seek(start)
            data = file.read(BYTES)
    except (UsageError, OSError):
        return LogTail(path, missing=True)
    # A progress bar writes over its line again and again: the last of it is what would be seen.
    text = plain(
        "\n".join(line.rpartition("\r")[2] for line in data.decode(errors="replace").replace("\r\n", "\n").split("\n"))
    )
    lines = text.splitlines()
    if start:
        lines = lines[1:]
    cut = tuple(line if len(line) <= _LONGEST_LINE else line[:_LONGEST_LINE] + " ..." for line in lines[-LINES:])
    return LogTail(path, size, cut, whole=not start and len(lines) <= LINES)
