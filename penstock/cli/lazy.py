"""Groups whose commands are imported when they are asked for, help that keeps its examples, and "did you mean"."""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Mapping
from typing import Any

import click

from penstock.errors import did_you_mean

__all__ = ["DocumentedCommand", "LazyGroup"]

_EXAMPLES = re.compile(r"^Examples:\n", re.MULTILINE)


def _with_examples(help_: str | None) -> str | None:
    """The help text with its examples marked as lines that click must not fill."""
    return None if help_ is None else _EXAMPLES.sub("\b\nExamples:\n", inspect.cleandoc(help_))


class DocumentedCommand(click.Command):
    """A command whose docstring is its help: a paragraph that begins ``Examples:`` is printed line by line."""

    def __init__(self, name: str | None, **options: Any) -> None:
        super().__init__(name, **{**options, "help": _with_examples(options.get("help"))})


class LazyGroup(click.Group):
    """A group of commands that are named, not imported.

    Args:
        sections: Title of each section of the help, with its commands: name, and where the command is, as
            ``module:attribute``.
        **options: As for `click.Group`.
    """

    command_class = DocumentedCommand

    def __init__(
        self, name: str | None = None, sections: Mapping[str, Mapping[str, str]] | None = None, **options: Any
    ) -> None:
        super().__init__(name, **{**options, "help": _with_examples(options.get("help"))})
        self.sections = dict(sections or {})

    @property
    def own(self) -> frozenset[str]:
        """The names of the commands that the sections hold."""
        return frozenset(name for commands in self.sections.values() for name in commands)

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click's signature
        lazy = [name for commands in self.sections.values() for name in commands]
        return [*lazy, *(name for name in self.commands if name not in lazy)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        for commands in self.sections.values():
            if cmd_name in commands:
                module, _, attribute = commands[cmd_name].partition(":")
                command = getattr(importlib.import_module(module), attribute)
                assert isinstance(command, click.Command)
                return command
        return super().get_command(ctx, cmd_name)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if not name.startswith("-") and self.get_command(ctx, name) is None:
            raise click.UsageError(
                f"There is no command {name!r}. {did_you_mean(name, self.list_commands(ctx))}".rstrip(), ctx
            )
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        names = LazyGroup.list_commands(self, ctx)
        width = max(map(len, names), default=0)
        sections = self.sections or {"Commands": dict.fromkeys(names, "")}
        for title, commands in sections.items():
            rows = []
            for name in commands:
                command = self.get_command(ctx, name)
                if command is not None and not command.hidden:
                    rows.append((name.ljust(width), command.get_short_help_str(limit=formatter.width - width - 6)))
            with formatter.section(title):
                formatter.write_dl(rows)
