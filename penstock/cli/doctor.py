"""`penstock doctor`: what works on this machine and what does not."""

from __future__ import annotations

from pathlib import Path

import click

from penstock.cli.lazy import DocumentedCommand
from penstock.cli.options import as_json, project

__all__ = ["doctor"]


@click.command(cls=DocumentedCommand, short_help="Say what works on this machine and what does not.")
@project
@click.option("--deep", is_flag=True, help="Also import the large libraries, each in its own process, and time it.")
@as_json
def doctor(project: Path | None, deep: bool, as_json: bool) -> None:
    """Says what works on this machine, what does not, and what each missing thing is needed for.

    Looked at are Python and the packages that Penstock requires, Java, Docker, the GPU, memory, the disk, the
    project here and its metadata store. Nothing is changed and the network is not used. The exit code is 1 only when
    something that every run needs is broken; what is merely absent (Docker, a GPU) is told with its purpose.

    Examples:
      penstock doctor
      penstock doctor --deep                  also import the large libraries, seconds to a minute
      penstock doctor --json | jq '.checks[] | select(.state == "broken")'
    """
    from penstock.cli.diagnosis import diagnose, diagnose_imports
    from penstock.cli.terminal.checks import print_checks

    checks = diagnose(project)
    if deep:
        checks += list(diagnose_imports())
    broken = any(check.state == "broken" for check in checks)
    if as_json:
        from penstock.cli.terminal.console import print_json

        print_json({"ok": not broken, "checks": [check.to_json() for check in checks]})
    else:
        print_checks(checks)
    click.get_current_context().exit(1 if broken else 0)
