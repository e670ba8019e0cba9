"""`penstock statistics`: a look at files before there is a pipeline."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from penstock.cli.lazy import DocumentedCommand
from penstock.cli.options import as_json

__all__ = ["statistics"]


@click.command(cls=DocumentedCommand, short_help="Look at CSV or Parquet files: every column, with histograms.")
@click.argument("path")
@click.option("--type", "types", multiple=True, metavar="COLUMN=TYPE", help="Declare a type, as in docs/ingest.md.")
@click.option("--skip", type=click.IntRange(0), default=0, show_default=True, help="So many rows may be unusable.")
@click.option("--html", type=click.Path(path_type=Path, dir_okay=False), help="Write a page to this file instead.")
@click.option(
    "--output", type=click.Path(path_type=Path, file_okay=False), help="Keep FeatureStats.pb, which TFDV reads, here."
)
@as_json
def statistics(
    path: str, types: tuple[str, ...], skip: int, html: Path | None, output: Path | None, as_json: bool
) -> None:
    """Computes statistics of every column of CSV or Parquet files, and shows them. No project is needed.

    PATH is a file, a directory of *.csv files, or a pattern in quotes; gzip and zstd are recognised.

    Examples:
      penstock statistics trips.csv
      penstock statistics 'data/*.csv' --html statistics.html
      penstock statistics trips.csv --type pickup=timestamp --output statistics
    """
    import tempfile

    from penstock.cli.terminal.bar import bar
    from penstock.data_validation.of_files import statistics_of_files
    from penstock.dsl import Context
    from penstock.errors import UsageError
    from penstock.views import view

    declared = dict(one.partition("=")[::2] for one in types)
    for name, kind in declared.items():
        if not kind:
            raise UsageError(f"--type {name} names no type.", hint=f"For example: --type {name}=string")
    with tempfile.TemporaryDirectory() as temporary, bar(f"Reading {path}", quiet=as_json) as tell:

        def emit(event: dict[str, Any]) -> None:
            if event["type"] == "progress" and event["total"]:
                tell(event["done"], event["total"], "")
            elif event["type"] == "warning":
                click.echo(event["text"], err=True)

        found = statistics_of_files(
            path,
            output or Path(temporary),
            Context(temp_dir=Path(temporary), emit=emit),
            types=declared,
            on_error="skip" if skip else "fail",
            max_skipped=skip,
        )
        shown = view(found)
    assert shown is not None, "statistics have a view"
    if html is not None:
        html.write_text(shown.html(), encoding="utf-8")
        click.echo(f"{html}: written.")
    elif as_json:
        from penstock.cli.terminal.console import print_json

        print_json(shown.model())
    else:
        from penstock.cli.terminal.console import console
        from penstock.cli.terminal.views import print_view

        print_view(console(), shown)
