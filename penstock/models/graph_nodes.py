"""The nodes of a TensorFlow graph, or of a function's body, in an order and under numbers that no name decides."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any, Protocol

__all__ = ["Graph", "NodeGraph"]

# What an attribute says of the process that traced the node: names of gradients, devices it saw, where names would lie.
_NOT_CONTENT = {"config_proto", "_gradient_op_type", "_class", "_output_shapes"}
_SHARED = "shared_name"


class Library(Protocol):
    """Knows functions by what they compute."""

    def function(self, name: str) -> str:
        """The digest of a function, or the name itself if it is none of the model's."""
        ...


def _hash(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


class Graph:
    """Nodes with their inputs resolved: an index and a port, or an argument of the function.

    Attributes:
        labels: For each node what it does, whatever it is called and wherever its inputs come from.
        inputs: For each node its data inputs in order, as (source, port); a source is a node's index, or minus one
            minus an argument's place.
        controls: For each node the indices of the nodes that it waits for.
    """

    def __init__(self, nodes: Sequence[Any], arguments: Sequence[str], library: Library) -> None:
        self._library = library
        self._index = {node.name: index for index, node in enumerate(nodes)}
        self._arguments = {name: -1 - place for place, name in enumerate(arguments)}
        self.shared = [node.attr[_SHARED].s.decode(errors="replace") if _SHARED in node.attr else "" for node in nodes]
        self.labels = [self._label(node) for node in nodes]
        self.inputs: list[list[tuple[int, str]]] = []
        self.controls: list[list[int]] = []
        for node in nodes:
            sources = [self.source(text) for text in node.input]
            self.inputs.append([(index, port) for index, port in sources if port != "^"])
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

    def _function(self, function: Any) -> str:
        attributes = [f"{name}={self.attribute(value)}" for name, value in sorted(function.attr.items())]
        return _hash("function", self._library.function(function.name), *attributes)

    def _label(self, node: Any) -> str:
        attributes = [
            f"{name}={self.attribute(value)}"
            for name, value in sorted(node.attr.items())
            if name not in _NOT_CONTENT and name != _SHARED
        ]
        return _hash(self._library.function(node.op), node.device, *attributes)


class NodeGraph:
    """The canonical form of a graph.

    Args:
        graph: The nodes.
        wanted: The tensors that are asked for, in an order that means something; numbering starts from them.

    Attributes:
        digest: Of all nodes, those too that nothing wanted depends on.
        shared: Each shared name with the number of a node that has it.
    """

    def __init__(self, graph: Graph, wanted: Iterable[str]) -> None:
        self._graph = graph
        self._merkle = self._hashes()
        self._numbers: dict[int, int] = {}
        roots = [graph.source(text)[0] for text in wanted if graph.has(text)]
        rest = sorted(range(len(graph.labels)), key=self._merkle.__getitem__)
        for root in (*roots, *rest):
            self._number(root)
        order = sorted(self._numbers, key=self._numbers.__getitem__)
        self.shared = [(graph.shared[index], self._numbers[index]) for index in order if graph.shared[index]]
        self.digest = _hash(*(self._line(index) for index in order))

    def ref(self, text: str) -> str:
        """A tensor or node by its number; a name that the graph does not have stands for itself."""
        if not self._graph.has(text):
            return text
        return self._port(*self._graph.source(text))

    def _port(self, source: int, port: str) -> str:
        return f"{self._numbers[source]}:{port}" if source >= 0 else f"arg{-1 - source}:{port}"

    def _line(self, index: int) -> str:
        inputs = [self._port(*one) for one in self._graph.inputs[index]]
        controls = sorted(f"^{self._numbers[one]}" for one in self._graph.controls[index])
        return " ".join([self._graph.labels[index], *inputs, *controls])

    def _before(self, index: int) -> list[int]:
        """The nodes that a node reads and waits for, in an order that no name decides."""
        inputs = [source for source, _ in self._graph.inputs[index] if source >= 0]
        return inputs + sorted(self._graph.controls[index], key=self._merkle.__getitem__)

    def _number(self, root: int) -> None:
        """Numbers a node after everything before it."""
        if root < 0:
            return
        path = [(root, iter(self._before(root)))]
        entered = {root}
        while path and root not in self._numbers:
            index, before = path[-1]
            for source in before:
                if source not in self._numbers and source not in entered:
                    entered.add(source)
                    path.append((source, iter(self._before(source))))
                    break
            else:
                self._numbers[index] = len(self._numbers)
                path.pop()

    def _hashes(self) -> list[str]:
        """A hash of each node and of all that it depends on; a loop is cut where it is first closed."""
        graph = self._graph
        hashes: list[str | None] = [None] * len(graph.labels)
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

    @staticmethod
    def _seen(hashes: Sequence[str | None], source: int) -> str:
        return f"arg{-1 - source}" if source < 0 else hashes[source] or "loop"
