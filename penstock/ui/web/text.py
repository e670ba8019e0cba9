"""Times, sizes and values as a person reads them, and text from elsewhere made fit to be shown."""

from __future__ import annotations

import datetime as dt
import json
import re
from typing import Any
from urllib.parse import quote, urlencode

__all__ = ["brief", "duration", "first_line", "iso", "number", "plain", "shown", "size", "url", "when"]

_CONTROL = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\].*?(?:\x07|\x1b\\)|[\x00-\x08\x0b-\x1f\x7f-\x9f]", re.DOTALL)
_TOO_LONG = 4000


def duration(seconds: float | None) -> str:
    """A length of time; nothing for None.

    >>> duration(0.04), duration(41.23), duration(75), duration(3700), duration(None)
    ('<0.1 s', '41.2 s', '1 min 15 s', '1 h 01 min', '')
    """
    if seconds is None:
        return ""
    if seconds < 60:
        return "<0.1 s" if seconds < 0.05 else f"{seconds:.1f} s"
    whole = int(seconds)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def brief(seconds: float | None) -> str:
    """A length of time where there is little room.

    >>> brief(41.23), brief(75), brief(3700), brief(None)
    ('41.2 s', '1m 15s', '1h 01m', '')
    """
    if seconds is None or seconds < 60:
        return duration(seconds)
    whole = int(seconds)
    return f"{whole // 60}m {whole % 60:02d}s" if whole < 3600 else f"{whole // 3600}h {whole % 3600 // 60:02d}m"


def first_line(text: str, width: int = 160) -> str:
    r"""The first line of a text, cut to a width.

    >>> first_line("one\ntwo"), first_line("abcdef", 3)
    ('one', 'abc...')
    """
    line = plain(text).strip().partition("\n")[0]
    return line if len(line) <= width else line[:width] + "..."


def size(count: float | None) -> str:
    """A number of bytes; nothing for None.

    >>> size(512), size(3 * 2**30), size(None)
    ('512 B', '3.0 GiB', '')
    """
    if count is None:
        return ""
    value, units = float(count), ["B", "KiB", "MiB", "GiB", "TiB"]
    while value >= 1024 and len(units) > 1:
        value /= 1024
        units.pop(0)
    return f"{value:.0f} B" if units[0] == "B" else f"{value:.1f} {units[0]}"


def number(value: float | None) -> str:
    """A measured value with four significant digits; nothing for None.

    >>> number(0.912345), number(12345.6), number(3.0), number(None)
    ('0.9123', '12,346', '3', '')
    """
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= 10_000 else f"{value:.4g}"


def when(at_ms: int | None) -> str:
    """A time on this machine's clock; nothing for None."""
    return "" if at_ms is None else _local(at_ms).strftime("%Y-%m-%d %H:%M:%S")


def iso(at_ms: int | None) -> str:
    """A time with its offset from UTC, as ``<time datetime>`` takes it; nothing for None."""
    return "" if at_ms is None else _local(at_ms).isoformat(timespec="seconds")


def _local(at_ms: int) -> dt.datetime:
    return dt.datetime.fromtimestamp(at_ms / 1000, tz=dt.UTC).astimezone()


def plain(text: str) -> str:
    r"""The text without escape sequences of terminals and without control characters; newlines and tabs stay.

    >>> plain("\x1b[31mred\x1b[0m\r\n")
    'red\n'
    """
    return _CONTROL.sub("", text.replace("\r\n", "\n"))


def shown(value: Any) -> str:
    """A value as text: strings as they are, anything else as JSON; long ones are cut.

    >>> shown("a"), shown(True), shown({"n": [1, None]})
    ('a', 'true', '{"n": [1, null]}')
    """
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    text = plain(text)
    return text if len(text) <= _TOO_LONG else f"{text[:_TOO_LONG]} ... ({len(text):,} characters)"


def url(*parts: object, **query: object) -> str:
    """An address on this site, each part escaped; members of the query that are None or empty are left out.

    >>> url("runs", "a/b", page=2, pipeline=None)
    '/runs/a%2Fb?page=2'
    """
    path = "".join(f"/{quote(str(part), safe='')}" for part in parts) or "/"
    wanted = {name: value for name, value in query.items() if value not in (None, "")}
    return f"{path}?{urlencode(wanted)}" if wanted else path
