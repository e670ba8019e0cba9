"""`penstock run`: runs a pipeline on this machine and shows how it goes."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from penstock.cli.options import (
    ALL_NODES,
    NoCacheCommand,
    as_json,
    forced_nodes,
    no_cache,
    profile,
    sample,
    sampled,
    set_values,
)
from penstock.errors import PenstockError, RunCanceled, UsageError

if TYPE_CHECKING:
    from penstock.cli.terminal.evaluation import EvaluationSummary
    from penstock.cli.terminal.summary import Command, Pushed
    from penstock.orchestration.project import Project
    from penstock.orchestration.run import RunResult
    from penstock.orchestration.run_view import RunView

__all__ = ["run"]

_EXIT_CODES = {"complete": 0, "failed": 1, "blocked": 3, "canceled": RunCanceled.exit_code}


@click.command(cls=NoCacheCommand, short_help="Run a pipeline on this machine.")
@click.argument("pipeline", default=".", type=click.Path())
@set_values
@sample
@profile
@click.option("-j", "--jobs", type=click.IntRange(min=1), metavar="N", help="How many nodes may run at once.")
@no_cache
@click.option("-q", "--quiet", is_flag=True, help="Print one line at the end, and errors.")
@as_json
def run(
    pipeline: str,
    overrides: tuple[str, ...],
    sample: str | None,
    profile: str | None,
    jobs: int | None,
    no_cache: str | None,
    quiet: bool,
    as_json: bool,
) -> None:
    """Runs a pipeline on this machine and shows how it goes.

    PIPELINE is a directory with a pipeline.yaml (the working directory if not given). Each node runs in a process of
    its own, ready nodes side by side; what has not changed since an earlier run is reused. All output of a node goes
    to its log file. At the end you see each node's state and time, the evaluation with its worst slices, the verdicts
    of the gates, where the model was pushed, and what to try next.

    Examples:
      penstock run examples/chicago_taxi
      penstock run --set trainer.train_args.num_steps=200 --set data.span=2026-11-21
      penstock run --no-cache=Trainer --sample 1%
      penstock run --json | jq -c 'select(.type == "node_ended")'

    Exit codes: 0 complete, 1 failed, 2 usage, 3 blocked by a gate, 130 canceled.
    """
    from penstock.orchestration.run_view import RunView

    view = RunView()
    overrides += (f"data.sample={sample}",) if sample else ()
    try:
        project = _loaded(pipeline, overrides, profile, no_cache, as_json=as_json)
        sampled(project, sample)
        result = _ran(project, view, jobs, no_cache, as_json=as_json, quiet=quiet)
    except PenstockError as error:
        if as_json:
            from penstock.cli.terminal.console import print_json

            print_json({"type": "error", **error.to_json(), "exit_code": error.exit_code}, line=True)
        raise
    code = _EXIT_CODES[result.state]
    command = _command(pipeline, overrides, profile, project)
    if as_json:
        from penstock.cli.terminal.console import print_json

        print_json(_result_to_json(result, code), line=True)
    elif quiet:
        click.echo(f"{view.pipeline} run {result.run_id}: {result.state} in {result.seconds:.1f} s")
    if not as_json:
        _print_end(view, result, command, quiet=quiet)
    click.get_current_context().exit(code)


def _loaded(
    pipeline: str, overrides: Sequence[str], profile: str | None, no_cache: str | None, *, as_json: bool
) -> Project:
    from penstock.orchestration.project import load_project

    if no_cache == ALL_NODES and not Path(pipeline).exists() and os.sep not in pipeline:
        raise UsageError(
            f"There is no pipeline at {pipeline}.",
            hint=f"To name nodes, join them to the option: --no-cache={pipeline}.",
        )
    # A user's pipeline.py may print; where a script reads our JSON that goes to standard error.
    with contextlib.redirect_stdout(sys.stderr) if as_json else contextlib.nullcontext():
        return load_project(pipeline, overrides=overrides, profile=profile)


def _ran(
    project: Project, view: RunView, jobs: int | None, no_cache: str | None, *, as_json: bool, quiet: bool
) -> RunResult:
    from penstock.cli.terminal.progress import shown
    from penstock.orchestration.run import run_project

    with shown(view, as_json=as_json, quiet=quiet) as listener:
        return run_project(project, listener=listener, jobs=jobs, no_cache=forced_nodes(no_cache))


def _command(pipeline: str, overrides: Sequence[str], profile: str | None, project: Project) -> Command:
    from penstock.cli.terminal.settings import redacted_override
    from penstock.cli.terminal.summary import Command

    # What is printed ends in the logs of others.
    options = [word for override in overrides for word in ("--set", redacted_override(override))]
    options += ["--profile", profile] if profile else []
    here = Path.cwd()
    found_from_here = project.directory == here or project.directory in here.parents
    return Command(pipeline, options, () if found_from_here else ("-C", pipeline))


def _print_end(view: RunView, result: RunResult, command: Command, *, quiet: bool) -> None:
    from penstock.cli.terminal import summary
    from penstock.cli.terminal.console import console

    if not quiet and result.state != "canceled":
        summary.print_summary(console(), view, command, evaluation=_evaluation(result), pushed=_pushed(result))
    match result.state:
        case "failed":
            summary.print_failed(console(stderr=True), view, command)
        case "blocked":
            summary.print_blocked(console(stderr=True), view, command)
        case "canceled":
            summary.print_canceled(console(stderr=True), view, command)


def _artifacts(result: RunResult, type_name: str) -> list[Any]:
    return [
        artifact
        for outcome in result.nodes.values()
        for artifacts in outcome.outputs.values()
        for artifact in artifacts
        if artifact.type == type_name
    ]


def _evaluation(result: RunResult) -> EvaluationSummary | None:
    from penstock.cli.terminal.evaluation import summarized

    found = _artifacts(result, "ModelEvaluation")
    if not found:
        return None
    from penstock.artifacts import ModelEvaluation
    from penstock.evaluation.results import RESULTS_FILE, load

    evaluation = ModelEvaluation(found[-1].uri)
    return summarized(load(evaluation)) if evaluation.path(RESULTS_FILE).is_file() else None


def _pushed(result: RunResult) -> list[Pushed]:
    from penstock.cli.terminal.summary import Pushed

    return [
        Pushed(str(artifact.custom_properties.get("pushed_destination", artifact.uri)), artifact.id)
        for artifact in _artifacts(result, "PushedModel")
        if artifact.custom_properties.get("pushed", 1)
    ]


def _result_to_json(result: RunResult, code: int) -> dict[str, Any]:
    nodes: Mapping[str, Any] = {
        name: {
            "state": outcome.state,
            "seconds": outcome.seconds,
            "reason": outcome.reason,
            "blocked": outcome.blocked,
            "error": outcome.error.to_json() if outcome.error else None,
            "outputs": {
                output: [{"id": one.id, "type": one.type, "uri": one.uri} for one in artifacts]
                for output, artifacts in outcome.outputs.items()
            },
        }
        for name, outcome in result.nodes.items()
    }
    return {
        "type": "run_result",
        "run": result.run_id,
        "state": result.state,
        "seconds": result.seconds,
        "exit_code": code,
        "nodes": nodes,
    }
