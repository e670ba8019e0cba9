"""`penstock artifacts`: what runs made, and what each artifact was made from."""

from __future__ import annotations

from pathlib import Path

import click

from penstock.cli.lazy import LazyGroup
from penstock.cli.options import as_json, project

__all__ = ["artifacts"]


@click.group(cls=LazyGroup, short_help="See what runs made, and what from.")
def artifacts() -> None:
    """What runs made: examples, statistics, schemas, models, evaluations; and what each was made from.

    An artifact is a directory that never changes once it is published. ID is the number that `penstock artifacts list`
    and `penstock runs show` print.

    Examples:
      penstock artifacts list --type Model
      penstock artifacts show 12
      penstock artifacts lineage 12 --up
      penstock artifacts export 3 build/examples
    """


@artifacts.command("list", short_help="List artifacts, the newest first.")
@click.option("--type", "type_name", metavar="TYPE", help="Only this type: Examples, Model, PushedModel ...")
@click.option("--run", "run", metavar="RUN", help="Only what this run made; 'latest' is the latest.")
@click.option("--node", metavar="NODE", help="Only what this node made.")
@click.option("-n", "--limit", type=click.IntRange(min=1), default=30, show_default=True, help="At most so many.")
@project
@as_json
def list_(
    type_name: str | None, run: str | None, node: str | None, limit: int, project: Path | None, as_json: bool
) -> None:
    """Lists artifacts, the newest first: id, type, the node that made it, and where it lies.

    Examples:
      penstock artifacts list
      penstock artifacts list --type Model --limit 5
      penstock artifacts list --run latest --json | jq -r '.[].uri'
    """
    from penstock.cli.reading import opened_store, to_json

    with opened_store(project) as store:
        run_id = store.run(run).id if run else None
        found = store.artifacts(type=type_name, run=run_id, node=node, limit=limit)
    if as_json:
        from penstock.cli.terminal.console import print_json

        print_json([to_json(artifact) for artifact in found])
        return
    from penstock.cli.terminal.stored import print_artifacts

    print_artifacts(found)


@artifacts.command("show", short_help="Show one artifact: properties, files, who made it.")
@click.argument("artifact_id", metavar="ID", type=int)
@project
@as_json
def show(artifact_id: int, project: Path | None, as_json: bool) -> None:
    """Shows one artifact: its type, properties and digest, the node that made it, and the files of its payload.

    Examples:
      penstock artifacts show 12
      penstock artifacts show 12 --json | jq -r .uri
    """
    from penstock.cli.reading import opened_store, to_json

    with opened_store(project) as store:
        found = store.artifact(artifact_id)
    if as_json:
        from penstock.cli.terminal.console import print_json

        print_json(to_json(found))
        return
    from penstock.cli.terminal.stored import print_artifact

    print_artifact(found)


@artifacts.command("export", short_help="Write examples as TFRecord files of tf.train.Example.")
@click.argument("artifact_id", metavar="ID", type=int)
@click.argument("directory", type=click.Path(file_okay=False, path_type=Path))
@click.option("--split", "only", multiple=True, metavar="NAME", help="Only this split; may be given more than once.")
@project
@as_json
def export(artifact_id: int, directory: Path, only: tuple[str, ...], project: Path | None, as_json: bool) -> None:
    """Writes the splits of an Examples artifact as gzip TFRecord files of tf.train.Example, laid out as TFX does.

    DIRECTORY gets Split-NAME/data_tfrecord-00000-of-00001.gz for each split. TFX's components read it, and so does
    ImportExampleGen. Numbers with a fraction become 32 bits wide, which is all that tf.train.Example holds.

    Examples:
      penstock artifacts export 3 build/examples
      penstock artifacts export 3 build/examples --split eval --json
    """
    from penstock.cli.reading import exported

    written = exported(artifact_id, directory, only, project)
    if as_json:
        from penstock.cli.terminal.console import print_json

        print_json(written)
        return
    for split, facts in written.items():
        click.echo(f"{split}: {facts['rows']:,} examples in {facts['path']}")


@artifacts.command("lineage", short_help="Show what an artifact was made from, or what was made from it.")
@click.argument("artifact_id", metavar="ID", type=int)
@click.option("--up/--down", "up", default=True, help="What it was made from (the default), or what was made from it.")
@click.option("--format", "format_", type=click.Choice(["tree", "json"]), default="tree", show_default=True)
@project
@as_json
def lineage(artifact_id: int, up: bool, format_: str, project: Path | None, as_json: bool) -> None:
    """Shows what an artifact was made from, step by step back to the data, or what was made from it.

    Examples:
      penstock artifacts lineage 17 --up        from a pushed model back to the trips
      penstock artifacts lineage 1 --down       everything that was made from these examples
      penstock artifacts lineage 17 --format json
    """
    from penstock.cli.reading import opened_store, to_json

    with opened_store(project) as store:
        found = store.lineage(artifact_id, direction="up" if up else "down")
    if as_json or format_ == "json":
        from penstock.cli.terminal.console import print_json

        print_json(
            {
                "root": found.root,
                "artifacts": [to_json(one) for one in found.artifacts.values()],
                "executions": [to_json(one) for one in found.executions.values()],
                "edges": [to_json(one) for one in found.edges],
            }
        )
        return
    from penstock.cli.terminal.lineage import print_lineage

    print_lineage(found, up=up)
