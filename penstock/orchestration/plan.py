"""The plan: a frozen value made once per run, stored with it, and read by children, pods, pages and later runs."""

from __future__ import annotations

import graphlib
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from penstock.dsl import Channel, Component, Node, Pipeline
from penstock.dsl.options import NodeOptions
from penstock.dsl.parameters import absolute, each_path, to_jsonable, validated
from penstock.dsl.user_code import function_of, load_module
from penstock.errors import GraphError, UsageError, did_you_mean
from penstock.gates import Gate

__all__ = ["Plan", "PlanNode", "Source", "absolute_paths", "checked_nodes", "load_component", "make_plan", "resolved"]


@dataclass(frozen=True)
class Source:
    """An output of another node."""

    node: str
    output: str


@dataclass(frozen=True)
class PlanNode:
    """One node, as data.

    Attributes:
        component: The component's name.
        ref: Where the component is found: ``package.module:name``, or ``file.py:name`` in the project's directory.
        inputs: Where each connected input comes from.
        parameters: Every parameter as JSON, defaults included; paths inside the project are relative to it.
        values: Parameters that are read from another node's output when it exists.
        outputs: Type name of each output.
        waits_for: Nodes that must have passed before, although nothing of theirs is read.
        gate: ``off``, ``warn`` or ``block`` if the component is a gate.
        query: What a resolver asks, as JSON; such a node runs nothing.
        options: How the node is run; no part of its cache key.
    """

    id: str
    component: str
    ref: str
    version: str
    inputs: Mapping[str, Source] = field(default_factory=dict)
    parameters: Mapping[str, Any] = field(default_factory=dict)
    values: Mapping[str, Source] = field(default_factory=dict)
    outputs: Mapping[str, str] = field(default_factory=dict)
    waits_for: tuple[str, ...] = ()
    gate: Gate | None = None
    query: Mapping[str, Any] | None = None
    options: NodeOptions = field(default_factory=NodeOptions)

    @property
    def upstream(self) -> list[str]:
        """Ids of the nodes that must have ended before this one."""
        read = [source.node for source in (*self.inputs.values(), *self.values.values())]
        return list(dict.fromkeys([*read, *self.waits_for]))


@dataclass(frozen=True)
class Plan:
    """A pipeline as data: its nodes in an order in which each comes after what it waits for."""

    pipeline: str
    nodes: tuple[PlanNode, ...]

    def node(self, node_id: str) -> PlanNode:
        """The node of that id."""
        return next(node for node in self.nodes if node.id == node_id)

    def to_json(self) -> dict[str, Any]:
        """As a JSON value; `from_json` gives an equal plan back."""
        return asdict(self) | {"nodes": [asdict(node) | {"waits_for": list(node.waits_for)} for node in self.nodes]}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Plan:
        """The plan that `to_json` wrote."""
        nodes = tuple(
            PlanNode(
                **{
                    **node,
                    "inputs": {name: Source(**source) for name, source in node["inputs"].items()},
                    "values": {name: Source(**source) for name, source in node["values"].items()},
                    "waits_for": tuple(node["waits_for"]),
                    "options": NodeOptions.from_json(node.get("options", {})),
                }
            )
            for node in value["nodes"]
        )
        return cls(value["pipeline"], nodes)


def make_plan(pipeline: Pipeline, directory: Path) -> Plan:
    """The plan of a checked pipeline whose relative paths start from ``directory``."""
    graph = {node.id: [*node.upstream] for node in pipeline.nodes.values()}
    order = {node_id: index for index, node_id in enumerate(pipeline.nodes)}
    sorter = graphlib.TopologicalSorter(graph)
    sorter.prepare()
    ready: list[str] = []
    ordered: list[PlanNode] = []
    while sorter.is_active():
        ready = sorted([*ready, *sorter.get_ready()], key=order.__getitem__)
        node_id = ready.pop(0)
        ordered.append(_plan_node(pipeline.nodes[node_id], directory))
        sorter.done(node_id)
    return Plan(pipeline.name, tuple(ordered))


def _plan_node(node: Node, directory: Path) -> PlanNode:
    component = node.component
    parameters: dict[str, Any] = {}
    values: dict[str, Source] = {}
    for name, spec in component.parameters.items():
        given = node.parameters.get(name, spec.default)
        if isinstance(given, Channel):
            values[name] = Source(given.node, given.output)
        else:
            value = to_jsonable(validated(component, name, given, node.id) if name in node.parameters else given)
            parameters[name] = _relative(value, directory) if spec.kind else value
    query = component.query
    return PlanNode(
        id=node.id,
        component=component.name,
        ref=_ref(component, directory),
        version=component.version,
        inputs={name: Source(channel.node, channel.output) for name, channel in node.inputs.items()},
        parameters=parameters,
        values=values,
        outputs={name: spec.type.type_name for name, spec in component.outputs.items()},
        waits_for=tuple(node.waits_for),
        gate=parameters.get("gate") if "gate" in component.parameters else None,
        query={
            "type": query.type.type_name,
            "output": query.output,
            "blessed": query.blessed,
            "other_than": query.other_than,
            "predecessor": query.predecessor,
            "window": query.window,
        }
        if query
        else None,
        options=NodeOptions(**node.given_options),
    )


def _relative(value: Any, directory: Path) -> Any:
    def relative(path: str) -> str:
        whole = directory / path
        return str(whole.relative_to(directory)) if "://" not in path and whole.is_relative_to(directory) else path

    return each_path(absolute(value, directory), relative)


def absolute_paths(node: PlanNode, component: Component, directory: Path) -> dict[str, Any]:
    """A node's parameters, its paths as this machine reads them."""
    return {
        name: absolute(value, directory) if component.parameters[name].kind else value
        for name, value in node.parameters.items()
    }


def resolved(node: PlanNode, component: Component, values: Mapping[str, Any], directory: Path) -> PlanNode:
    """The node with what its parameters stand for now, see `Component.resolve`; ``values`` come from other nodes."""
    if component.resolve is None:
        return node
    found = component.resolve({**absolute_paths(node, component, directory), **values})
    kinds = {name: component.parameters[name].kind for name in found}
    told = {name: _relative(value, directory) if kinds[name] else value for name, value in found.items()}
    return replace(node, parameters={**node.parameters, **told})


def _ref(component: Component, directory: Path) -> str:
    function = component.function
    if "<locals>" in function.__qualname__ or function.__module__ == "__main__":
        raise GraphError(
            f"Component {component.name} is defined inside a function or a script, where no other process finds it.",
            hint="Define it at the top level of a .py file in the pipeline's directory.",
            component=component.name,
        )
    file = Path(function.__code__.co_filename).resolve()
    if file.is_relative_to(directory) and not _installed(file, directory):
        return f"{file.relative_to(directory)}:{function.__qualname__}"
    return f"{function.__module__}:{function.__qualname__}"


def _installed(file: Path, directory: Path) -> bool:
    """Whether a file in the project's directory belongs to an environment that lies there, and not to the project."""
    return not {"site-packages", "dist-packages"}.isdisjoint(file.relative_to(directory).parts)


def load_component(ref: str, directory: Path) -> Component:
    """The component that a plan's ``ref`` names; ``directory`` is the project's."""
    import importlib

    place, _, name = ref.partition(":")
    module = load_module(directory / place) if place.endswith(".py") else importlib.import_module(place)
    found = function_of(module, name)
    if not isinstance(found, Component):
        raise UsageError(f"{ref} is not a component.", hint="Is it decorated with @component?", path=place)
    return found


def checked_nodes(plan: Plan, *, no_cache: bool | Collection[str]) -> bool | frozenset[str]:
    """Which nodes are not to be reused: all, none, or those named, each of which must be there."""
    if isinstance(no_cache, bool):
        return no_cache
    known = [node.id for node in plan.nodes]
    for name in no_cache:
        if name not in known:
            raise UsageError(f"There is no node {name!r}.", hint=did_you_mean(name, known))
    return frozenset(no_cache)
