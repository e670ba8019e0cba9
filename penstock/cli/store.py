"""`penstock store`: looking after the metadata store."""

from __future__ import annotations

from pathlib import Path

import click

from penstock.cli.collecting import forget, gc
from penstock.cli.lazy import LazyGroup
from penstock.cli.options import as_json, project

__all__ = ["store"]


@click.group(cls=LazyGroup, short_help="Look after the metadata store.")
def store() -> None:
    """Looks after the metadata store, in which runs, artifacts and their lineage are kept.

    Examples:
      penstock store check --digests --repair
      penstock store gc --dry-run
      penstock store import ~/tfx/metadata/chicago_taxi/metadata.db
      penstock store export --to sqlite:///copy.db
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
    from penstock.cli.reading import to_json
    from penstock.cli.terminal.bar import bar
    from penstock.orchestration.checking import check_project

    with bar("Checking", quiet=as_json) as progress:
        url, report = check_project(project, digests=digests, repair=repair, progress=progress)
    if as_json:
        from penstock.cli.terminal.console import print_json

        print_json({"ok": report.is_well, **to_json(report)})
    else:
        from penstock.cli.terminal.store_check import print_report

        print_report(report, url)
    click.get_current_context().exit(0 if report.is_well else 1)


@store.command("export", short_help="Write the store to a file that TFX's tools read.")
@click.option("--to", "url", required=True, metavar="URL", help="The file: sqlite:///path/file.db.")
@click.option("--mlmd-only", is_flag=True, help="Leave Penstock's own tables out: the file holds MLMD's and no other.")
@click.option("--overwrite", is_flag=True, help="Replace a file that is there.")
@project
@as_json
def export(url: str, mlmd_only: bool, overwrite: bool, project: Path | None, as_json: bool) -> None:
    """Writes the store, as it stands at this moment, to one SQLite file of ML Metadata's schema.

    Ids stay the same, and the file is there as a whole or not at all; runs may go on meanwhile. With Penstock's own
    tables (digests, cache, verdicts) Penstock can go on with the file elsewhere. Payloads are not copied.

    Examples:
      penstock store export --to sqlite:///copy.db
      penstock store export --to sqlite:////srv/mlmd/taxi.db --mlmd-only --overwrite
    """
    from penstock.cli.reading import opened_store
    from penstock.cli.terminal.bar import bar
    from penstock.metadata.transfer.exporting import export_store

    with opened_store(project) as opened, bar("Exporting", quiet=as_json) as progress:
        done = export_store(opened, url, own=not mlmd_only, overwrite=overwrite, progress=progress)
    from penstock.cli.terminal.console import print_json
    from penstock.cli.terminal.store_transfer import print_exported

    if as_json:
        print_json({"path": str(done.path), "bytes": done.bytes, "rows": done.rows})
    else:
        print_exported(done)


@store.command("import", short_help="Take in the metadata.db of TFX.")
@click.argument("file", type=click.Path(path_type=Path))
@project
@as_json
def import_(file: Path, project: Path | None, as_json: bool) -> None:
    """Takes in a file of ML Metadata's, such as TFX's metadata.db: its runs, artifacts and lineage show from then on.

    FILE is not changed. Payloads stay where they are; what is not there is told. Importing a file again takes in
    what is new in it. It may be of MLMD's schema version 6 to 10 (TFX 0.25 to 1.16).

    Examples:
      penstock store import ~/tfx/metadata/chicago_taxi/metadata.db
      penstock store import metadata.db --json | jq .runs
    """
    from penstock.cli.reading import opened_store, to_json
    from penstock.cli.terminal.bar import bar
    from penstock.metadata.transfer.importing import import_store

    with opened_store(project, read_only=False, create=True) as opened, bar("Importing", quiet=as_json) as progress:
        done = import_store(opened, file, progress=progress)
    from penstock.cli.terminal.console import print_json
    from penstock.cli.terminal.store_transfer import print_imported

    if as_json:
        print_json(to_json(done))
    else:
        print_imported(done, file)


store.add_command(gc)
store.add_command(forget)
