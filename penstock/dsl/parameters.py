"""Parameters: held against the component's annotations, and turned to JSON and back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from penstock.dsl.component import Component
from penstock.errors import GraphError

__all__ = ["absolute", "each_path", "to_jsonable", "validated"]


def validated(component: Component, name: str, value: Any, node_id: str) -> Any:
    """The value as the annotation wants it (a mapping becomes a dataclass, ``1`` a float).

    Raises:
        GraphError: The value does not fit; ``at`` is the way into a nested value, as a list of keys and indices.
    """
    from pydantic import ConfigDict, TypeAdapter, ValidationError
    from pydantic.errors import PydanticUserError

    annotation = component.parameters[name].annotation
    try:
        try:
            adapter = TypeAdapter(annotation, config=ConfigDict(extra="forbid", strict=False))
        except PydanticUserError:  # the annotated class brings its own configuration
            adapter = TypeAdapter(annotation)
        return adapter.validate_python(value)
    except ValidationError as error:
        first = _most_telling(error.errors())
        at = [part for part in first["loc"] if isinstance(part, int) or part in _keys_within(value)]
        inside = "".join(f"[{part!r}]" for part in at)
        raise GraphError(
            f"Node {node_id}: {name}{inside} of {component.name}: {first['msg']}, found {first['input']!r}.",
            hint=_hint(component, name),
            node=node_id,
            argument=name,
            at=at,
        ) from error


def _most_telling(errors: Sequence[Any]) -> Any:
    """The first error; where text or a mapping may stand and a mapping does, what is wrong with the mapping."""
    first = errors[0]
    if first["type"] == "string_type" and isinstance(first["input"], Mapping):
        place = first["loc"][:-1]
        return next((one for one in errors[1:] if one["loc"][: len(place)] == place), first)
    return first


def _keys_within(value: Any) -> set[str]:
    """Every mapping key in a nested value, and every name that a mapping in it might be missing."""
    keys: set[str] = set()
    stack = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, dict):
            keys.update(str(key) for key in item)
            stack.extend(item.values())
        elif isinstance(item, (list, tuple)):
            stack.extend(item)
    return keys


def _hint(component: Component, name: str) -> str:
    annotation = component.parameters[name].annotation
    shown = getattr(annotation, "__name__", None) if isinstance(annotation, type) else None
    return f"Expected {shown or str(annotation).replace('typing.', '')}."


def to_jsonable(value: Any) -> Any:
    """A parameter's value as JSON types, for the plan."""
    from pydantic_core import to_jsonable_python

    return to_jsonable_python(value)


def each_path(value: Any, change: Callable[[str], str]) -> Any:
    """A parameter that is a path, or several by name, with each of them changed."""
    if isinstance(value, Mapping):
        return {name: change(path) for name, path in value.items()}
    return change(value) if value else value


def absolute(value: Any, directory: Path) -> Any:
    """A parameter that is a path, or several by name, from the root of the file system; URIs stay."""
    return each_path(value, lambda path: path if "://" in path else str(directory / path))
