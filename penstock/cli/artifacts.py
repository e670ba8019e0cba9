"""`penstock artifacts`: what runs made, and what each artifact was made from."""

from __future__ import annotations

from pathlib import Path

import click

from penstock.cli.lazy import LazyGroup
from penstock.cli.options import artifact, as_json, author, project

__all__ = ["artifacts"]


@click.group(cls=LazyGroup, short_help="See what runs made, and what from.")
def artifacts() -> None:
    """What runs made: examples, statistics, schemas, models, evaluations; and what each was made from.

    An artifact is a directory that never changes once it is published. ARTIFACT is the number that `penstock artifacts
    list` and `penstock runs show` print, or the place of its payload, or a type: that of the latest run with one.

    Examples:
      penstock artifacts list --type Model
      penstock artifacts diff 2 13
      penstock artifacts lineage PushedModel --up
      penstock artifacts pin Model --reason "the model of the audit"
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
@artifact
@_html
@project
@as_json
def show(artifact: str, html: Path | None, project: Path | None, as_json: bool) -> None:
    """Shows one artifact: its type, properties and digest, the node that made it, its files, and what it holds.

    Statistics are shown column by column with histograms; schemas, anomalies, the first rows of examples and
    evaluations as tables.

    Examples:
      penstock artifacts show 12
      penstock artifacts show 12 --html statistics.html
      penstock artifacts show Model --json | jq -r .uri
    """
    from penstock.cli.reading import artifact_named, opened_store, to_json
    from penstock.errors import PenstockError, UsageError
    from penstock.views import view

    with opened_store(project) as store:
        found = artifact_named(store, artifact)
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
@click.argument("old", metavar="A")
@click.argument("new", metavar="B")
@_html
@project
@as_json
def diff(old: str, new: str, html: Path | None, project: Path | None, as_json: bool) -> None:
    """Shows what differs from artifact A to artifact B, which are of one type and named as any ARTIFACT is.

    Of statistics every column with its distance, the most drifted first; of schemas the features and domains that
    changed; of examples columns and numbers of rows; of evaluations the metrics of each slice; of all others properties
    and files.

    Examples:
      penstock artifacts diff 2 13
      penstock artifacts diff 2 13 --html drift.html
      penstock artifacts diff 3 14 --json | jq '.model.features | keys'
    """
    from penstock.cli.reading import artifact_named, opened_store
    from penstock.cli.terminal.console import console, print_json
    from penstock.views import compare

    with opened_store(project) as store:
        before, after = artifact_named(store, old), artifact_named(store, new)
    shown = compare(before.load(), after.load())
    if html is not None:
        _write(html, shown.html())
    elif as_json:
        print_json({"old": before.id, "new": after.id, "type": after.type, "name": shown.name, "model": shown.model()})
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


@artifacts.command("export", short_help="Write examples as TFRecord files of tf.train.Example.")
@artifact
@click.argument("directory", type=click.Path(file_okay=False, path_type=Path))
@click.option("--split", "only", multiple=True, metavar="NAME", help="Only this split; may be given more than once.")
@project
@as_json
def export(artifact: str, directory: Path, only: tuple[str, ...], project: Path | None, as_json: bool) -> None:
    """Writes the splits of an Examples artifact as gzip TFRecord files of tf.train.Example, laid out as TFX does.

    DIRECTORY gets Split-NAME/data_tfrecord-00000-of-00001.gz for each split. TFX's components read it, and so does
    ImportExampleGen. Numbers with a fraction become 32 bits wide, which is all that tf.train.Example holds.

    Examples:
      penstock artifacts export Examples build/examples
      penstock artifacts export 3 build/examples --split eval --json
    """
    from penstock.cli.reading import exported

    written = exported(artifact, directory, only, project)
    if as_json:
        from penstock.cli.terminal.console import print_json

        print_json(written)
        return
    for split, facts in written.items():
        click.echo(f"{split}: {facts['rows']:,} examples in {facts['path']}")


@artifacts.command("lineage", short_help="Show what an artifact was made from, or what was made from it.")
@artifact
@click.option("--up/--down", "up", default=True, help="What it was made from (the default), or what was made from it.")
@click.option("--depth", type=click.IntRange(min=0), metavar="N", help="At most N executions away; all if not given.")
@click.option(
    "--format", "format_", type=click.Choice(["tree", "json", "dot", "mermaid"]), default="tree", show_default=True
)
@click.option(
    "--details", is_flag=True, help="In the tree: digests of code, parameters and libraries of each execution."
)
@project
@as_json
def lineage(
    *, artifact: str, up: bool, depth: int | None, format_: str, details: bool, project: Path | None, as_json: bool
) -> None:
    """Shows what an artifact was made from, step by step back to the input files, or what was made from it.

    Each execution comes with the commit of its run, and with the input files that it was given: path, size and
    digest. --details adds the digests of its code and its parameters; --format json has all of it. What was told once
    is named again, not told again.

    Examples:
      penstock artifacts lineage PushedModel             from what was pushed last back to the trips
      penstock artifacts lineage 1 --down --depth 2      what was made from these examples, two steps far
      penstock artifacts lineage 17 --format dot | dot -Tsvg > lineage.svg
      penstock artifacts lineage 17 --json | jq '.executions[].provenance.files'
    """
    from penstock.cli.reading import artifact_named, opened_store, to_json

    with opened_store(project) as store:
        found = store.lineage(artifact_named(store, artifact).id, "up" if up else "down", depth=depth)
        known = store.provenance(found.executions)
        answers = store.answers(found.artifacts)
    if as_json or format_ == "json":
        from penstock.cli.terminal.console import print_json

        executions = [
            {**to_json(one), "provenance": to_json(known[one.id]) if one.id in known else None}
            for one in found.executions.values()
        ]
        print_json(
            {
                "root": found.root,
                "artifacts": [to_json(one) for one in found.artifacts.values()],
                "executions": executions,
                "edges": [to_json(one) for one in found.edges],
                "answers": [one._asdict() for one in answers],
            }
        )
    elif format_ == "tree":
        from penstock.cli.terminal.lineage import print_lineage

        print_lineage(found, known, answers, up=up, details=details)
    else:
        from penstock.cli.terminal.lineage_graph import dot, mermaid

        click.echo((dot if format_ == "dot" else mermaid)(found, known), nl=False)


@artifacts.command("pin", short_help="Keep an artifact's payload, whatever is collected.")
@artifact
@click.option("--reason", required=True, metavar="TEXT", help="Why it is to be kept, for those who find the pin.")
@author
@project
def pin(artifact: str, reason: str, author: str, project: Path | None) -> None:
    """Keeps the payload of an artifact, and of what was made together with it, whatever `penstock store gc` collects.

    Examples:
      penstock artifacts pin 17 --reason "the model of the audit"
      penstock artifacts pin Model --reason "compared with in the paper" --author ada
    """
    _pin(artifact, reason, author, project, pinned=True)


@artifacts.command("unpin", short_help="Take a pin out.")
@artifact
@click.option("--reason", required=True, metavar="TEXT", help="Why it need not be kept any more.")
@author
@project
def unpin(artifact: str, reason: str, author: str, project: Path | None) -> None:
    """Takes a pin out; who did so and why is kept, as is who pinned it.

    Examples:
      penstock artifacts unpin 17 --reason "the audit is over"
      penstock artifacts unpin Model --reason "a better one was pushed" --author ada
    """
    _pin(artifact, reason, author, project, pinned=False)


def _pin(name: str, reason: str, author: str, project: Path | None, *, pinned: bool) -> None:
    from penstock.cli.reading import artifact_named, opened_store

    if not reason.strip():
        raise click.UsageError("A pin needs a reason: somebody will ask.")
    with opened_store(project, read_only=False) as store:
        found = artifact_named(store, name)
        change = store.retention.pin if pinned else store.retention.unpin
        change(found.id, reason.strip(), author)
    click.echo(f"{found.type} {found.id} is {'pinned' if pinned else 'no longer pinned'}.")
