"""What a component's signature says: inputs, outputs, and parameters that are more than a plain value."""

from __future__ import annotations

from typing import Annotated, TypeVar

__all__ = ["Destination", "Input", "InputPath", "InputPaths", "ModuleFile", "Output", "ParameterKind"]

T = TypeVar("T")


class InputMarker:
    """Marks a parameter of a component's function as an input artifact."""


class OutputMarker:
    """Marks a parameter of a component's function as an output artifact: a directory to write to."""


class ParameterKind:
    """Marks a parameter as a path with a meaning, or several by name; their text never enters the cache key.

    Attributes:
        name: ``module``: Python code of the user's, keyed by the source of what it imports.
            ``data``: files that are read, keyed by content. ``destination``: where results go outside the store.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return f"ParameterKind({self.name!r})"


Input = Annotated[T, InputMarker()]
Output = Annotated[T, OutputMarker()]

ModuleFile = Annotated[str, ParameterKind("module")]
InputPath = Annotated[str, ParameterKind("data")]
InputPaths = Annotated[str | dict[str, str], ParameterKind("data")]
Destination = Annotated[str, ParameterKind("destination")]
