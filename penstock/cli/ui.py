"""`penstock ui`: the web pages of runs and artifacts."""

from __future__ import annotations

from pathlib import Path

import click

from penstock.cli.options import project

__all__ = ["ui"]


@click.command(short_help="Look at runs and artifacts in the browser.")
@project
@click.option("--port", type=click.IntRange(0, 65535), default=8080, show_default=True, help="0 takes any free one.")
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="Where to listen. Anything but this machine lets everybody who can reach it read all that the store names.",
)
@click.option("--open/--no-open", "open_browser", default=False, help="Open the pages in your browser.")
def ui(project: Path | None, port: int, host: str, open_browser: bool) -> None:
    """Shows runs, their graphs while they run, logs and artifacts as web pages, until you press Ctrl-C.

    The pages only read. A run that goes on is kept up to date; a new one appears by itself. Each page is JSON as
    well, for a request with the header `Accept: application/json`: /runs/latest leads to the newest run.

    \b
    Examples:
      penstock ui
      penstock ui -C examples/chicago_taxi --port 8081 --open
      penstock ui --host 0.0.0.0              for everybody who can reach this machine
    """
    from penstock.orchestration.locate import find_store
    from penstock.ui.web.reader import StoreReader
    from penstock.ui.web.security import is_loopback
    from penstock.ui.web.server import listen, serve

    reader = StoreReader(find_store(project))
    there = reader.exists()
    if there:
        reader.store()  # what is no store is told here, not on a page
    taken = listen(host, port)

    def ready(address: str) -> None:
        click.echo(f"Runs and artifacts of {reader.place}")
        click.echo(f"  {address}   (Ctrl-C stops)")
        if not there:
            click.echo("  There is no store yet. Runs appear as soon as there are any: penstock run.")
        if not is_loopback(host):
            click.echo(f"  Everybody who can reach {host} can read these pages.", err=True)

    serve(reader, taken, host, ready=ready, open_browser=open_browser)
