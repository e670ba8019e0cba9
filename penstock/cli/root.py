"""The command ``penstock``: the root of all groups, and the boundary where errors become lines and exit codes."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence
from typing import Any

import click

from penstock.cli import plugins
from penstock.cli.lazy import LazyGroup
from penstock.cli.terminal import errors
from penstock.version import __version__

__all__ = ["CANCELED", "app", "main"]

CANCELED = 130


class _Root(LazyGroup):
    """The root group. However it ends, what is printed is bounded, and the exit code says what happened."""

    # Packages are only looked for where no command of Penstock's own was meant.

    def list_commands(self, ctx: click.Context) -> list[str]:
        added = plugins.commands_by_package(self.own)
        return [*super().list_commands(ctx), *(name for names in added.values() for name in names)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        return super().get_command(ctx, cmd_name) or plugins.command_of(cmd_name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        super().format_commands(ctx, formatter)
        for package, names in plugins.commands_by_package(self.own).items():
            rows = [
                (name, text) for name in names if (text := plugins.short_help(name, formatter.width - 30)) is not None
            ]
            if rows:
                with formatter.section(f"From the plug-in {package}"):
                    formatter.write_dl(rows)

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,  # noqa: FBT002  # click's signature
        **extra: Any,
    ) -> Any:
        arguments = list(sys.argv[1:] if args is None else args)
        extra["complete_var"] = complete_var
        if not standalone_mode:
            return super().main(arguments, prog_name, standalone_mode=False, **extra)
        sys.exit(self._guarded(arguments, prog_name, extra))

    def _guarded(self, arguments: list[str], prog_name: str | None, extra: dict[str, Any]) -> int:
        try:
            result = super().main(arguments, prog_name, standalone_mode=False, **extra)
            sys.stdout.flush()
        except click.exceptions.NoArgsIsHelpError as error:
            context: click.Context | None = error.ctx
            top = context is None or context.parent is None
            click.echo(context.get_help() if context else "", err=not top)
            return 0 if top else 2
        except click.ClickException as error:
            return errors.print_usage(error)
        except (click.Abort, KeyboardInterrupt):
            click.echo("canceled", err=True)  # click has ended the line that shows ^C
            return CANCELED
        except BrokenPipeError:
            # The reader (head, less) went away: not an error, and the interpreter must not complain at its end.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 1
        except Exception as error:  # noqa: BLE001  # the outermost boundary: nothing above can tell the user
            command = next((each for each in arguments if not each.startswith("-")), "")
            return errors.print_error(error, arguments, None if command in self.own else plugins.package_of(command))
        return result if isinstance(result, int) else 0


_SECTIONS = {
    "Run a pipeline": {
        "run": "penstock.cli.run:run",
        "plan": "penstock.cli.plan:plan",
        "compile": "penstock.cli.compile:compile_",
        "config": "penstock.cli.config:config",
        "schema": "penstock.cli.schema:schema",
        "statistics": "penstock.cli.statistics:statistics",
    },
    "Look at what happened": {
        "runs": "penstock.cli.runs:runs",
        "why": "penstock.cli.why:why",
        "artifacts": "penstock.cli.artifacts:artifacts",
        "verdicts": "penstock.cli.verdicts:verdicts",
        "slices": "penstock.cli.slices:slices",
        "ui": "penstock.cli.ui:ui",
    },
    "Look after the machine": {
        "store": "penstock.cli.store:store",
        "doctor": "penstock.cli.doctor:doctor",
    },
}


def _version(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        click.echo(f"penstock {__version__}")
        ctx.exit()


@click.group(
    cls=_Root,
    sections=_SECTIONS,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 done, 1 failed, 2 usage, 3 blocked by a gate, 4 changes (plan --exit-code), 130 canceled.",
)
@click.option(
    "--version", is_flag=True, expose_value=False, is_eager=True, callback=_version, help="Print the version and exit."
)
def app() -> None:
    """Machine learning pipelines from data to a pushed model, with gates that hold bad ones back.

    A pipeline is a directory with a pipeline.yaml and your two functions, preprocessing_fn and run_fn. Every
    artifact that a run makes is kept in a metadata store; what has not changed is reused in the next run.

    Examples:
      penstock run examples/chicago_taxi        run the pipeline of that directory
      penstock plan                             what a run would do, and why
      penstock runs show                        how the latest run went, node by node
      penstock artifacts lineage 12 --up        what artifact 12 was made from
      penstock doctor                           what works on this machine, what does not
    """


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line and gives its exit code."""
    gc.set_threshold(50_000, 20, 20)  # most of a short command's time is imports, and they leave no garbage
    try:
        app.main(arguments, prog_name="penstock")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 1
    return 0
