"""The options of a pipeline's nodes: those of the profile laid under those of the code, ``--set`` over both."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from penstock.config import Config
from penstock.dsl import Pipeline
from penstock.dsl.options import checked, merged
from penstock.errors import ConfigError, GraphError, did_you_mean

__all__ = ["lay_over"]


def lay_over(pipeline: Pipeline, config: Config, *, as_written: bool = False) -> None:
    """Gives each node of a pipeline the options that hold for it under the config's profile.

    The profile's ``beam`` is no node's option: the launcher lays the node's own over it. Only what ``--set`` says of it
    is put here, since that lies over what the code says.

    Args:
        pipeline: The pipeline.
        config: Its config.
        as_written: Whether another machine will read the plan, which has no place for variables of its environment.

    Raises:
        ConfigError: An entry of ``nodes`` names no node, or an option that is unknown or does not fit.
    """
    profile = config.profile
    at: tuple[str, ...] = ("profiles", profile.name)
    for node_id, written in profile.nodes.items():
        place = (*at, "nodes", node_id)
        if node_id not in pipeline.nodes:
            raise ConfigError(
                f"The profile {profile.name!r} has options for {node_id!r}, which is no node of the pipeline.",
                hint=did_you_mean(node_id, pipeline.nodes),
                key=".".join(place),
                **config.origin(place).facts(),
            )
        try:
            options = checked(written, node_id)
        except GraphError as error:
            where = (*place, error.facts["option"])
            raise ConfigError(
                error.message, hint=error.hint, key=".".join(where), **config.origin(where).facts()
            ) from error
        if as_written:
            _no_variables(options, place, config)
        node = pipeline.nodes[node_id]
        node.given_options = merged(options, node.given_options, _set(options, place, config))
    beam = _set({"beam": profile.beam}, at, config)
    for node in pipeline.nodes.values():
        if "beam" in node.given_options and beam:
            own = _set({"beam": node.given_options["beam"]}, (*at, "nodes", node.id), config)
            node.given_options = merged(node.given_options, beam, own)


def _set(options: Mapping[str, Any], place: tuple[str, ...], config: Config) -> dict[str, Any]:
    """Those of the options that ``--set`` gave; of a mapping, those of its members."""
    given: dict[str, Any] = {}
    for name, value in options.items():
        if isinstance(value, Mapping):
            members = {key: item for key, item in value.items() if _is_set((*place, name, key), config)}
            given |= {name: members} if members else {}
        elif _is_set((*place, name), config):
            given[name] = value
    return given


def _is_set(keys: tuple[str, ...], config: Config) -> bool:
    return config.origin(keys).option is not None


def _no_variables(value: Any, place: tuple[str, ...], config: Config) -> None:
    if isinstance(value, Mapping):
        for key, item in value.items():
            _no_variables(item, (*place, key), config)
    elif isinstance(value, str) and "${" in value:
        raise ConfigError(
            f"{'.'.join(place)}: variables are not read in the options of single nodes here.",
            hint="Write the value itself, or put it into the profile's own beam section.",
            key=".".join(place),
            **config.origin(place).facts(),
        )
