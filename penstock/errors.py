"""Every error Penstock raises on purpose, ordered by what the reader can do about it.

::

    PenstockError
    ├── UsageError            what was asked is wrong: change it and ask again      (exit code 2)
    │   ├── ConfigError       pipeline.yaml or --set: file, line, column, key
    │   └── GraphError        the pipeline's graph: node, argument
    ├── DataError             the data that came in: path, row, column
    ├── UserCodeError         a function of the user's raised: their frames first
    ├── NodeError             a node failed in another way: crash, kill, missing output
    ├── StorageError          a disk or bucket refused: full, not writable, gone
    ├── StoreError            the metadata store refused: locked, newer version, not ours
    └── RunCanceled           somebody stopped the run (Ctrl-C)

Each carries its facts as attributes, survives pickling and JSON between processes, and says in ``retryable``
whether the same attempt may succeed later without anybody changing anything. ``retryable=True`` says so of one error.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, ClassVar, Self

__all__ = [
    "ConfigError",
    "DataError",
    "GraphError",
    "NodeError",
    "PenstockError",
    "RunCanceled",
    "StorageError",
    "StoreError",
    "UsageError",
    "UserCodeError",
    "carried",
    "did_you_mean",
    "from_json",
]

_NOTE = "penstock-error: "


class PenstockError(Exception):
    """Base of the tree. ``str(error)`` is what failed, where, and what to do next.

    Args:
        message: What failed and what was expected, one or two sentences.
        hint: What to do next, one sentence or a command.
        facts: Where it happened (node, path, row, column, line ...); each becomes an attribute.
    """

    exit_code: ClassVar[int] = 1
    retryable: bool = False

    def __init__(self, message: str, *, hint: str | None = None, **facts: Any) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.facts = {name: value for name, value in facts.items() if value is not None}
        self.retryable = bool(self.facts.get("retryable", type(self).retryable))
        # A distributed runner hands an error back as the text of its traceback, which ends with the notes.
        self.add_note(_NOTE + json.dumps(self.to_json(), default=str))

    def __getattr__(self, name: str) -> Any:
        if name != "facts" and name in self.__dict__.get("facts", {}):
            return self.facts[name]
        raise AttributeError(name)

    @property
    def location(self) -> str:
        """Where it happened, as ``file:line:column``, or an empty string."""
        parts = [self.facts.get("path"), self.facts.get("line"), self.facts.get("col")]
        return ":".join(str(part) for part in parts if part is not None)

    def __str__(self) -> str:
        lines = [f"{self.location}: {self.message}" if self.location else self.message]
        if self.hint:
            lines.append(self.hint)
        return "\n".join(lines)

    def __reduce__(self) -> tuple[Any, ...]:
        return (_rebuild, (type(self), self.message, self.hint, self.facts))

    def to_json(self) -> dict[str, Any]:
        """As a JSON value; `from_json` gives the same error back in another process."""
        return {"kind": type(self).__name__, "message": self.message, "hint": self.hint, "facts": self.facts}

    def with_facts(self, **facts: Any) -> Self:
        """The same error, knowing more about where it happened. Facts already known are kept."""
        self.facts = {**{k: v for k, v in facts.items() if v is not None}, **self.facts}
        return self


class UsageError(PenstockError):
    """What was asked cannot be done as written: a wrong argument, path or name."""

    exit_code = 2


class ConfigError(UsageError):
    """pipeline.yaml or a ``--set`` is wrong. Facts: path, line, col, key."""


class GraphError(UsageError):
    """The pipeline's graph is wrong. Facts: node, argument."""


class DataError(PenstockError):
    """The data that came in is not usable. Facts: path, row (1 is the first line of the file), column."""


class UserCodeError(PenstockError):
    """A function of the user's raised. Facts: node, function, frames (theirs first), cause, traceback."""


class NodeError(PenstockError):
    """A node failed in another way: its process died, or it did not leave what it promised. Facts: node, log."""


class StorageError(PenstockError):
    """A disk or bucket refused. Facts: path."""

    retryable = True


class StoreError(PenstockError):
    """The metadata store refused. Facts: url."""


class RunCanceled(PenstockError):  # noqa: N818  # nothing went wrong: somebody stopped it
    """The run was stopped by a person. What was published before stays."""

    exit_code = 130


def did_you_mean(name: str, candidates: Iterable[str]) -> str:
    """A sentence that offers the nearest of ``candidates`` to a mistyped ``name``, else lists them.

    >>> did_you_mean("traner", ["trainer", "pusher"])
    "Did you mean 'trainer'?"
    >>> did_you_mean("x", ["trainer", "pusher"])
    'Expected one of: pusher, trainer.'
    """
    import difflib

    names = sorted(candidates)
    near = difflib.get_close_matches(name, names, n=1)
    if near:
        return f"Did you mean {near[0]!r}?"
    return f"Expected one of: {', '.join(names[:20])}{' ...' if len(names) > 20 else ''}." if names else ""


def _rebuild(kind: type[PenstockError], message: str, hint: str | None, facts: dict[str, Any]) -> PenstockError:
    return kind(message, hint=hint, **facts)


def carried(text: str) -> PenstockError | None:
    """The error that lies in the text of a traceback, as a Beam runner gives it; nothing if there is none.

    >>> try:
    ...     raise DataError("Not a number.", row=3)
    ... except DataError as error:
    ...     import traceback
    ...     carried("".join(traceback.format_exception(error))).row
    3
    """
    for line in text.splitlines():
        _, found, value = line.partition(_NOTE)
        if found:
            return from_json(json.JSONDecoder().raw_decode(value)[0])
    return None


def from_json(value: dict[str, Any]) -> PenstockError:
    """The error that `PenstockError.to_json` wrote; an unknown kind becomes a `NodeError`."""
    found = globals().get(value.get("kind", ""))
    kind = found if isinstance(found, type) and issubclass(found, PenstockError) else NodeError
    return kind(value["message"], hint=value.get("hint"), **value.get("facts", {}))
