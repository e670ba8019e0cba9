"""`penstock why`: why a node ran, or was reused, in a run that is over."""

from __future__ import annotations

from pathlib import Path

import click

from penstock.cli.lazy import DocumentedCommand
from penstock.cli.options import as_json, project

__all__ = ["why"]


@click.command(cls=DocumentedCommand, short_help="Say why a node ran, or was reused.")
@click.argument("node")
@click.option("--run", "run", default="latest", metavar="RUN", help="The run that is meant; the latest if not given.")
@project
@as_json
def why(node: str, run: str, project: Path | None, as_json: bool) -> None:
    """Says why a node ran, was reused or was skipped in a run.

    What its result depends on is compared with what it was the time before: code down to the function, parameters,
    inputs, data files, versions of libraries.

    Examples:
      penstock why Trainer
      penstock why Transform --run 20261121-0805
      penstock why Trainer --json | jq '.changes[].text'
    """
    from penstock.cli.reading import graph_of, node_named, opened_store
    from penstock.orchestration.explanation import explained

    with opened_store(project) as store:
        record = store.run(run)
        nodes = store.nodes(record.id)
        name = node_named(node, dict.fromkeys([*graph_of(store, record, nodes), *(one.node_id for one in nodes)]))
        explanation = explained(store, record, name)
    if as_json:
        from penstock.cli.terminal.console import print_json

        print_json(explanation.to_json())
        return
    from penstock.cli.terminal.planned import print_explanation

    print_explanation(explanation)
