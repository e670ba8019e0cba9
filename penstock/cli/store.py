"""`penstock store`: looking after the metadata store."""

from __future__ import annotations

from pathlib import Path

import click

from penstock.cli.lazy import LazyGroup
from penstock.cli.options import as_json, project

__all__ = ["store"]


@click.group(cls=LazyGroup, short_help="Look after the metadata store.")
def store() -> None:
    """Looks after the metadata store, in which runs, artifacts and their lineage are kept.

    Examples:
      penstock store check
      penstock store check --digests --repair
    """


@store.command("check", short_help="Look whether everything holds that must hold.")
@click.option("--digests", is_flag=True, help="Read every file of every payload and hold it against its digest.")
@click.option("--repair", is_flag=True, help="Set right what can be without losing anything; payloads are not touched.")
@project
@as_json
def check(digests: bool, repair: bool, project: Path | None, as_json: bool) -> None:
    """Looks whether everything holds that must hold: rows, the cache's index, leases, payloads.

    Nothing is changed without --repair, which says what it did. The exit code is 1 where something is broken that was
    not repaired; what is merely odd (a lease that nobody keeps, a payload of another program) is told.

    Examples:
      penstock store check
      penstock store check --digests          also read every payload
      penstock store check --repair
      penstock store check --json | jq '.findings[] | select(.severity == "broken")'
    """
    from penstock.cli.reading import opened_store, to_json
    from penstock.cli.terminal.bar import bar
    from penstock.metadata.checks.check import check_store

    with opened_store(project, read_only=not repair) as opened, bar("Checking", quiet=as_json) as progress:
        report = check_store(opened, digests=digests, repair=repair, progress=progress)
    if as_json:
        from penstock.cli.terminal.console import print_json

        print_json({"ok": report.is_well, **to_json(report)})
    else:
        from penstock.cli.terminal.store_check import print_report

        print_report(report, opened.url)
    click.get_current_context().exit(0 if report.is_well else 1)
