"""Spans and versions: the ``{SPAN}``, ``{VERSION}`` and ``{YYYY}{MM}{DD}`` in the path of an input, as TFX has them.

A span is a portion of the data, such as a day's; a version is one delivery of a span. Dates are spans, too: their
number is that of the days since 1970-01-01.
"""

from __future__ import annotations

import glob
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

from penstock.errors import DataError, UsageError, did_you_mean

__all__ = ["Span", "SpanPattern", "resolve_spans", "span_number"]

_PLACEHOLDER = re.compile(r"\{([^{}/]*)\}")
_PIECES = re.compile(r"(\{[^{}/]*\}|\*\*/|\*|\?|\[[^]/]+\])")
_RUNS_ON = re.compile(r"\{(SPAN|VERSION)\}[0-9*?\[{]|[*?\]]\{(SPAN|VERSION)\}")
_DATE = ("YYYY", "MM", "DD")
_NAMES = ("SPAN", "VERSION", *_DATE)
_WIDTHS = {"YYYY": 4, "MM": 2, "DD": 2}
_WILD = {"**/": "(?:.*/)?", "*": "[^/]*", "?": "[^/]"}
_EPOCH = date(1970, 1, 1)
_SHOWN = 10
_MOST = 2**63 - 1  # what the store has room for


class Span(NamedTuple):
    """One version of a span, by their numbers; a version of 0 where the pattern names none."""

    number: int
    version: int = 0


@dataclass(frozen=True)
class SpanPattern:
    """A path with placeholders.

    Attributes:
        path: As it is written.
        names: The placeholders in it, in order.
    """

    path: str
    names: tuple[str, ...]

    @classmethod
    def of(cls, path: str) -> SpanPattern:
        """The pattern of a path; one without placeholders has no names.

        Raises:
            UsageError: A placeholder is unknown, or they do not go together; says which do.
        """
        names = []
        for match in _PLACEHOLDER.finditer(path):
            name, colon, width = match[1].partition(":")
            if name not in _NAMES:
                raise _wrong(path, f"{match[0]} is no placeholder.", did_you_mean(name, _NAMES))
            if colon and (not re.fullmatch("[1-9][0-9]?", width) or name in _DATE):
                raise _wrong(path, f"{match[0]} has no usable width.", "A width is written {SPAN:4} or {VERSION:2}.")
            if name in names:
                raise _wrong(path, f"{{{name}}} stands in it twice.", "Write each placeholder once.")
            names.append(name)
        dated = [name for name in _DATE if name in names]
        if dated and "SPAN" in names:
            raise _wrong(path, "{SPAN} and a date stand in it, and each of them is the span.", "Keep one of them.")
        if dated and len(dated) < len(_DATE):
            missing = " and ".join(f"{{{name}}}" for name in _DATE if name not in names)
            raise _wrong(path, f"The date lacks {missing}.", "A date is {YYYY}, {MM} and {DD}.")
        if names == ["VERSION"]:
            raise _wrong(path, "{VERSION} needs a span that it is a version of.", "Add {SPAN} or a date.")
        if _RUNS_ON.search(path):
            raise _wrong(
                path,
                "Nothing tells where a number begins or ends: another one, or a wildcard, is next to it.",
                "Put a character between them, as in span-{SPAN}/v{VERSION}, or give a width: {SPAN:4}.",
            )
        return cls(path, tuple(names))

    @property
    def dated(self) -> bool:
        return "YYYY" in self.names

    def found(self) -> dict[Span, str]:
        """What the placeholders may stand for now: the spans and versions that there are, each with its path.

        Only what the path names up to its last placeholder is looked at, so that a span whose files are missing is
        found, and missed by who reads it.

        Raises:
            DataError: Two names stand for one span, or one is no date.
        """
        last = list(_PLACEHOLDER.finditer(self.path))[-1]
        slash = self.path.find("/", last.end())
        upto = self.path if slash < 0 else self.path[:slash]
        pattern = re.compile(_regex(upto))
        texts: dict[Span, dict[str, str]] = {}
        for name in sorted(glob.glob(_globbed(upto), recursive=True)):
            match = pattern.fullmatch(name)
            if match is None:
                continue
            values = match.groupdict()
            span = Span(self._number(values, name), int(values.get("VERSION") or 0))
            if max(span) > _MOST:
                raise DataError(
                    f"The number {max(span)} has more than 63 bits.", path=name, hint="Rename or remove it."
                )
            if texts.setdefault(span, values) != values:
                one, other = (_filled(upto, some) for some in (texts[span], values))
                raise DataError(
                    f"{one} and {other} are the same {'version of a ' if 'VERSION' in self.names else ''}span.",
                    hint="Remove one of them, or give the placeholder a width: {SPAN:4}.",
                    path=self.path,
                )
        return {span: _filled(self.path, values) for span, values in texts.items()}

    def _number(self, values: Mapping[str, str], name: str) -> int:
        if not self.dated:
            return int(values["SPAN"])
        try:
            return (date(*(int(values[part]) for part in _DATE)) - _EPOCH).days
        except ValueError as error:
            text = "-".join(values[part] for part in _DATE)
            raise DataError(f"{text} is no date: {error}.", path=name, hint="Rename or remove it.") from error


def span_number(span: int | str | None) -> int:
    """The number of a span: its own, or for a date the days since 1970-01-01; 0 if there is none.

    Raises:
        UsageError: The text is neither.

    >>> span_number("1970-02-01")
    31
    """
    if span is None or isinstance(span, int):
        return span or 0
    try:
        return int(span) if span.isdecimal() else (date.fromisoformat(span) - _EPOCH).days
    except ValueError as error:
        raise UsageError(
            f"span is {span!r}; a number or a date is expected.", hint="For example span: 5, or span: 2026-11-21."
        ) from error


def resolve_spans(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """What an example generator's ``input_base``, ``span`` and ``version`` stand for now.

    The newest span if none is asked for, and its newest version: as numbers, and the span as ``2026-11-21`` where the
    path has a date. Several paths, one for each split, are of one span.

    Args:
        parameters: By name, paths absolute.

    Raises:
        UsageError: A placeholder is wrong, or a span is asked for that the path has no place for.
        DataError: There is no such span; names those that there are.
    """
    base, asked, version = parameters["input_base"], parameters.get("span"), parameters.get("version")
    paths: Mapping[str, str] = base if isinstance(base, Mapping) else {"": base}
    patterns = {split: SpanPattern.of(path) for split, path in paths.items() if not Path(path).exists()}
    patterns = {split: pattern for split, pattern in patterns.items() if pattern.names}
    if not patterns:
        if asked is not None or version is not None:
            name = "span" if asked is not None else "version"
            raise UsageError(
                f"{name} is {asked if asked is not None else version}, but the path has no placeholder for it.",
                hint="Write it with one, as data/span-{SPAN}/v{VERSION}/*.csv or data/{YYYY}-{MM}-{DD}.csv.",
                path=next(iter(paths.values())),
            )
        return {}
    first = next(iter(patterns.values()))
    dated = {pattern.dated for pattern in patterns.values()}
    if len(dated) > 1:
        raise _wrong(first.path, "Some splits have {SPAN} in their paths and some a date.", "Use the same for all.")
    if version is not None and not any("VERSION" in pattern.names for pattern in patterns.values()):
        raise _wrong(
            first.path, f"version is {version}, but the path has no {{VERSION}}.", "Write it there, or leave it."
        )
    found = {split: pattern.found() for split, pattern in patterns.items()}
    everywhere = {span for spans in found.values() for span in spans}
    shown = _as_date if first.dated else str
    if not everywhere:
        raise DataError(
            "Nothing there has a name that fits the path, so there is no span.",
            hint=f"Looked for {_globbed(first.path)}; a span's name has digits only.",
            path=first.path,
        )
    number = max(span.number for span in everywhere) if asked is None else span_number(asked)
    versions = {span.version for span in everywhere if span.number == number}
    if not versions:
        raise _absent(f"There is no span {asked}.", "Spans", {span.number for span in everywhere}, shown, first.path)
    if version is not None and version not in versions:
        raise _absent(f"Span {shown(number)} has no version {version}.", "Its versions", versions, str, first.path)
    resolved = {}
    for split, pattern in patterns.items():
        numbered = version if version is not None else max(versions)
        wanted = Span(number, numbered if "VERSION" in pattern.names else 0)
        if wanted not in found[split]:
            of = f", version {wanted.version}" if wanted.version else ""
            raise DataError(
                f"The split {split!r} has no span {shown(number)}{of}, which another split has.",
                hint="All splits are read of one span: wait until it is complete, or name an earlier one: data.span.",
                path=pattern.path,
                split=split,
            )
        resolved[split] = found[split][wanted]
    whole = {**paths, **resolved}
    return {
        "input_base": whole if isinstance(base, Mapping) else whole[""],
        "span": shown(number) if first.dated else number,
        "version": version if version is not None else max(versions),
    }


def _as_date(number: int) -> str:
    return date.fromordinal(_EPOCH.toordinal() + number).isoformat()


def _absent(message: str, what: str, numbers: Iterable[int], shown: Callable[[int], str], path: str) -> DataError:
    known = sorted(numbers)
    last = ", ".join(shown(number) for number in known[-_SHOWN:])
    return DataError(message, hint=f"{what} that are there: {'..., ' if len(known) > _SHOWN else ''}{last}.", path=path)


def _wrong(path: str, message: str, hint: str) -> UsageError:
    return UsageError(message, hint=hint, path=path)


def _filled(path: str, values: Mapping[str, str]) -> str:
    """A path with what its placeholders stand for."""
    return _PLACEHOLDER.sub(lambda match: values[match[1].partition(":")[0]], path)


def _width(placeholder: str) -> int:
    """How many digits it has; 0 if any number of them."""
    name, _, width = placeholder.partition(":")
    return _WIDTHS.get(name) or int(width or 0)


def _globbed(path: str) -> str:
    """The pattern that finds what may fit a path."""
    return _PLACEHOLDER.sub(lambda match: "[0-9]" * _width(match[1]) or "*", path)


def _regex(path: str) -> str:
    """The regular expression that tells what does fit, and what the placeholders stand for; one group for each."""
    found = []
    for piece in _PIECES.split(path):
        if _PLACEHOLDER.fullmatch(piece):
            width = _width(piece[1:-1])
            found.append(f"(?P<{piece[1:-1].partition(':')[0]}>[0-9]{f'{{{width}}}' if width else '+'})")
        elif piece.startswith("[") and piece.endswith("]"):
            found.append(f"[{piece[1:-1].replace('!', '^', 1) if piece[1] == '!' else piece[1:-1]}]")
        else:
            found.append(_WILD.get(piece) or re.escape(piece))
    return "".join(found)
