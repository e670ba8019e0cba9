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
      penstock artifacts diff 2 13
      penstock artifacts lineage 12 --up
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


_html = click.option(
    "--html",
    "html",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write it as one web page that needs no network, and print nothing else.",
)


@artifacts.command("show", short_help="Show one artifact: what it holds, who made it.")
@click.argument("artifact_id", metavar="ID", type=int)
@_html
@project
@as_json
def show(artifact_id: int, html: Path | None, project: Path | None, as_json: bool) -> None:
    """Shows one artifact: its type, properties and digest, the node that made it, its files, and what it holds.

    Statistics are shown column by column with histograms; schemas, anomalies, the first rows of examples and
    evaluations as tables.

    Examples:
      penstock artifacts show 12
      penstock artifacts show 12 --html statistics.html
      penstock artifacts show 12 --json | jq -r .uri
    """
    from penstock.cli.reading import opened_store, to_json
    from penstock.errors import PenstockError, UsageError
    from penstock.views import view

    with opened_store(project) as store:
        found = store.artifact(artifact_id)
    try:
        shown = view(found.load())
    except PenstockError as error:
        if html is not None:
            raise
        shown, problem = None, error.message
    else:
        problem = ""
    if html is not None:
        if shown is None:
            raise UsageError(
                f"Artifacts of the type {found.type} have no view.", hint="See docs/extend/artifact-view.md."
            )
        _write(html, shown.html())
    elif as_json:
        from penstock.cli.terminal.console import print_json

        print_json({**to_json(found), "view": None if shown is None else {"name": shown.name, "model": shown.model()}})
    else:
        from penstock.cli.terminal.stored import print_artifact

        print_artifact(found, shown, problem)


@artifacts.command("diff", short_help="Show what differs between two artifacts of one type.")
@click.argument("old", metavar="A", type=int)
@click.argument("new", metavar="B", type=int)
@_html
@project
@as_json
def diff(old: int, new: int, html: Path | None, project: Path | None, as_json: bool) -> None:
    """Shows what differs from artifact A to artifact B, which are of one type.

    Of statistics every column with its distance, the most drifted first; of schemas the features and domains that
    changed; of examples columns and numbers of rows; of evaluations the metrics of each slice; of all others properties
    and files.

    Examples:
      penstock artifacts diff 2 13
      penstock artifacts diff 2 13 --html drift.html
      penstock artifacts diff 3 14 --json | jq '.model.features | keys'
    """
    from penstock.cli.reading import opened_store
    from penstock.cli.terminal.console import console, print_json
    from penstock.views import compare

    with opened_store(project) as store:
        before, after = store.artifact(old), store.artifact(new)
    shown = compare(before.load(), after.load())
    if html is not None:
        _write(html, shown.html())
    elif as_json:
        print_json({"old": old, "new": new, "type": after.type, "name": shown.name, "model": shown.model()})
    else:
        from penstock.cli.terminal.views import print_view

        terminal = console()
        terminal.print(shown.title, style="bold")
        print_view(terminal, shown)


def _write(file: Path, html: str) -> None:
    from penstock.errors import UsageError

    try:
        file.write_text(html, encoding="utf-8")
    except OSError as error:
        raise UsageError(
            f"{file} cannot be written: {error.strerror}.", hint="Name a file in a directory that is there."
        ) from error


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
