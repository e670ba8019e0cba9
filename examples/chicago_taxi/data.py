"""Gets the trips: a synthetic sample, a file of yours, or a download from the City of Chicago."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import click
from portal import PORTAL, DownloadError, download
from synthetic import ROWS, make_trips
from trips import COLUMNS

DEFAULT = Path(__file__).resolve().parent / "data" / "trips.csv"


@click.command(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option("--path", type=click.Path(path_type=Path), help="Use this CSV file of trips: it is checked and copied.")
@click.option("--download", "from_portal", is_flag=True, help="Fetch trips from the City of Chicago's data portal.")
@click.option(
    "--rows", type=click.IntRange(1), default=ROWS, show_default=True, help="How many trips to make or fetch."
)
@click.option("--seed", type=int, default=0, show_default=True, help="Another seed gives another synthetic sample.")
@click.option("--where", default=None, help="With --download: a SoQL filter, as \"trip_start_timestamp > '2022'\".")
@click.option("--output", type=click.Path(path_type=Path), default=DEFAULT, help="Where to write; data/trips.csv.")
@click.option("--force", is_flag=True, help="Write even if the output is there already.")
@click.option(
    "--base-url", envvar="CHICAGO_DATA_PORTAL", default=PORTAL, show_default=True, help="The portal's address."
)
def main(
    path: Path | None,
    from_portal: bool,
    rows: int,
    seed: int,
    where: str | None,
    output: Path,
    force: bool,
    base_url: str,
) -> None:
    r"""Gets the taxi trips that the example trains on.

    \b
    data.py                       a synthetic sample, made here: no network, the same each time
    data.py --path trips.csv      a file with the same 18 columns
    data.py --download            real trips; interrupted, the same command goes on where it stopped

    A file that is there already is kept unless you say --force.
    """
    if path is not None and from_portal:
        raise click.UsageError("--path and --download exclude each other.")
    if output.exists() and not force:
        click.echo(f"{output} is there already and is kept; --force writes it anew.")
        return
    output.parent.mkdir(parents=True, exist_ok=True)
    if path is not None:
        _use(path, output)
        click.echo(f"Copied {path} to {output}.")
    elif from_portal:
        try:
            count = download(output, rows, base_url=base_url, where=where)
        except DownloadError as error:
            raise click.ClickException(str(error)) from error
        click.echo(f"Wrote {count:,} trips of the City of Chicago to {output}.")
    else:
        _write(make_trips(rows, seed), output)
        click.echo(f"Wrote {rows:,} SYNTHETIC trips to {output}: made up here, in the likeness of the published data.")
        click.echo("For real ones: data.py --force --download, or --path with a file of yours.")


def _use(path: Path, output: Path) -> None:
    if not path.is_file():
        raise click.ClickException(f"There is no file {path}.")
    with path.open(newline="", encoding="utf-8") as file:
        header = next(csv.reader(file), [])
    missing = [name for name in COLUMNS if name not in header]
    if missing:
        raise click.ClickException(
            f"{path}:1: the header lacks {', '.join(missing)}.\n"
            f"Expected these columns, in any order: {', '.join(COLUMNS)}."
        )
    shutil.copyfile(path, output)


def _write(trips: dict[str, list[str]], output: Path) -> None:
    part = output.with_name(output.name + ".part")
    with part.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(zip(*(trips[name] for name in COLUMNS), strict=True))
    part.replace(output)


if __name__ == "__main__":
    main()
