"""Commands that other installed packages add: the entry points of the group ``penstock.commands``."""

from __future__ import annotations

import click

from penstock.errors import PenstockError, UsageError
from penstock.plugins import COMMANDS, Plugin, plugin, plugins

__all__ = ["command_of", "commands_by_package", "package_of", "short_help"]


def commands_by_package(built_in: frozenset[str]) -> dict[str, list[str]]:
    """The names of the commands that each package adds, by name and version of the package.

    A name that a command of Penstock's own has stays with that one: this is said, and nothing hidden in silence.
    """
    found: dict[str, list[str]] = {}
    for one in plugins(COMMANDS):
        if one.name in built_in:
            _warn(f"the command {one.name!r} of the plug-in {one.distribution} is Penstock's own name, and is left out")
        else:
            found.setdefault(one.distribution, []).append(one.name)
    return found


def command_of(name: str) -> click.Command | None:
    """The command of that name that a package adds.

    Raises:
        UsageError: It cannot be loaded; the package is named.
    """
    found = plugin(COMMANDS, name)
    return None if found is None else _loaded(found)


def package_of(name: str) -> str | None:
    """The package that adds the command of that name."""
    return next((one.distribution for one in plugins(COMMANDS) if one.name == name), None)


def short_help(name: str, limit: int) -> str | None:
    """A line about a command; nothing if it is not to be listed. One that cannot be loaded is a warning."""
    try:
        command = command_of(name)
    except PenstockError as error:
        _warn(error.message)
        return None
    return None if command is None or command.hidden else command.get_short_help_str(limit=limit)


def _loaded(found: Plugin) -> click.Command:
    command = found.load()
    if not isinstance(command, click.Command):
        raise UsageError(
            f"The plug-in {found} cannot be loaded: it is a {type(command).__name__}, not a click command or group.",
            hint="Name the function that @click.command or @click.group decorates.",
            plugin=found.distribution,
        )
    return command


def _warn(text: str) -> None:
    click.echo(f"warning: {text}", err=True)
