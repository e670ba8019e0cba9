"""`penstock verdicts`: what the gates of a run found."""

from __future__ import annotations

from pathlib import Path

import click

from penstock.cli.lazy import LazyGroup
from penstock.cli.options import as_json, project

__all__ = ["verdicts"]


@click.group(cls=LazyGroup, short_help="See what the gates of a run found.")
def verdicts() -> None:
    """What the gates of a run found: observed, expected, and how each check came out.

    A gate is a node that may hold a run back: data anomalies, drift, thresholds of the model. Each of its checks is
    pass, fail, or undefined (no baseline, too few examples), which is neither and always says why.

    Examples:
      penstock verdicts list
      penstock verdicts list 20261121-0805 --all
    """


@verdicts.command("list", short_help="List the verdicts of a run, failures first.")
@click.argument("run", default="latest")
@click.option("--all", "show_all", is_flag=True, help="Passes too, which are only counted otherwise.")
@project
@as_json
def list_(run: str, show_all: bool, project: Path | None, as_json: bool) -> None:
    """Lists the verdicts of a run, failures first, then what is undefined; passes are counted.

    RUN is an id, or as much of its beginning as no other run has; the latest if not given.

    Examples:
      penstock verdicts list
      penstock verdicts list --all
      penstock verdicts list --json | jq '.verdicts[] | select(.outcome == "fail")'
    """
    from penstock.cli.reading import opened_store

    with opened_store(project) as store:
        record = store.run(run)
        found = [(one.node_id, one.verdict) for one in store.verdicts(record.id)]
    if as_json:
        from penstock.cli.terminal.console import print_json

        values = [{"node": node, **verdict.to_json()} for node, verdict in found]
        print_json({"run": record.id, "verdicts": values})
        return
    from penstock.cli.terminal.stored import print_verdicts

    print_verdicts(record, found, show_all=show_all)
