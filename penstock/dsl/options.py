"""Node options: how a node is run, as opposed to what it computes. None of them is part of a cache key.

A node's options come from several places, each laid over the one before: what is built in, the profile, the profile's
entry for the node, ``node.options(...)`` in ``pipeline.py``, and ``--set``.
"""

from __future__ import annotations

import dataclasses
import functools
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from penstock.errors import GraphError, did_you_mean

__all__ = ["NodeOptions", "checked", "merged", "schema"]


@dataclass(frozen=True)
class NodeOptions:
    """The options of one node. A field is an option: its name, type, default, bounds and description stand here only.

    The metadata of a field are what pydantic's ``Field`` takes.
    """

    timeout: float | None = field(
        default=None,
        metadata={
            "gt": 0,
            "allow_inf_nan": False,
            "description": "Seconds that one attempt may take; then its process is ended. No limit if not given.",
        },
    )
    retries: int = field(
        default=0,
        metadata={
            "ge": 0,
            "le": 100,
            "description": "How often a failed attempt is repeated, where repeating can help.",
        },
    )
    beam: dict[str, Any] = field(
        default_factory=dict,
        metadata={"description": "Beam's pipeline options by name, laid over those of the profile."},
    )

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> NodeOptions:
        """The options that ``dataclasses.asdict`` gave; those of another version of Penstock are left out."""
        known = {one.name for one in dataclasses.fields(cls)}
        return cls(**{name: item for name, item in value.items() if name in known})


def checked(given: Mapping[str, Any], node_id: str) -> dict[str, Any]:
    """The options that were given, each of the right type and within its bounds.

    Raises:
        GraphError: One is unknown or does not fit; facts ``node`` and ``option``.
    """
    import json

    from pydantic import ValidationError

    kept = {}
    for name, value in given.items():
        if name not in _adapters():
            raise GraphError(
                f"Node {node_id}: there is no option {name!r}.",
                hint=did_you_mean(name, _adapters()),
                node=node_id,
                option=name,
            )
        try:
            kept[name] = _adapters()[name].validate_python(value, strict=True)
            json.dumps(value)  # the plan is stored, and read by other processes
        except (ValidationError, TypeError) as error:
            problem = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
            raise GraphError(
                f"Node {node_id}: option {name}: {problem}, found {value!r}.",
                hint=str(_field(name).metadata["description"]),
                node=node_id,
                option=name,
            ) from error
    return kept


def merged(*layers: Mapping[str, Any]) -> dict[str, Any]:
    """Options laid over one another, the last on top; of mappings (``beam``) the members are.

    >>> merged({"timeout": 5, "beam": {"a": 1, "b": 1}}, {"beam": {"b": 2}})
    {'timeout': 5, 'beam': {'a': 1, 'b': 2}}
    """
    result: dict[str, Any] = {}
    for layer in layers:
        for name, value in layer.items():
            below = result.get(name)
            both = isinstance(value, Mapping) and isinstance(below, Mapping)
            result[name] = {**below, **value} if both else value  # type: ignore[dict-item]  # both are mappings
    return result


def schema() -> dict[str, Any]:
    """The JSON Schema of a node's options."""
    properties = {name: adapter.json_schema() for name, adapter in _adapters().items()}
    for name, value in dataclasses.asdict(NodeOptions()).items():
        properties[name]["default"] = value
    return {
        "type": "object",
        "title": "NodeOptions",
        "description": "How a node is run; nothing here changes what it computes.",
        "properties": properties,
        "additionalProperties": False,
    }


def _field(name: str) -> dataclasses.Field[Any]:
    return next(one for one in dataclasses.fields(NodeOptions) if one.name == name)


def _annotated(kind: Any, constraint: Any) -> Any:
    return typing.Annotated[kind, constraint]


@functools.cache
def _adapters() -> dict[str, Any]:
    from pydantic import Field, TypeAdapter

    kinds = typing.get_type_hints(NodeOptions)
    return {
        one.name: TypeAdapter(_annotated(kinds[one.name], Field(**one.metadata)))
        for one in dataclasses.fields(NodeOptions)
    }
