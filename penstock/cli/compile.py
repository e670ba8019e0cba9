"""`penstock compile`: a pipeline as a file for another orchestrator."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path

import click

from penstock.cli.options import profile, set_values

__all__ = ["compile_"]


@click.command("compile", short_help="Compile a pipeline for Kubeflow Pipelines.")
@click.argument("pipeline", default=".", type=click.Path())
@set_values
@profile
@click.option(
    "-o",
    "--output",
    default="pipeline.kfp.yaml",
    show_default=True,
    type=click.Path(dir_okay=False, allow_dash=True),
    help="The file to write; - is standard output.",
)
def compile_(pipeline: str, overrides: tuple[str, ...], profile: str | None, output: str) -> None:
    """Compiles a pipeline to the file format of Kubeflow Pipelines. Nothing is run, and no data is read.

    The profile says where it will run, with `runner: kubeflow`: the image, the pipeline root, the metadata store. The
    file holds the plan; variables such as ${PENSTOCK_METADATA} stay in it as they are written, and the pods take their
    values from the Kubernetes secret `penstock`. Needs the extra: pip install 'penstock[kubeflow]'.

    \b
    Examples:
      penstock compile examples/chicago_taxi --profile kubeflow
      penstock compile --profile kubeflow --set trainer.train_args.num_steps=200 -o short.kfp.yaml
      penstock compile --profile kubeflow -o - | head
    """
    from penstock.orchestration.kubeflow.compile import compile_project
    from penstock.orchestration.project import load_project

    # Where the file goes to standard output, nothing that a pipeline.py prints may come into it.
    with contextlib.redirect_stdout(sys.stderr):
        loaded = load_project(pipeline, overrides=overrides, profile=profile, as_written=True)
    compiled = compile_project(loaded)
    if output == "-":
        click.echo(compiled.text, nl=False)
    else:
        Path(output).write_text(compiled.text)
        click.echo(f"{output}: {loaded.pipeline.name}, {len(compiled.tasks)} tasks.")
    for note in compiled.notes:
        click.echo(note, err=True)
