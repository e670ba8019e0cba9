"""The graph that authors write: pipelines, nodes, and the channels between them.

Building it reads no data, opens no store and branches on no run-time value; it is checked before anything runs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from types import MappingProxyType, TracebackType
from typing import Any, Self

from penstock.artifacts import Artifact, Value
from penstock.dsl.component import Component, unknown_argument
from penstock.errors import GraphError, did_you_mean

__all__ = ["Channel", "Node", "Outputs", "Pipeline", "check"]

# Ids become names of directories and files.
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")

_current: ContextVar[Pipeline | None] = ContextVar("pipeline", default=None)


@dataclass(frozen=True)
class Channel:
    """One output of one node, before it exists."""

    node: str
    output: str
    type: type[Artifact]
    pipeline: Pipeline = field(repr=False, compare=False)


class Outputs(Mapping[str, Channel]):
    """A node's outputs by name; a wrong name is a `GraphError` that offers the nearest."""

    def __init__(self, node: str, channels: dict[str, Channel]) -> None:
        self._node = node
        self._channels = MappingProxyType(channels)

    def __getitem__(self, name: str) -> Channel:
        if name not in self._channels:
            raise GraphError(
                f"Node {self._node} has no output {name!r}.", hint=did_you_mean(name, self._channels), node=self._node
            )
        return self._channels[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._channels)

    def __len__(self) -> int:
        return len(self._channels)


@dataclass(eq=False)
class Node:
    """A component placed in a pipeline.

    Attributes:
        id: Unique in the pipeline.
        inputs: The channel of each input that is connected.
        parameters: The value, or the channel of a value, for each parameter that was given.
        waits_for: Ids of nodes that must have passed before, although nothing of theirs is read.
        given_options: The options that were given, by name: see `penstock.dsl.options.NodeOptions`.
    """

    id: str
    component: Component
    inputs: dict[str, Channel]
    parameters: dict[str, Any]
    pipeline: Pipeline = field(repr=False)
    waits_for: list[str] = field(default_factory=list)
    given_options: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def place(cls, component: Component, node_id: str, arguments: dict[str, Any]) -> Node:
        """Places a component in the current pipeline; see `Component.__call__`."""
        pipeline = _current.get()
        if pipeline is None:
            raise GraphError(
                f"{component.name} was called outside of a pipeline.",
                hint=f"Call it inside `with Pipeline(name):`. To run it at once, call {component.name}.function(...).",
                node=node_id,
            )
        if not _ID.fullmatch(node_id):
            raise GraphError(
                f"{node_id!r} is no id for a node.",
                hint="Use letters, digits, '_', '-' and '.', and begin with a letter or digit.",
                node=node_id,
            )
        inputs: dict[str, Channel] = {}
        parameters: dict[str, Any] = {}
        for argument, value in arguments.items():
            if argument in component.inputs:
                if value is not None:
                    inputs[argument] = _checked_input(component, node_id, argument, value)
            elif argument in component.parameters:
                parameters[argument] = _checked_parameter(component, node_id, argument, value)
            else:
                raise unknown_argument(component, argument, node_id)
        missing = [name for name, spec in component.inputs.items() if not spec.optional and name not in inputs]
        missing += [name for name, spec in component.parameters.items() if spec.required and name not in parameters]
        if missing:
            names = ", ".join(repr(name) for name in missing)
            raise GraphError(
                f"Node {node_id}: {component.name} needs {names}.",
                hint=f"Give {missing[0]}=... to {component.name}.",
                node=node_id,
                argument=missing[0],
            )
        node = cls(node_id, component, inputs, parameters, pipeline)
        pipeline.add(node)
        return node

    @property
    def outputs(self) -> Outputs:
        """The node's outputs by name, for other nodes to read."""
        specs = self.component.outputs.items()
        return Outputs(self.id, {name: Channel(self.id, name, spec.type, self.pipeline) for name, spec in specs})

    def after(self, *nodes: Node) -> Node:
        """Makes this node wait for others, and be skipped if one of them is a gate that blocks."""
        for node in nodes:
            if node.pipeline is not self.pipeline:
                raise GraphError(f"Node {self.id} cannot wait for {node.id}: it is in another pipeline.", node=self.id)
            if node.id not in self.waits_for:
                self.waits_for.append(node.id)
        return self

    def options(self, **options: Any) -> Node:
        """Says how this node is run: ``Trainer(...).options(timeout=3600, retries=2)``.

        Args:
            **options: Fields of `penstock.dsl.options.NodeOptions`. They lie over those of the profile.

        Raises:
            GraphError: An option is unknown or does not fit.
        """
        from penstock.dsl.options import checked, merged

        self.given_options = merged(self.given_options, checked(options, self.id))
        return self

    @property
    def upstream(self) -> list[str]:
        """Ids of the nodes that must have ended before this one, without repetition, in the order first named."""
        read = [channel.node for channel in self.inputs.values()]
        read += [value.node for value in self.parameters.values() if isinstance(value, Channel)]
        return list(dict.fromkeys([*read, *self.waits_for]))


class Pipeline:
    """A pipeline: the nodes made inside its ``with`` block.

    >>> with Pipeline("empty") as pipeline:
    ...     pass
    >>> list(pipeline.nodes)
    []
    """

    def __init__(self, name: str) -> None:
        if not _ID.fullmatch(name):
            raise GraphError(f"{name!r} is no name for a pipeline.", hint="Use letters, digits, '_', '-' and '.'.")
        self.name = name
        self.nodes: dict[str, Node] = {}
        self._token: Any = None

    def __enter__(self) -> Self:
        self._token = _current.set(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _current.reset(self._token)

    def add(self, node: Node) -> None:
        """Takes a node in; two of one id are a `GraphError`."""
        if node.id in self.nodes:
            raise GraphError(
                f"Two nodes are called {node.id}.", hint="Give one of them another node_id=...", node=node.id
            )
        self.nodes[node.id] = node

    def __repr__(self) -> str:
        return f"Pipeline({self.name!r}, {len(self.nodes)} nodes)"


def _checked_input(component: Component, node_id: str, argument: str, value: Any) -> Channel:
    wanted = component.inputs[argument].type
    if isinstance(value, Node):
        fitting = [name for name, channel in value.outputs.items() if issubclass(channel.type, wanted)]
        nothing = f"{value.id} gives no {wanted.type_name}."
        hint = f'Did you mean {value.id}.outputs["{fitting[0]}"]?' if fitting else nothing
        raise GraphError(f"Node {node_id}: {argument} is given a node.", hint=hint, node=node_id, argument=argument)
    if not isinstance(value, Channel):
        raise GraphError(
            f"Node {node_id}: {argument} takes an output of another node, not {value!r}.",
            hint=f'Give it some_node.outputs["..."] of type {wanted.type_name}.',
            node=node_id,
            argument=argument,
        )
    if not issubclass(value.type, wanted):
        raise GraphError(
            f"Node {node_id}: {argument} takes {wanted.type_name}, "
            f"but {value.node}.outputs[{value.output!r}] is {value.type.type_name}.",
            hint=f"Connect an output of type {wanted.type_name}.",
            node=node_id,
            argument=argument,
        )
    return value


def _checked_parameter(component: Component, node_id: str, argument: str, value: Any) -> Any:
    if isinstance(value, Channel) and not issubclass(value.type, Value):
        raise GraphError(
            f"Node {node_id}: parameter {argument} is given an artifact ({value.type.type_name}).",
            hint=f"{argument} is a parameter of {component.name}: give it a value, or an output that is a value.",
            node=node_id,
            argument=argument,
        )
    return value


def _no_foreign_channels(pipeline: Pipeline) -> Iterator[GraphError]:
    for node in pipeline.nodes.values():
        channels = [*node.inputs.values(), *(v for v in node.parameters.values() if isinstance(v, Channel))]
        for channel in channels:
            if channel.pipeline is not pipeline:
                yield GraphError(
                    f"Node {node.id} reads {channel.node}, which is in the pipeline {channel.pipeline.name!r}.",
                    hint="Place both nodes in one pipeline.",
                    node=node.id,
                )


def _no_cycles(pipeline: Pipeline) -> Iterator[GraphError]:
    import graphlib

    graph = {node.id: node.upstream for node in pipeline.nodes.values()}
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        path = " -> ".join(reversed(error.args[1]))
        yield GraphError(f"The nodes wait for each other in a circle: {path}.", hint="Take one .after() out.")


def _not_empty(pipeline: Pipeline) -> Iterator[GraphError]:
    if not pipeline.nodes:
        yield GraphError(f"The pipeline {pipeline.name!r} has no nodes.", hint="Place components in its with block.")


def _values_fit(pipeline: Pipeline) -> Iterator[GraphError]:
    from penstock.dsl.parameters import validated

    for node in pipeline.nodes.values():
        for name, value in node.parameters.items():
            if not isinstance(value, Channel):
                try:
                    validated(node.component, name, value, node.id)
                except GraphError as error:
                    yield error


def _components_agree(pipeline: Pipeline) -> Iterator[GraphError]:
    from penstock.dsl.parameters import validated

    for node in pipeline.nodes.values():
        component = node.component
        if component.check is None:
            continue
        given = {name: spec.default for name, spec in component.parameters.items() if not spec.required}
        for name, value in node.parameters.items():
            given.pop(name, None)
            if not isinstance(value, Channel):
                given[name] = validated(component, name, value, node.id)
        try:
            component.check(given)
        except GraphError as error:
            error.message = f"Node {node.id}: {error.message}"
            yield error.with_facts(node=node.id)


_CHECKS: tuple[Callable[[Pipeline], Iterator[GraphError]], ...] = (
    _not_empty,
    _no_foreign_channels,
    _no_cycles,
    _values_fit,
    _components_agree,
)


def check(pipeline: Pipeline) -> None:
    """Checks the whole graph and raises the first `GraphError` found; nothing is run."""
    for one_check in _CHECKS:
        for error in one_check(pipeline):
            raise error
