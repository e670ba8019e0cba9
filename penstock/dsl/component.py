"""`component`: from a function's signature to a component that can be placed in a pipeline.

A component is declared by one function. Parameters annotated `Input` are artifacts it reads, `Output` directories it
writes, `Context` the running node; all others are its parameters. A returned ``NamedTuple`` gives named values.
"""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, overload

from penstock.artifacts import Artifact, Value, value_type
from penstock.dsl.annotations import InputMarker, OutputMarker, ParameterKind
from penstock.dsl.context import Context
from penstock.errors import GraphError, did_you_mean

if TYPE_CHECKING:
    from penstock.dsl.graph import Node

__all__ = ["Component", "InputSpec", "OutputSpec", "ParameterSpec", "Query", "component", "resolver"]

REQUIRED: Any = inspect.Parameter.empty


@dataclass(frozen=True)
class InputSpec:
    """One input: the artifact's type, and whether the component runs without it."""

    type: type[Artifact]
    optional: bool = False


@dataclass(frozen=True)
class OutputSpec:
    """One output: the artifact's type; ``value`` if it comes from the function's returned NamedTuple."""

    type: type[Artifact]
    value: bool = False


@dataclass(frozen=True)
class ParameterSpec:
    """One parameter: its annotation, its default (`REQUIRED` if none) and what kind of path it is, if it is one."""

    annotation: Any
    default: Any = REQUIRED
    kind: str | None = None

    @property
    def required(self) -> bool:
        return self.default is REQUIRED


@dataclass(frozen=True)
class Query:
    """What a resolver asks the metadata store; the launcher answers it.

    Attributes:
        type: The type of the artifact wanted; the newest that fits is the answer.
        blessed: Only artifacts that a ModelBlessing made from them calls blessed.
        other_than: Name of an input; an artifact of the same content as it is never the answer.
        output: Name of the output that carries the answer, or nothing.
        predecessor: Only what was in the place of ``other_than`` before it: made by the same node, of no later span,
            and let through by the gate that looked at it. Of an earlier span before one of the same.
        window: Only a window of spans that the examples ``other_than`` can be added to: of the latest span before it,
            read with the same settings.
    """

    type: type[Artifact]
    output: str
    blessed: bool = False
    other_than: str | None = None
    predecessor: bool = False
    window: bool = False


@dataclass(frozen=True)
class Component:
    """A component: called with inputs and parameters inside ``with Pipeline(...)`` it gives a `Node`.

    Attributes:
        function: What runs; call it directly to try the component without a pipeline.
        version: Part of the cache key; raise it when the output changes though the code's text does not.
        query: Set for resolvers, which run nothing.
        check: Looks at the parameters before anything runs; given their values by name, raises a `GraphError` that
            names the ``argument``. Parameters that come from other nodes are left out.
        resolve: For parameters that stand for something else, such as a pattern for the newest span: given their
            values by name, paths absolute, gives those that the node is keyed and run with. Asked before each key is
            made.
        is_current: For a component with effects outside the store: given its parameters and its outputs of last
            time, whether the outside still is as the component left it. Only then may its result be reused.
        measured: For a component that measures and then judges: given its parameters as JSON, those that decide what
            is measured. Where an earlier execution measured the same, its outputs are in ``ctx.earlier``.
    """

    name: str
    function: Callable[..., Any]
    inputs: Mapping[str, InputSpec]
    outputs: Mapping[str, OutputSpec]
    parameters: Mapping[str, ParameterSpec]
    context: str | None = None
    version: str = "1"
    query: Query | None = None
    is_current: Callable[..., bool] | None = None
    check: Callable[[Mapping[str, Any]], None] | None = None
    resolve: Callable[[Mapping[str, Any]], Mapping[str, Any]] | None = None
    measured: Callable[[Mapping[str, Any]], Mapping[str, Any]] | None = None
    doc: str = field(default="", repr=False)

    def __call__(self, *, node_id: str | None = None, **arguments: Any) -> Node:
        """Places the component in the current pipeline.

        Args:
            node_id: The node's id; the component's name if not given. Needed to place a component twice.
            **arguments: Outputs of other nodes for the inputs; plain values, or outputs that are values, for the
                parameters.

        Raises:
            GraphError: An argument is unknown, missing, or of the wrong type; names node and argument.
        """
        from penstock.dsl.graph import Node

        return Node.place(self, node_id or self.name, arguments)

    @property
    def ref(self) -> str:
        """Where a child process finds the component: ``module:name``."""
        return f"{self.function.__module__}:{self.function.__qualname__}"


@overload
def component(function: Callable[..., Any], /) -> Component: ...


@overload
def component(
    *,
    version: str = "1",
    is_current: Callable[..., bool] | None = None,
    check: Callable[[Mapping[str, Any]], None] | None = None,
    resolve: Callable[[Mapping[str, Any]], Mapping[str, Any]] | None = None,
    measured: Callable[[Mapping[str, Any]], Mapping[str, Any]] | None = None,
) -> Callable[[Callable[..., Any]], Component]: ...


def component(
    function: Callable[..., Any] | None = None,
    /,
    *,
    version: str = "1",
    is_current: Callable[..., bool] | None = None,
    check: Callable[[Mapping[str, Any]], None] | None = None,
    resolve: Callable[[Mapping[str, Any]], Mapping[str, Any]] | None = None,
    measured: Callable[[Mapping[str, Any]], Mapping[str, Any]] | None = None,
) -> Component | Callable[[Callable[..., Any]], Component]:
    """Makes a component of a function.

    Args:
        function: The function, when used as a plain decorator.
        version: Part of the cache key, see `Component`.
        is_current: For components with effects outside the store, see `Component`.
        check: For parameters that can be wrong in ways that types do not tell, see `Component`.
        resolve: For parameters that stand for something else until the node runs, see `Component`.
        measured: For components that measure and then judge, see `Component`.

    Raises:
        GraphError: The signature does not say what an argument is.
    """

    def declare(function: Callable[..., Any]) -> Component:
        return _declare(
            function, version=version, is_current=is_current, check=check, resolve=resolve, measured=measured
        )

    return declare if function is None else declare(function)


def resolver(query: Query) -> Callable[[Callable[..., Any]], Component]:
    """Makes a resolver of a function whose signature names inputs and the output; its body never runs."""

    def declare(function: Callable[..., Any]) -> Component:
        return _declare(function, query=query)

    return declare


def _declare(function: Callable[..., Any], **options: Any) -> Component:
    name = function.__name__
    try:
        hints = typing.get_type_hints(function, include_extras=True)
    except NameError as error:
        raise GraphError(
            f"Component {name}: an annotation cannot be evaluated: {error}.",
            hint="Annotations of a component must be importable at module level, not only under TYPE_CHECKING.",
            component=name,
        ) from error
    inputs: dict[str, InputSpec] = {}
    outputs: dict[str, OutputSpec] = {}
    parameters: dict[str, ParameterSpec] = {}
    context: str | None = None
    for argument, declared in inspect.signature(function).parameters.items():
        if declared.kind in (declared.VAR_POSITIONAL, declared.VAR_KEYWORD):
            raise GraphError(f"Component {name}: *{argument} is not allowed, each argument needs a name.")
        if argument not in hints:
            raise GraphError(
                f"Component {name}: argument {argument!r} has no annotation.",
                hint="Annotate it Input[SomeArtifact], Output[SomeArtifact], Context, or with the parameter's type.",
                component=name,
            )
        annotation, optional = _strip_optional(hints[argument])
        markers = _markers(annotation)
        artifact = typing.get_args(annotation)[0] if typing.get_origin(annotation) is Annotated else None
        if any(isinstance(marker, InputMarker) for marker in markers):
            inputs[argument] = InputSpec(_checked(artifact, name, argument), optional)
        elif any(isinstance(marker, OutputMarker) for marker in markers):
            outputs[argument] = OutputSpec(_checked(artifact, name, argument))
        elif annotation is Context:
            context = argument
        else:
            kinds = [marker.name for marker in markers if isinstance(marker, ParameterKind)]
            parameters[argument] = ParameterSpec(hints[argument], declared.default, kinds[0] if kinds else None)
    for field_name, annotation in _returned_fields(name, hints.get("return")).items():
        outputs[field_name] = OutputSpec(value_type(annotation), value=True)
    return Component(
        name=name,
        function=function,
        inputs=inputs,
        outputs=outputs,
        parameters=parameters,
        context=context,
        doc=inspect.getdoc(function) or "",
        **options,
    )


def _markers(annotation: Any) -> tuple[Any, ...]:
    return typing.get_args(annotation)[1:] if typing.get_origin(annotation) is Annotated else ()


def _strip_optional(annotation: Any) -> tuple[Any, bool]:
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        rest = [arg for arg in typing.get_args(annotation) if arg is not type(None)]
        if len(rest) == 1 and len(rest) < len(typing.get_args(annotation)):
            return rest[0], True
    return annotation, False


def _checked(kind: Any, name: str, argument: str) -> type[Artifact]:
    if isinstance(kind, type) and issubclass(kind, Artifact) and not issubclass(kind, Value):
        return kind
    raise GraphError(
        f"Component {name}: argument {argument!r} is annotated Input or Output of {kind!r}, which is no artifact type.",
        hint="Use a type of penstock.artifacts or a subclass of Artifact. A value is taken as a plain parameter.",
        component=name,
    )


def _returned_fields(name: str, returned: Any) -> dict[str, Any]:
    if returned in (None, type(None)):
        return {}
    if isinstance(returned, type) and issubclass(returned, tuple) and hasattr(returned, "_fields"):
        return typing.get_type_hints(returned)
    raise GraphError(
        f"Component {name} is annotated to return {returned!r}.",
        hint="Return nothing, or a NamedTuple whose fields become the component's values.",
        component=name,
    )


def unknown_argument(component: Component, argument: str, node_id: str) -> GraphError:
    """The error for an argument that the component does not have."""
    known = [*component.inputs, *component.parameters]
    return GraphError(
        f"Node {node_id}: {component.name} has no argument {argument!r}.",
        hint=did_you_mean(argument, known),
        node=node_id,
        argument=argument,
    )
