"""`penstock store gc` and `penstock store forget`: payloads that nothing needs, and rows that must go."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TextIO

import click

from penstock.cli.amounts import AGE, SIZE, Amount
from penstock.cli.lazy import DocumentedCommand
from penstock.cli.options import as_json, home, profile

__all__ = ["forget", "gc"]

_KEEP_LAST = 5


@click.command("gc", cls=DocumentedCommand, short_help="Delete payloads that nothing needs; digests and lineage stay.")
@click.option(
    "--keep-last",
    type=click.IntRange(min=0),
    default=_KEEP_LAST,
    show_default=True,
    metavar="N",
    help="Keep what the last N runs of each pipeline that ended well read or made, and all runs since.",
)
@click.option("--older-than", type=AGE, metavar="AGE", help="Only what nothing used for so long: 30d, 12h, 2w.")
@click.option(
    "--max-size",
    type=SIZE,
    metavar="SIZE",
    help="Only until no more than this is left, what was used longest ago first: 50GB.",
)
@click.option("--keep-inputs", is_flag=True, help="Keep also everything that what is kept was made from.")
@click.option("--dry-run", is_flag=True, help="Show what would go, and change nothing.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@home
@profile
@as_json
def gc(
    *,
    keep_last: int,
    older_than: Amount | None,
    max_size: Amount | None,
    keep_inputs: bool,
    dry_run: bool,
    yes: bool,
    project: Path | None,
    profile: str | None,
    as_json: bool,
) -> None:
    """Deletes payloads that nothing needs, and shows before what can go and why, and what could not be made again.

    Kept are: what was pushed, with its model; blessed models; what is pinned (penstock artifacts pin); what the last
    runs read or made; what a run is using; and what was made together with any of these. Of the rest all goes, or with
    --older-than and --max-size only as much as they ask for. Digests and lineage stay in the store for good, and a run
    that needs a deleted payload makes it again. Only payloads in the profile's pipeline_root are looked at; what other
    programs wrote, and what was pushed to its destination, is never touched.

    Examples:
      penstock store gc --dry-run
      penstock store gc --older-than 30d --keep-last 10
      penstock store gc --max-size 50GB --yes
      penstock store gc --dry-run --json | jq '.irreproducible[] | select(.rebuildable | not)'
    """
    from penstock.cli.reading import to_json
    from penstock.cli.terminal.bar import bar
    from penstock.cli.terminal.collected import print_collection, print_done
    from penstock.cli.terminal.console import print_json
    from penstock.metadata import open_store
    from penstock.orchestration.collection import Policy, collect, planned_collection
    from penstock.orchestration.locate import find_profile
    from penstock.orchestration.upkeep import clear_up
    from penstock.orchestration.workspace import Workspace

    _ask_or_yes(ask=not (dry_run or yes), as_json=as_json)
    chosen = find_profile(project, profile)
    typed = [f"--keep-last {keep_last}"] if keep_last != _KEEP_LAST else []
    typed += [f"--older-than {older_than.typed}"] if older_than is not None else []
    typed += [f"--max-size {max_size.typed}"] if max_size is not None else []
    older_ms = None if older_than is None else older_than * 1000
    policy = Policy(keep_last, older_ms, max_size, keep_inputs, " ".join(["store gc", *typed]))
    with open_store(chosen.metadata, read_only=dry_run, create=False) as opened:
        workspace = Workspace(chosen.pipeline_root)
        if not dry_run:
            clear_up(opened, workspace)
        planned = planned_collection(opened, workspace, policy, opened.retention.now())
        if not as_json:
            print_collection(planned)
        if dry_run or not planned.going:
            if as_json:
                print_json({**planned.to_json(), "done": None})
            return
        if not yes:
            click.confirm("\nDelete them?", abort=True)
        with bar("Deleting", quiet=as_json) as progress:
            done = collect(opened, workspace, planned, progress)
    if as_json:
        print_json({**planned.to_json(), "done": to_json(done)})
    else:
        print_done(done)
    click.get_current_context().exit(1 if done.refused else 0)


@click.command("forget", cls=DocumentedCommand, short_help="Remove one person's rows from published examples.")
@click.option("--column", required=True, metavar="NAME", help="The column that says whose rows they are.")
@click.option("--value", "given", multiple=True, metavar="VALUE", help="A value of it. Repeatable; see --values-file.")
@click.option(
    "--values-file",
    type=click.File(encoding="utf-8"),
    metavar="FILE",
    help="A file with a value on each line, or - for standard input: not seen in the list of processes.",
)
@click.option("--delete-derived", is_flag=True, help="Delete also statistics, models and all else made from such rows.")
@click.option("--dry-run", is_flag=True, help="Show what would be done, and change nothing.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@home
@profile
@as_json
def forget(
    *,
    column: str,
    given: tuple[str, ...],
    values_file: TextIO | None,
    delete_derived: bool,
    dry_run: bool,
    yes: bool,
    project: Path | None,
    profile: str | None,
    as_json: bool,
) -> None:
    """Removes the rows with certain values in a column from published examples, and names what must be rebuilt.

    Published artifacts never change: the examples that hold such rows are copied without them, the copies take their
    place wherever they would be reused, and the originals are deleted, all at once or not at all. Examples that were
    made from them are deleted too. Everything else that was made from them (statistics, models, evaluations, pushed
    models) is named, and never reused again: the next run rebuilds it. Input files that still have such rows are named:
    they are yours to change. The values are kept nowhere. Logs, and copies outside the pipeline root, are not searched.

    Examples:
      penstock store forget --column taxi_id --values-file - --dry-run < ids.txt
      penstock store forget --column taxi_id --value 7f3a --delete-derived
      penstock store forget --column taxi_id --values-file ids.txt --yes --json | jq '.sources'
    """
    from penstock.cli.reading import to_json
    from penstock.cli.terminal.bar import bar
    from penstock.cli.terminal.collected import print_done, print_removal
    from penstock.cli.terminal.console import print_json
    from penstock.data.row_removal import Values
    from penstock.metadata import open_store
    from penstock.orchestration import forgetting
    from penstock.orchestration.locate import find_profile
    from penstock.orchestration.upkeep import clear_up
    from penstock.orchestration.workspace import Workspace

    try:
        lines = values_file.read().splitlines() if values_file is not None else []
    except UnicodeDecodeError as error:
        raise click.UsageError("The file of values is not UTF-8.") from error
    values = Values([*given, *(line for line in lines if line.strip())])
    _ask_or_yes(ask=not (dry_run or yes), as_json=as_json)
    chosen = find_profile(project, profile)
    with open_store(chosen.metadata, read_only=dry_run, create=False) as opened:
        workspace = Workspace(chosen.pipeline_root)
        if not dry_run:
            clear_up(opened, workspace)
        with bar("Looking", quiet=as_json) as progress:
            planned = forgetting.planned_removal(
                opened, workspace, column, values, delete_all=delete_derived, progress=progress
            )
        if not as_json:
            print_removal(planned)
        if dry_run or not planned.held:
            if as_json:
                print_json({**planned.to_json(), "done": None})
            return
        if not yes:
            click.confirm("\nRemove them?", abort=True)
        with bar("Removing", quiet=as_json) as progress:
            done = forgetting.forget(opened, workspace, planned, values, progress)
    if as_json:
        print_json({**planned.to_json(), "done": to_json(done)})
    else:
        print_done(done)
    click.get_current_context().exit(1 if done.refused else 0)


def _ask_or_yes(*, ask: bool, as_json: bool) -> None:
    """Nothing is deleted that nobody said yes to."""
    if ask and (as_json or not sys.stdin.isatty()):
        raise click.UsageError("Nobody can be asked here: add --yes, or --dry-run to look only.")
