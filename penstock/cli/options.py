"""Options that several commands share, so that they read alike everywhere."""

from __future__ import annotations

from pathlib import Path

import click

__all__ = ["as_json", "profile", "project", "set_values"]

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, and nothing else, on standard output.")
project = click.option(
    "-C",
    "--project",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="The pipeline's directory. Without it: a pipeline.yaml here or in a parent directory, then the environment "
    "variable PENSTOCK_METADATA, then the pipeline that ran last on this machine.",
)
set_values = click.option(
    "--set",
    "overrides",
    multiple=True,
    metavar="KEY=VALUE",
    help="Change one value of pipeline.yaml for this time: --set trainer.train_args.num_steps=200. Repeatable.",
)
profile = click.option(
    "--profile", metavar="NAME", help="Which entry of 'profiles' says where to run; the first one if not given."
)
