"""The commands that the toy adds."""

from __future__ import annotations

import click


@click.group()
def toy() -> None:
    """Poems on the command line."""


@toy.command()
@click.argument("subject")
def write(subject: str) -> None:
    """Print a poem."""
    from penstock_toy.text import poem

    click.echo("\n".join(poem(subject, 2)))


@toy.command()
def fail() -> None:
    """Fail as no command should."""
    raise ZeroDivisionError("of the toy's")
