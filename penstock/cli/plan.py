"""`penstock plan`: what a run would do, and why, before it does it."""

from __future__ import annotations

import contextlib
import sys

import click

from penstock.cli.options import NoCacheCommand, as_json, forced_nodes, no_cache, profile, sample, sampled, set_values

__all__ = ["CHANGES", "plan"]

CHANGES = 4


@click.command(cls=NoCacheCommand, short_help="Show what a run would do, and why.")
@click.argument("pipeline", default=".", type=click.Path())
@set_values
@sample
@profile
@no_cache
@click.option("--exit-code", is_flag=True, help="Exit with 4 where a node would run, or may.")
@as_json
def plan(
    pipeline: str,
    overrides: tuple[str, ...],
    sample: str | None,
    profile: str | None,
    no_cache: str | None,
    exit_code: bool,
    as_json: bool,
) -> None:
    """Shows what a run would do with each node, and why; nothing is run and nothing is changed.

    A node is reused where its code, parameters, inputs and data are those of an earlier run; it runs where one of
    them changed, and the change is named: a function, a parameter, an input, a data file, a library. Where a node
    reads what is not made yet, it depends: it is reused if that turns out as before. Seconds and bytes are the
    medians of earlier runs.

    Examples:
      penstock plan examples/chicago_taxi
      penstock plan --set trainer.train_args.num_steps=200
      penstock plan --exit-code > /dev/null || echo something changed
      penstock plan --json | jq '.nodes[] | {id, action, reason}'

    Exit codes: 0 done (with --exit-code: nothing would run), 1 failed, 2 usage, 4 something would run.
    """
    from penstock.orchestration.planning import plan_project
    from penstock.orchestration.project import load_project

    # A user's pipeline.py may print; where a script reads our JSON that goes to standard error.
    with contextlib.redirect_stdout(sys.stderr) if as_json else contextlib.nullcontext():
        overrides += (f"data.sample={sample}",) if sample else ()
        project = load_project(pipeline, overrides=overrides, profile=profile)
        sampled(project, sample)
        planned = plan_project(project, no_cache=forced_nodes(no_cache))
    if as_json:
        from penstock.cli.terminal.console import print_json

        print_json(planned.to_json())
    else:
        from penstock.cli.terminal.planned import print_plan

        print_plan(planned)
    click.get_current_context().exit(CHANGES if exit_code and planned.changes_something else 0)
