"""The nodes of a TensorFlow graph, or of a function's body, in an order and under numbers that no name decides."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Protocol

__all__ = ["Graph", "NodeGraph"]

# What an attribute says of the process that traced the node (names of gradients, devices it saw), of names, or of what
# follows from the rest.
_NOT_CONTENT = {
    "config_proto",
    "_gradient_op_type",
    "_class",
    "_output_shapes",
    "_read_only_resource_inputs",
    "debug_name",
    "shared_name",
}
_SHARED = "shared_name"
_CALLS = {"PartitionedCall", "StatefulPartitionedCall"}


class Library(Protocol):
    """Knows functions by what they compute."""

    def function(self, name: str) -> str:
        """The digest of a function, or the name itself if it is none of the model's."""
        ...

    def argument_order(self, name: str) -> Sequence[int]:
        """For each argument of a function its place in the canonical order; nothing if the function is not known."""
        ...


def _hash(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


class Graph:
    """Nodes with their inputs resolved: an index and a port, or an argument of the function.

    Args:
        nodes: The nodes.
        arguments: What is known of each argument of the function, by its name, in their order.
        library: The model's functions.
        without_value: Names of constants whose value does not count.

    Attributes:
        arguments: What is known of each argument.
        labels: For each node what it does, whatever it is called and wherever its inputs come from.
        inputs: For each node its data inputs in order, as (source, port); a source is a node's index, or minus one
            minus an argument's place. Those of a call are in the canonical order of the function's arguments.
        controls: For each node the indices of the nodes that it waits for.
    """

    def __init__(
        self,
        nodes: Sequence[Any],
        arguments: Mapping[str, str],
        library: Library,
        without_value: Collection[str] = (),
    ) -> None:
        self._library = library
        self._index = {node.name: index for index, node in enumerate(nodes)}
        self._arguments = {name: -1 - place for place, name in enumerate(arguments)}
        self.arguments = list(arguments.values())
        self.shared = [node.attr[_SHARED].s.decode(errors="replace") if _SHARED in node.attr else "" for node in nodes]
        self.labels = [self._label(node, has_value=node.name not in without_value) for node in nodes]
        self.inputs: list[list[tuple[int, str]]] = []
        self.controls: list[list[int]] = []
        for node in nodes:
            sources = [self.source(text) for text in node.input]
            data = [(index, port) for index, port in sources if port != "^"]
            order = library.argument_order(self._called(node))
            self.inputs.append([one for _, one in sorted(zip(order, data, strict=True))] if order else data)
            self.controls.append([index for index, port in sources if port == "^"])

    def source(self, text: str) -> tuple[int, str]:
        """The node or argument that a tensor's name (``node:port``, ``^node``) stands for, and its port."""
        name, _, port = text.removeprefix("^").partition(":")
        port = "^" if text.startswith("^") else port or "0"
        if name in self._arguments:
            return self._arguments[name], port
        return self._index[name], port

    def has(self, text: str) -> bool:
        """Whether there is such a tensor or node."""
        name = text.removeprefix("^").partition(":")[0]
        return name in self._index or name in self._arguments

    def attribute(self, value: Any) -> str:
        """An attribute's value, functions in it by what they compute."""
        kind = value.WhichOneof("value")
        if kind == "func":
            return self._function(value.func)
        if kind == "list" and value.list.func:
            return _hash("list", *(self._function(one) for one in value.list.func))
        if kind == "s":
            text = value.s.decode(errors="replace")
            called = self._library.function(text)
            if called != text:
                return _hash("called", called)
        return hashlib.sha256(value.SerializeToString(deterministic=True)).hexdigest()

    @staticmethod
    def _called(node: Any) -> str:
        """The name of the function that a node calls with its own inputs; another name if it calls none so."""
        return str(node.attr["f"].func.name if node.op in _CALLS else node.op)

    def _function(self, function: Any, *, positions: bool = True) -> str:
        order = self._library.argument_order(function.name) if positions else ()
        attributes = [f"{name}={self.attribute(value)}" for name, value in sorted(function.attr.items())]
        return _hash("function", self._library.function(function.name), str(list(order)), *attributes)

    def _label(self, node: Any, *, has_value: bool) -> str:
        calls = node.op in _CALLS
        attributes = []
        for name, value in sorted(node.attr.items()):
            if calls and name == "f":
                attributes.append(f"f={self._function(value.func, positions=False)}")
            elif name not in _NOT_CONTENT and (name, has_value) != ("value", False) and not (calls and name == "Tin"):
                attributes.append(f"{name}={self.attribute(value)}")
        return _hash(self._library.function(node.op), node.device, *attributes)


class NodeGraph:
    """The canonical form of a graph.

    Args:
        graph: The nodes.
        wanted: The tensors that are asked for, in an order that means something; numbering starts from them, and
            arguments are numbered as they are met.

    Attributes:
        digest: Of all nodes, those too that nothing wanted depends on.
        argument_order: For each argument its place in the order in which arguments are met.
        shared: Each shared name with the number of a node that has it.
    """

    def __init__(self, graph: Graph, wanted: Iterable[str]) -> None:
        self._graph = graph
        self._numbers: dict[int, int] = {}
        self._places: dict[int, int] = {}
        asked = [graph.source(text)[0] for text in wanted if graph.has(text)]
        for root in asked:
            self._number(root)
        self._number_rest()
        order = sorted(self._numbers, key=self._numbers.__getitem__)
        for place in sorted(range(len(graph.arguments)), key=lambda one: (graph.arguments[one], one)):
            self._meet(-1 - place)
        self.argument_order = [self._places[place] for place in range(len(graph.arguments))]
        self.shared = [(graph.shared[index], self._numbers[index]) for index in order if graph.shared[index]]
        self.digest = _hash(*(self._line(index) for index in order))

    def ref(self, text: str) -> str:
        """A tensor or node by its number; a name that the graph does not have stands for itself."""
        if not self._graph.has(text):
            return text
        return self._port(*self._graph.source(text))

    def _port(self, source: int, port: str) -> str:
        return f"{self._numbers[source]}:{port}" if source >= 0 else f"arg{self._places[-1 - source]}:{port}"

    def _line(self, index: int) -> str:
        inputs = [self._port(*one) for one in self._graph.inputs[index]]
        controls = sorted(f"^{self._numbers[one]}" for one in self._graph.controls[index])
        return " ".join([self._graph.labels[index], *inputs, *controls])

    def _number_rest(self) -> None:
        """Numbers what nothing wanted reads, starting from what is like nothing else.

        Each number given tells more apart: the initializers of two tables, by where the tables are used. Nodes that
        stay alike to the end are alike in all that they do; which of them comes first says nothing.
        """
        inputs, count = self._graph.inputs, len(self._graph.labels)
        while rest := [index for index in range(count) if index not in self._numbers]:
            hashes = self._hashes()
            read = {source for index in rest for source, _ in inputs[index]}
            ends = [index for index in rest if index not in read] or rest
            alike: dict[str, list[int]] = {}
            for index in ends:
                alike.setdefault(hashes[index], []).append(index)
            single = [key for key in sorted(alike) if len(alike[key]) == 1]
            for key in single or [min(alike)]:
                for index in alike[key]:
                    self._number(index)

    def _number(self, root: int) -> None:
        """Numbers a node after everything that it reads."""
        if root < 0:
            self._meet(root)
        if root < 0 or root in self._numbers:
            return
        path = [(root, iter(self._graph.inputs[root]))]
        entered = {root}
        while path:
            index, inputs = path[-1]
            for source, _ in inputs:
                if source < 0:
                    self._meet(source)
                elif source not in self._numbers and source not in entered:
                    entered.add(source)
                    path.append((source, iter(self._graph.inputs[source])))
                    break
            else:
                self._numbers[index] = len(self._numbers)
                path.pop()

    def _meet(self, argument: int) -> None:
        self._places.setdefault(-1 - argument, len(self._places))

    def _hashes(self) -> list[str]:
        """A hash of each node and of all that it depends on, down to nodes that have numbers.

        A loop is cut where it is first closed.
        """
        graph = self._graph
        hashes = [f"#{self._numbers[index]}" if index in self._numbers else None for index in range(len(graph.labels))]
        for root in range(len(graph.labels)):
            path = [root]
            entered = {root}
            while path:
                index = path[-1]
                sources = [source for source, _ in graph.inputs[index] if source >= 0] + graph.controls[index]
                todo = [one for one in sources if hashes[one] is None and one not in entered]
                if hashes[index] is None and todo:
                    entered.update(todo[:1])
                    path += todo[:1]
                    continue
                path.pop()
                if hashes[index] is None:
                    inputs = [f"{self._seen(hashes, source)}:{port}" for source, port in graph.inputs[index]]
                    controls = sorted(self._seen(hashes, one) for one in graph.controls[index])
                    hashes[index] = _hash(graph.labels[index], *inputs, "^", *controls)
        return [one or "" for one in hashes]

    def _seen(self, hashes: Sequence[str | None], source: int) -> str:
        if source >= 0:
            return hashes[source] or "loop"
        place = self._places.get(-1 - source)
        return self._graph.arguments[-1 - source] if place is None else f"arg{place}"
