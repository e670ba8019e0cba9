"""Options that several commands share, so that they read alike everywhere."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from penstock.cli.lazy import DocumentedCommand
from penstock.errors import UsageError

if TYPE_CHECKING:
    from penstock.orchestration.project import Project

__all__ = [
    "ALL_NODES",
    "NoCacheCommand",
    "artifact",
    "as_json",
    "author",
    "forced_nodes",
    "home",
    "no_cache",
    "profile",
    "project",
    "sample",
    "sampled",
    "set_values",
]

ALL_NODES = "*"


def _user() -> str:
    from penstock.orchestration.run import user_name

    return user_name()


artifact = click.argument("artifact", metavar="ARTIFACT")
author = click.option("--author", default=_user, show_default="you", help="Who asks for it.")
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, and nothing else, on standard output.")
project = click.option(
    "-C",
    "--project",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="The pipeline's directory. Without it: a pipeline.yaml here or in a parent directory, then the environment "
    "variable PENSTOCK_METADATA, then the pipeline that ran last on this machine.",
)
home = click.option(
    "-C",
    "--project",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="The pipeline's directory. Without it: a pipeline.yaml here or in a parent directory.",
)
set_values = click.option(
    "--set",
    "overrides",
    multiple=True,
    metavar="KEY=VALUE",
    help="Change one value of pipeline.yaml for this time: --set trainer.train_args.num_steps=200. Repeatable.",
)
sample = click.option(
    "--sample",
    metavar="SHARE",
    help="Keep only this share of the rows, for a quick run: --sample 1%. The same rows each time; short for "
    "--set data.sample=SHARE.",
)
profile = click.option(
    "--profile", metavar="NAME", help="Which entry of 'profiles' says where to run; the first one if not given."
)
no_cache = click.option(
    "--no-cache",
    metavar="[=NODE,...]",
    help="Run every node, or (--no-cache=Trainer,Evaluator) the named ones, even if its result is there already.",
)


class NoCacheCommand(DocumentedCommand):
    """A command with `no_cache`, which alone never takes the next word, so that it may stand before PIPELINE."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        return super().parse_args(ctx, [f"--no-cache={ALL_NODES}" if arg == "--no-cache" else arg for arg in args])


def sampled(project: Project, sample: str | None) -> None:
    """Refuses a sample that no node takes: a pipeline.py that does not pass it on would run on all rows.

    Raises:
        UsageError: There is no node with the parameter ``sample``.
    """
    if sample is not None and not any("sample" in node.parameters for node in project.pipeline.nodes.values()):
        raise UsageError(
            "--sample: no node of this pipeline takes a sample.",
            hint="In pipeline.py, what reads the data needs it: CsvExampleGen(..., sample=config.data.sample or 1.0)",
        )


def forced_nodes(no_cache: str | None) -> bool | list[str]:
    """Which nodes `no_cache` names: all, none, or a list of ids."""
    if no_cache is None or no_cache == ALL_NODES:
        return no_cache is not None
    return [name.strip() for name in no_cache.split(",") if name.strip()]
