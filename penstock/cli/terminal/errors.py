"""Errors as lines on standard error: what failed, what to do next, where; bounded, the whole kept in a file."""

from __future__ import annotations

import errno
import os
import sys
import tempfile
import time
import traceback
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from penstock.cli.terminal.console import uses_colour
from penstock.cli.terminal.text import bounded, safe, shorten
from penstock.errors import PenstockError, StorageError

if TYPE_CHECKING:
    import click

__all__ = ["print_error", "print_usage", "rendered"]

_LINES = 24
_KEPT_FAULTS = 20
_REFUSALS = {errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EROFS, errno.EPERM}
_PLACES = ("node", "argument", "key", "row", "column", "url")


def rendered(error: PenstockError, *, without: Collection[str] = ()) -> str:
    """The error as text: ``error: message``, then the hint, then where it happened, then where more is kept.

    Facts named in ``without`` are left out, where the text around says them.
    """
    lines = [f"error: {bounded(safe(error.message), lines=_LINES)}"]
    if error.hint:
        lines.append(f"  hint: {bounded(safe(error.hint), lines=6)}")
    places = [error.location] if error.location else []
    places += [f"{name} {error.facts[name]}" for name in _PLACES if name in error.facts and name not in without]
    if places:
        lines.append(f"  where: {shorten(', '.join(places), 400)}")
    if error.facts.get("log") and "log" not in without:
        lines.append(f"  log: {error.facts['log']}")
    return "\n".join(lines)


def print_error(error: Exception, arguments: Sequence[str], plugin: str | None = None) -> int:
    """Prints any error that ended a command, and gives the exit code.

    Args:
        error: A `PenstockError` is explained. A refusing disk is explained too. Anything else is a fault of
            Penstock: one line, and the file that holds the traceback.
        arguments: The command line, for that file.
        plugin: The package that the command comes from, if it is not Penstock's own.
    """
    if isinstance(error, OSError) and error.errno in _REFUSALS:
        error = StorageError(
            f"{error.strerror}.",
            hint="Free some space on this disk, or choose another place."
            if error.errno in (errno.ENOSPC, errno.EDQUOT)
            else "Make it readable and writable for this user, or choose another place.",
            path=error.filename,
        )
    if isinstance(error, PenstockError):
        text = rendered(error)
        trace = error.facts.get("traceback")
        if trace and "log" not in error.facts:
            text += f"\n  traceback: {_keep(str(trace), arguments)}"
        _write(text)
        return error.exit_code
    trace = "".join(traceback.format_exception(error))
    _write(
        f"error: {type(error).__name__}: {shorten(str(error), 300)}\n"
        f"  This is a fault of {f'the plug-in {plugin}' if plugin else 'Penstock, not of your pipeline'}."
        f" The traceback is in {_keep(trace, arguments)}"
    )
    return 1


def print_usage(error: click.ClickException) -> int:
    """Prints what is wrong with the command line and which help explains it; gives the exit code."""
    context = getattr(error, "ctx", None)
    text = f"error: {bounded(safe(error.format_message()), lines=_LINES)}"
    if context is not None:
        text += f"\n  hint: See `{context.command_path} --help`."
    _write(text)
    return error.exit_code


def _write(text: str) -> None:
    if uses_colour(sys.stderr):
        text = text.replace("error:", "\x1b[1;31merror:\x1b[0m", 1)
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def _keep(trace: str, arguments: Sequence[str]) -> str:
    """Writes a report of an error to a file of the user's state directory and gives its path."""
    report = (
        f"penstock {' '.join(_without_values(arguments))}\nPython {sys.version.split()[0]} on {sys.platform}\n\n{trace}"
    )
    state = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")
    name = f"penstock-error-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}.txt"
    for directory in (state / "penstock" / "errors", Path(tempfile.gettempdir())):
        try:
            directory.mkdir(parents=True, exist_ok=True)
            file = directory / name
            file.write_text(report, encoding="utf-8", errors="replace")
        except OSError:
            continue
        for old in sorted(directory.glob("penstock-error-*.txt"))[:-_KEPT_FAULTS]:
            old.unlink(missing_ok=True)
        return str(file)
    return f"no file, since none could be written:\n{bounded(trace, lines=_LINES)}"


def _without_values(arguments: Sequence[str]) -> list[str]:
    """The command line without the values of ``--set KEY=VALUE`` and ``--value VALUE``, which may be secret."""
    before = ["", *arguments]
    return [
        "..." if last == "--value" else argument.partition("=")[0] + "=..." if "=" in argument else argument
        for last, argument in zip(before, arguments, strict=False)
    ]
