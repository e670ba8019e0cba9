"""`penstock runs`: which runs there were, how each went, and what its nodes printed."""

from __future__ import annotations

from pathlib import Path

import click

from penstock.cli.lazy import LazyGroup
from penstock.cli.options import as_json, project

__all__ = ["runs"]

_ARTIFACTS = 10_000


@click.group(cls=LazyGroup, short_help="See runs, their nodes and their logs.")
def runs() -> None:
    """Which runs there were, how each of them went node by node, and what the nodes printed.

    RUN is a run's id, or as much of its beginning as no other run has. Where it is not given the latest is meant.

    Examples:
      penstock runs list
      penstock runs show
      penstock runs logs Trainer --follow
    """


@runs.command("list", short_help="List runs, the newest first.")
@click.option("--pipeline", metavar="NAME", help="Only runs of this pipeline.")
@click.option("-n", "--limit", type=click.IntRange(min=1), default=20, show_default=True, help="At most so many.")
@project
@as_json
def list_(pipeline: str | None, limit: int, project: Path | None, as_json: bool) -> None:
    """Lists runs, the newest first, with state and time.

    Examples:
      penstock runs list
      penstock runs list --pipeline chicago_taxi --limit 100
      penstock runs list --json | jq -r '.[] | select(.state == "failed") | .id'
    """
    from penstock.cli.reading import opened_store, to_json

    with opened_store(project) as store:
        found = store.runs(pipeline, limit=limit)
    if as_json:
        from penstock.cli.terminal.console import print_json

        print_json([{k: v for k, v in to_json(run).items() if k not in ("plan", "packages")} for run in found])
        return
    from penstock.cli.terminal.stored import print_runs

    print_runs(found)


@runs.command("show", short_help="Show how a run went, node by node.")
@click.argument("run", default="latest")
@project
@as_json
def show(run: str, project: Path | None, as_json: bool) -> None:
    """Shows how a run went: each node's state, time and reason, what it made, and where its log is.

    Examples:
      penstock runs show
      penstock runs show 20261121-0805
      penstock runs show --json | jq '.nodes[] | {node_id, state, reason}'
    """
    from penstock.cli.reading import graph_of, opened_store, to_json

    with opened_store(project) as store:
        record = store.run(run)
        nodes = store.nodes(record.id)
        artifacts = store.artifacts(run=record.id, limit=_ARTIFACTS)
        verdicts = [(one.node_id, one.verdict) for one in store.verdicts(record.id)]
        graph = graph_of(store, record, nodes)
    if as_json:
        from penstock.cli.terminal.console import print_json

        print_json(
            {
                **{key: value for key, value in to_json(record).items() if key != "packages"},
                "nodes": [{**to_json(node), "seconds": node.seconds} for node in nodes],
                "artifacts": [to_json(artifact) for artifact in artifacts],
                "verdicts": [{"node": node, **verdict.to_json()} for node, verdict in verdicts],
            }
        )
        return
    from penstock.cli.terminal.stored import print_run

    print_run(record, nodes, graph, artifacts, verdicts)


@runs.command("logs", short_help="Print what a node printed.")
@click.argument("words", nargs=-1, required=True, metavar="[RUN] NODE")
@click.option("-f", "--follow", is_flag=True, help="Go on printing until the node has ended.")
@click.option("-n", "--tail", type=click.IntRange(min=0), metavar="N", help="Only the last N lines.")
@project
def logs(words: tuple[str, ...], follow: bool, tail: int | None, project: Path | None) -> None:
    """Prints what a node printed: its own output and that of TensorFlow, Beam and Python.

    NODE is matched without regard to case, and trainer_2 is Trainer2. The log of a node that was reused is that of
    the run which did the work.

    Examples:
      penstock runs logs Trainer
      penstock runs logs 20261121-0805 csv_example_gen --tail 50
      penstock runs logs Trainer --follow
    """
    if len(words) > 2:
        raise click.UsageError("Give a node, or a run and a node.", click.get_current_context())
    from penstock.cli.reading import log_of, opened_store
    from penstock.cli.terminal.logs import print_log

    run, node = ("latest", words[0]) if len(words) == 1 else (words[0], words[1])
    with opened_store(project) as store:
        found = log_of(store, run, node)
        print_log(found.path, lines=tail, follow=found.running if follow else None)
