"""Words and numbers as a person reads them; text from elsewhere made safe and short."""

from __future__ import annotations

import datetime as dt
import os
import re
from pathlib import Path

__all__ = ["bounded", "count", "duration", "number", "safe", "short_path", "shorten", "size", "tail", "when"]

# Terminals act on escape sequences and control characters; data and messages may hold any.
_UNSAFE = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\].*?(?:\x07|\x1b\\)|[\x00-\x08\x0b-\x1f\x7f-\x9f]", re.DOTALL)
_MINUTE, _HOUR = 60, 3600


def safe(text: str) -> str:
    """The text without escape sequences and control characters; newlines and tabs stay."""
    return _UNSAFE.sub("", text.replace("\r\n", "\n"))


def bounded(text: str, *, lines: int, characters: int = 4000) -> str:
    """At most so many lines and characters of the text; says how much is left out."""
    text = text.strip("\n")
    cut = text[:characters]
    kept = cut.splitlines()
    left = len(text.splitlines()) - min(len(kept), lines)
    if len(kept) > lines:
        return "\n".join([*kept[:lines], f"... and {count(left, 'more line')}"])
    return cut if len(cut) == len(text) else cut + " ..."


def shorten(text: str, width: int) -> str:
    """The text on one line of at most ``width`` characters."""
    line = " ".join(safe(text).split())
    return line if len(line) <= width else line[: max(width - 3, 0)].rstrip() + "..."


def count(n: int, noun: str) -> str:
    """A number with its noun.

    >>> count(1, "node"), count(15002, "row")
    ('1 node', '15,002 rows')
    """
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"


def number(value: float | None, digits: int = 4) -> str:
    """A measured value with so many significant digits; nothing for None.

    >>> number(0.912345), number(12345.6), number(3.0), number(None)
    ('0.9123', '12,346', '3', '')
    """
    if value is None:
        return ""
    if abs(value) >= 10**digits:
        return f"{value:,.0f}"
    return f"{value:.{digits}g}"


def duration(seconds: float) -> str:
    """A length of time.

    >>> duration(0.04), duration(41.23), duration(75), duration(3700)
    ('0.04 s', '41.2 s', '1 min 15 s', '1 h 01 min')
    """
    if seconds < 0.1:
        return f"{seconds:.2f} s"
    if round(seconds, 1) < _MINUTE:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < _HOUR:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def size(bytes_: float) -> str:
    """A number of bytes.

    >>> size(512), size(3 * 2**30)
    ('512 B', '3.0 GiB')
    """
    value, units = float(bytes_), ["B", "KiB", "MiB", "GiB", "TiB"]
    while value >= 1024 and len(units) > 1:
        value /= 1024
        units.pop(0)
    return f"{value:.0f} B" if units[0] == "B" else f"{value:.1f} {units[0]}"


def when(at: float | None) -> str:
    """A time (seconds since the epoch) on this machine's clock; nothing for None."""
    if at is None:
        return ""
    return dt.datetime.fromtimestamp(at).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def short_path(path: str | Path) -> str:
    """The path as short as it can be typed here: relative where it lies below the working directory."""
    text = str(path)
    if "://" in text:
        return text
    try:
        relative = os.path.relpath(text)
    except (OSError, ValueError):
        return text
    return relative if not relative.startswith("../../..") and len(relative) < len(text) else text


def tail(path: str | Path, lines: int) -> list[str]:
    """The last lines of a file, read from its end; empty if there is no such file."""
    try:
        with Path(path).open("rb") as file:
            end = file.seek(0, os.SEEK_END)
            block, data = end, b""
            while block > 0 and data.count(b"\n") <= lines:
                start = max(block - 65_536, 0)
                file.seek(start)
                data = file.read(block - start) + data
                block = start
    except OSError:
        return []
    return data.decode(errors="replace").splitlines()[-lines:] if lines else []
