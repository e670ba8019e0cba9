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
      penstock artifacts show 12
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


@artifacts.command("show", short_help="Show one artifact: properties, files, who made it.")
@artifact
@project
@as_json
def show(artifact: str, project: Path | None, as_json: bool) -> None:
    """Shows one artifact: its type, properties and digest, the node that made it, and the files of its payload.

    Examples:
      penstock artifacts show 12
      penstock artifacts show Model --json | jq -r .uri
    """
    from penstock.cli.reading import artifact_named, opened_store, to_json

    with opened_store(project) as store:
        found = artifact_named(store, artifact)
    if as_json:
        from penstock.cli.terminal.console import print_json

        print_json(to_json(found))
        return
    from penstock.cli.terminal.stored import print_artifact

    print_artifact(found)


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
