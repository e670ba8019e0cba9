"""`penstock schema`: the curated schema, a file in the user's repository."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from penstock.cli.lazy import LazyGroup
from penstock.cli.options import as_json, project
from penstock.errors import UsageError

if TYPE_CHECKING:
    from tensorflow_metadata.proto.v0 import anomalies_pb2

    from penstock.artifacts import Artifact

__all__ = ["schema"]

_Artifact = TypeVar("_Artifact", bound="Artifact")

file_option = click.option(
    "--file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The schema's file. Without it: import_schema_gen.schema_file of pipeline.yaml, else schema.pbtxt beside it.",
)


@click.group(cls=LazyGroup, short_help="Infer, see, edit and correct the curated schema.")
def schema() -> None:
    """The curated schema: what the data must fit, a file that you keep with your code.

    Begin with an inferred one, read it, correct it, and name it in pipeline.yaml: import_schema_gen.schema_file. When
    the gate of the data holds a run back and the data are right, accept the changes that its anomalies suggest.

    Examples:
      penstock schema infer
      penstock schema edit
      penstock schema accept payment_type
    """


@schema.command("infer", short_help="Write the schema that a run inferred or used.")
@click.argument("run", default="latest")
@click.option("--force", is_flag=True, help="Write over a file that is there.")
@file_option
@project
def infer(run: str, force: bool, file: Path | None, project: Path | None) -> None:
    """Writes the schema of a run to the curated file, to begin with.

    Examples:
      penstock schema infer
      penstock schema infer 20261121-0805 --file schema.pbtxt --force
    """
    from penstock.artifacts import Schema
    from penstock.data_validation.files import read_schema, schema_text

    path = _file(project, file)
    if path.exists() and not force:
        raise UsageError(f"There is a schema at {path} already.", hint="Edit it, or give --force to write over it.")
    _, artifact = _of_run(Schema, run, project, "has made no schema")
    path.write_text(schema_text(read_schema(artifact)), encoding="utf-8")
    click.echo(f"{path}: written. Name it in pipeline.yaml: import_schema_gen: {{schema_file: {path.name}}}")


@schema.command("show", short_help="Print the curated schema, checked.")
@file_option
@project
@as_json
def show(file: Path | None, project: Path | None, as_json: bool) -> None:
    """Prints the curated schema as it is written, or as JSON; one that means nothing is an error with its line.

    Examples:
      penstock schema show
      penstock schema show --json | jq '.feature[].name'
    """
    from penstock.data_validation.files import parse_schema

    path = _file(project, file)
    found = parse_schema(path)
    if as_json:
        from google.protobuf.json_format import MessageToDict

        from penstock.cli.terminal.console import print_json

        print_json(MessageToDict(found, preserving_proto_field_name=True))
        return
    click.echo(path.read_text(encoding="utf-8"), nl=False)


@schema.command("edit", short_help="Edit the curated schema; it is checked when you have done.")
@file_option
@project
def edit(file: Path | None, project: Path | None) -> None:
    """Opens the curated schema in $EDITOR; what you leave is checked before it takes the place of the file.

    Examples:
      penstock schema edit
      penstock schema edit --file schema.pbtxt
    """
    import tempfile

    from penstock.data_validation.files import parse_schema
    from penstock.errors import DataError

    path = _file(project, file)
    parse_schema(path)
    text = before = path.read_text(encoding="utf-8")
    while True:
        changed = click.edit(text, extension=".pbtxt")
        if changed is None or changed == before:
            click.echo(f"{path}: not changed.")
            return
        text = changed
        with tempfile.NamedTemporaryFile("w", suffix=".pbtxt", encoding="utf-8") as draft:
            draft.write(text)
            draft.flush()
            try:
                parse_schema(draft.name)
                break
            except DataError as error:
                click.echo(str(error).replace(draft.name, str(path)), err=True)
        click.confirm("Edit it again? Otherwise the file stays as it was.", default=True, abort=True)
    path.write_text(text, encoding="utf-8")
    click.echo(f"{path}: written.")


@schema.command("accept", short_help="Change the curated schema as the anomalies of a run suggest.")
@click.argument("features", nargs=-1, metavar="[FEATURE]...")
@click.option("--run", "run_id", default="latest", show_default=True, help="The run whose anomalies count.")
@click.option("--reason", metavar="TEXT", help="Why the data are right: kept as a comment at the end of the file.")
@click.option("--dry-run", is_flag=True, help="Show the change, and write nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@file_option
@project
@as_json
def accept(
    features: tuple[str, ...],
    run_id: str,
    reason: str | None,
    dry_run: bool,
    yes: bool,
    file: Path | None,
    project: Path | None,
    as_json: bool,
) -> None:
    """Changes the curated schema so that the data of a run fit it, for the features named or for all.

    The change is shown as a diff of your file, whose order and comments stay, and is written when you say so. An entry
    that was edited since the run is left alone. Review the diff as you would review code: the data may be wrong.

    Examples:
      penstock schema accept
      penstock schema accept payment_type fare --yes
      penstock schema accept payment_type --reason "Prepaid cards since May, see DATA-112"
      penstock schema accept --dry-run --json
    """
    import difflib
    from datetime import datetime

    from penstock.data_validation.files import parse_schema
    from penstock.data_validation.schema_file import accepted, rewritten

    path = _file(project, file)
    kept = parse_schema(path)
    text = path.read_text(encoding="utf-8")
    run, found = _anomalies(run_id, project)
    known = {name for one in found for name, info in one.anomaly_info.items() if info.diff_regions}
    known |= {"" for one in found if one.dataset_anomaly_info.diff_regions}
    for feature in features:
        if feature not in known:
            from penstock.errors import did_you_mean

            raise UsageError(f"Run {run} suggests no change of {feature!r}.", hint=did_you_mean(feature, known))
    after, taken, stale = accepted(kept, found, features)
    new = rewritten(text, after) if after != kept else text
    if reason and after != kept:
        named, today = ", ".join(name or "the dataset" for name in taken), datetime.now().astimezone().date()
        new += f"# {today}, run {run}: accepted {named}: {' '.join(reason.split())}\n"
    lines = difflib.unified_diff(
        text.splitlines(keepends=True), new.splitlines(keepends=True), str(path), str(path), n=2
    )
    diff = "".join(lines)
    if not as_json:
        click.echo(diff, nl=False)
        for name in stale:
            click.echo(f"{name or 'the dataset'}: edited since run {run}; run again to see what is left.", err=True)
    write = new != text and not dry_run
    if write and not yes:
        if as_json:
            raise UsageError("With --json nothing is asked.", hint="Give --yes or --dry-run.")
        write = click.confirm(f"Write {path}?")
    if write:
        path.write_text(new, encoding="utf-8")
    if as_json:
        from penstock.cli.terminal.console import print_json

        values = {"run": run, "file": str(path), "accepted": taken, "edited_since": stale, "diff": diff}
        print_json({**values, "written": write})
    elif write:
        click.echo(f"{path}: written. Next: penstock run")
    else:
        click.echo(f"{path}: nothing to change." if new == text else f"{path}: not changed.")


def _file(project: Path | None, file: Path | None) -> Path:
    if file is not None:
        return file
    from penstock.config import load_config
    from penstock.orchestration.standard import path_keys

    config = load_config(project or Path(), path_keys=path_keys())
    named = config.sections.get("import_schema_gen", {}).get("schema_file") or "schema.pbtxt"
    return config.directory / str(named)


def _anomalies(run_id: str, project: Path | None) -> tuple[str, list[anomalies_pb2.Anomalies]]:
    """The run's id, and the anomalies of each split that its gate found."""
    from penstock.artifacts import ExampleAnomalies
    from penstock.data_validation.files import read_anomalies

    run, artifact = _of_run(ExampleAnomalies, run_id, project, "has validated no data")
    return run, [read_anomalies(artifact, split) for split in artifact.splits]


def _of_run(type: type[_Artifact], run_id: str, project: Path | None, missing: str) -> tuple[str, _Artifact]:
    """The run's id, and its artifact of the type."""
    from penstock.cli.reading import opened_store

    with opened_store(project) as store:
        run = store.run(run_id)
        found = store.artifacts(type=type.__name__, run=run.id, limit=1)
    if not found:
        raise UsageError(f"Run {run.id} {missing}.", hint="penstock run")
    artifact = found[0].load()
    assert isinstance(artifact, type)
    return run.id, artifact
