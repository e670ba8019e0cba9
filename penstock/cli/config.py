"""`penstock config`: what a pipeline.yaml says, may say, and whether it is right."""

from __future__ import annotations

import click

from penstock.cli.lazy import LazyGroup
from penstock.cli.options import as_json, profile, set_values

__all__ = ["config"]


@click.group(cls=LazyGroup, short_help="See and check a pipeline.yaml.")
def config() -> None:
    """What a pipeline.yaml says, what it may say, and whether it is right. No data is read and nothing is run.

    Examples:
      penstock config check examples/chicago_taxi
      penstock config show --profile local
      penstock config schema > pipeline.schema.json
    """


@config.command("show", short_help="Show the config as a run would see it.")
@click.argument("pipeline", default=".", type=click.Path())
@set_values
@profile
@as_json
def show(pipeline: str, overrides: tuple[str, ...], profile: str | None, as_json: bool) -> None:
    """Shows the config as a run would see it: with --set applied, the profile chosen, paths made absolute.

    Passwords in URLs, and values whose key says that they are secret, are not printed.

    Examples:
      penstock config show examples/chicago_taxi
      penstock config show --set trainer.train_args.num_steps=200
      penstock config show --json | jq .data
    """
    from penstock.cli.terminal.settings import effective, print_settings
    from penstock.config import load_config
    from penstock.orchestration.standard import path_keys

    values = effective(load_config(pipeline, overrides=overrides, profile=profile, path_keys=path_keys()))
    if as_json:
        from penstock.cli.terminal.console import print_json

        print_json(values)
        return
    print_settings(values)


@config.command("schema", short_help="Print the JSON Schema of a pipeline.yaml.")
def schema() -> None:
    """Prints the JSON Schema of a pipeline.yaml, for an editor that completes and checks while you type.

    Examples:
      penstock config schema > pipeline.schema.json
      penstock config schema | jq '.properties | keys'

    In an editor that knows yaml-language-server, the first line of pipeline.yaml is then
    `# yaml-language-server: $schema=pipeline.schema.json`.
    """
    from penstock.cli.terminal.console import print_json
    from penstock.orchestration.standard import config_schema

    print_json(config_schema())


@config.command("check", short_help="Check a pipeline.yaml and its graph.")
@click.argument("pipeline", default=".", type=click.Path())
@set_values
@profile
@as_json
def check(pipeline: str, overrides: tuple[str, ...], profile: str | None, as_json: bool) -> None:
    """Checks a pipeline.yaml, every parameter in it, and the graph; names file, line and column of what is wrong.

    Examples:
      penstock config check
      penstock config check examples/chicago_taxi --profile local
    """
    from penstock.orchestration.project import load_project

    loaded = load_project(pipeline, overrides=overrides, profile=profile)
    nodes = list(loaded.pipeline.nodes)
    if as_json:
        from penstock.cli.terminal.console import print_json

        profile_name = loaded.config.profile.name
        print_json({"ok": True, "pipeline": loaded.pipeline.name, "nodes": nodes, "profile": profile_name})
        return
    click.echo(f"ok: {loaded.pipeline.name} has {len(nodes)} nodes ({', '.join(nodes)}).")
