"""Plug-ins: what other installed packages add to Penstock, found through entry points and imported when it is needed.

A package says in its ``pyproject.toml`` what it adds, by group: `COMMANDS`, `ARTIFACTS`, `ARTIFACT_VIEWS`,
`PUSH_DESTINATIONS`. A plug-in that cannot be imported is told by name where it is asked for, and is in nobody's way
elsewhere.
"""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from penstock.errors import UsageError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

__all__ = ["ARTIFACTS", "ARTIFACT_VIEWS", "COMMANDS", "PUSH_DESTINATIONS", "Plugin", "plugin", "plugins"]

COMMANDS = "penstock.commands"
"""A command or group of commands: ``name = "module:click_command"``."""

ARTIFACTS = "penstock.artifacts"
"""A module that defines types of artifacts: ``any_name = "module"``."""

ARTIFACT_VIEWS = "penstock.artifact_views"
"""What makes the view of an artifact type: ``TypeName = "module:function"``, see `penstock.views`."""

PUSH_DESTINATIONS = "penstock.push_destinations"
"""What makes a push destination of its address: ``scheme = "module:function_or_class"``."""


@dataclass(frozen=True)
class Plugin:
    """One entry point of an installed package.

    Attributes:
        group: What it adds to.
        name: What it is called there.
        distribution: The installed package, as ``name version``.
    """

    group: str
    name: str
    distribution: str
    entry_point: EntryPoint

    def load(self) -> Any:
        """The object that the entry point names.

        Raises:
            UsageError: It cannot be imported; names the plug-in, and what went wrong.
        """
        try:
            return self.entry_point.load()
        except (Exception, SystemExit) as error:  # whatever another package does, it is named
            import traceback

            summary = (str(error).strip().splitlines() or [""])[0][:300]
            raise UsageError(
                f"The plug-in {self} cannot be loaded: {type(error).__name__}: {summary}",
                hint=f"Update or remove the package {self.distribution.partition(' ')[0]}.",
                plugin=self.distribution,
                traceback="".join(traceback.format_exception(error)),
            ) from error

    def __str__(self) -> str:
        return f"{self.distribution} ({self.group}: {self.name} = {self.entry_point.value})"


def plugins(group: str) -> list[Plugin]:
    """What installed packages add to a group, by name; nothing is imported."""
    return list(_found(group, tuple(sys.path)))


def plugin(group: str, name: str) -> Plugin | None:
    """What installed packages add to a group under a name.

    Raises:
        UsageError: Two packages add something of that name.
    """
    found = [one for one in plugins(group) if one.name == name]
    if len(found) > 1:
        both = " and ".join(str(one) for one in found[:2])
        raise UsageError(f"Two plug-ins are called {name!r}: {both}.", hint="Remove one of the packages.")
    return found[0] if found else None


@functools.lru_cache(maxsize=16)
def _found(group: str, path: tuple[str, ...]) -> tuple[Plugin, ...]:
    if not any(group.encode() in text for text in _declarations(path)):
        return ()
    # Only now: on a machine without plug-ins this import would be half of what `penstock --help` takes.
    from importlib.metadata import entry_points

    found = [
        Plugin(group, one.name, f"{one.dist.name} {one.dist.version}" if one.dist else "an unknown package", one)
        for one in entry_points(group=group)
    ]
    return tuple(sorted(found, key=lambda one: (one.name, one.distribution)))


def _declarations(path: tuple[str, ...]) -> Iterator[bytes]:
    """The text of every file on the path in which an installed package declares entry points."""
    for place in dict.fromkeys(path):
        try:
            with os.scandir(place or ".") as entries:
                names = [one.name for one in entries if one.name.endswith((".dist-info", ".egg-info"))]
        except OSError:  # not every entry of the path is a directory that is there
            continue
        for name in names:
            try:
                yield Path(place, name, "entry_points.txt").read_bytes()
            except OSError:  # most declare none
                continue
