"""A digest of the graph in a SavedModel that says what it computes, and not how it came to be written down.

TensorFlow names nodes and functions by counters, in the order in which they were traced, and tf.Transform traces in
the order of a set. None of that counts here. Nodes are numbered as they are met on the way back from what the graph
returns, and so are the arguments of functions, since what a function captures comes to it in the order of tracing as
well; functions are known by their own digests, the objects of a model by the way to them from its root, shared
resources (tables, variables) by the places that share them.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from penstock.models.graph_nodes import Graph, NodeGraph

__all__ = ["graph_digest"]

# Attributes of functions that name other functions by what this process once called them, for gradients.
_PROCESS_NAMES = {"forward_function_name", "backward_function_name", "api_implements"}


def graph_digest(data: bytes) -> str:
    """The digest of the bytes of a ``saved_model.pb``.

    Raises:
        google.protobuf.message.DecodeError: They are none.
    """
    from tensorflow.core.protobuf import saved_model_pb2

    saved = saved_model_pb2.SavedModel.FromString(data)
    return _digest(saved.saved_model_schema_version, sorted(_Model(one).digest() for one in saved.meta_graphs))


def _digest(*parts: Any) -> str:
    return hashlib.sha256(json.dumps(parts, separators=(",", ":")).encode()).hexdigest()


def _bytes(message: Any) -> str:
    return hashlib.sha256(message.SerializeToString(deterministic=True)).hexdigest()


class _Model:
    """One meta graph: the graph, its library of functions, its signatures and the objects that a loader restores."""

    def __init__(self, meta_graph: Any) -> None:
        self.meta = meta_graph
        self.library = {one.signature.name: one for one in meta_graph.graph_def.library.function}
        self.known: dict[str, str] = {}
        self.orders: dict[str, list[int]] = {}
        self.places: dict[str, list[tuple[str, int]]] = defaultdict(list)

    def digest(self) -> str:
        meta = self.meta
        graph = Graph(meta.graph_def.node, {}, self, self._saved_names())
        refs = NodeGraph(graph, self._wanted())
        self._share("", refs)
        functions = sorted(self.function(name) for name in self.library)
        objects = _Objects(meta.object_graph_def, self, refs)
        return _digest(
            sorted(meta.meta_info_def.tags),
            meta.graph_def.versions.producer,
            refs.digest,
            functions,
            sorted((self.function(one.function_name), self.function(one.gradient_func)) for one in self._gradients()),
            {name: self._signature(one, refs) for name, one in sorted(meta.signature_def.items())},
            [[refs.ref(one.tensor_info.name), one.filename] for one in self._assets(refs)],
            {name: self._collection(one, refs) for name, one in sorted(meta.collection_def.items())},
            [refs.ref(name) for name in self._saver_names()],
            objects.digest,
            sorted(sorted(places) for places in self.places.values()),
        )

    def function(self, name: str) -> str:
        """What a function computes; the name itself for one that is not in the library, such as an operation's."""
        if name not in self.library:
            return name
        if name not in self.known:
            self.known[name] = "recursion"  # what a function that calls itself sees of itself
            self.known[name] = self._function(self.library[name])
        return self.known[name]

    def argument_order(self, name: str) -> list[int]:
        """For each argument of a function its place among them in canonical order; nothing for what is no function."""
        self.function(name)
        return self.orders.get(name, [])

    def _function(self, function: Any) -> str:
        arguments = {one.name: self._argument(one) for one in function.signature.input_arg}
        graph = Graph(function.node_def, arguments, self)
        returned = [function.ret[one.name] for one in function.signature.output_arg]
        controls = [f"^{name}" for name in function.control_ret.values()]
        refs = NodeGraph(graph, returned)
        order = self.orders[function.signature.name] = refs.argument_order
        attributes = {
            order[index]: {name: graph.attribute(value) for name, value in sorted(arg.attr.items()) if name[:1] != "_"}
            for index, arg in sorted(function.arg_attr.items())
        }
        digest = _digest(
            [argument for _, argument in sorted(zip(order, graph.arguments, strict=True))],
            [self._argument(one) for one in function.signature.output_arg],
            [graph.attribute(v) if k not in _PROCESS_NAMES else "" for k, v in sorted(function.attr.items())],
            sorted(function.attr),
            sorted(attributes.items()),
            function.signature.is_stateful,
            [refs.ref(one) for one in returned],
            sorted(refs.ref(one) for one in controls),
            refs.digest,
        )
        self._share(digest, refs)
        return digest

    @staticmethod
    def _argument(argument: Any) -> str:
        copy = type(argument)()
        copy.CopyFrom(argument)
        copy.name = copy.description = ""
        copy.ClearField("handle_data")
        return _bytes(copy)

    def _share(self, digest: str, refs: NodeGraph) -> None:
        for name, number in refs.shared:
            self.places[name].append((digest, number))

    def _wanted(self) -> list[str]:
        """The tensors that anything asks the graph for, in an order that does not depend on their names."""
        wanted: list[str] = []
        for _, signature in sorted(self.meta.signature_def.items()):
            for side in (signature.inputs, signature.outputs):
                # What has no type is no tensor but an initialization, which waits for all tables alike, in no order.
                wanted += [one.name for _, one in sorted(side.items()) if one.name and one.dtype]
        return wanted

    def _saver_names(self) -> list[str]:
        saver = self.meta.saver_def
        return [name for name in (saver.filename_tensor_name, saver.save_tensor_name, saver.restore_op_name) if name]

    def _saved_names(self) -> set[str]:
        """The constants that saving takes: a description of the objects once more, under names that were generated."""
        saves = self.meta.saver_def.save_tensor_name.partition(":")[0]
        nodes = {node.name: node for node in self.meta.graph_def.node}
        read = nodes[saves].input if saves in nodes else []
        return {name for name in read if name in nodes and nodes[name].op == "Const"}

    def _gradients(self) -> Iterable[Any]:
        return list(self.meta.graph_def.library.gradient)

    def _assets(self, refs: NodeGraph) -> list[Any]:
        return sorted(self.meta.asset_file_def, key=lambda one: (one.filename, refs.ref(one.tensor_info.name)))

    @staticmethod
    def _signature(signature: Any, refs: NodeGraph) -> Any:
        def tensors(side: Mapping[str, Any]) -> dict[str, Any]:
            described = {}
            for name, info in sorted(side.items()):
                copy = type(info)()
                copy.CopyFrom(info)
                copy.name = ""
                described[name] = [refs.ref(info.name), _bytes(copy)]
            return described

        defaults = {name: _bytes(value) for name, value in sorted(signature.defaults.items())}
        return [signature.method_name, tensors(signature.inputs), tensors(signature.outputs), defaults]

    @staticmethod
    def _collection(collection: Any, refs: NodeGraph) -> Any:
        if collection.HasField("node_list"):
            return [refs.ref(name) for name in collection.node_list.value]
        return _bytes(collection)


class _Objects:
    """The objects of a model, numbered breadth first from its root along the names that lead to them."""

    def __init__(self, graph: Any, model: _Model, refs: NodeGraph) -> None:
        self._nodes = graph.nodes
        self._concrete = graph.concrete_functions
        self._model = model
        self._refs = refs
        self._numbers: dict[int, int] = {}
        order = [0] if self._nodes else []
        queued = set(order)
        for index in order:  # grows while it is walked
            self._numbers[index] = len(self._numbers)
            for reached in self._reached(index):
                if reached not in queued:
                    queued.add(reached)
                    order.append(reached)
        rest = [index for index in range(len(self._nodes)) if index not in queued]
        self._numbers |= {index: len(self._numbers) + place for place, index in enumerate(rest)}
        objects = [self._object(index) for index in (*order, *rest)]
        bound = sorted((model.function(name), self._bound(name)) for name in self._concrete)
        self.digest = _digest(objects, bound)

    def _reached(self, index: int) -> Iterable[int]:
        node = self._nodes[index]
        for _, child in self._named(node, node.children) + self._named(node, node.dependencies):
            yield child
        for slot in sorted(node.slot_variables, key=lambda one: str(one.slot_name)):
            yield slot.slot_variable_node_id
        for _, saveable in sorted(node.saveable_objects.items()):
            yield from (saveable.save_function, saveable.restore_function)
        for name in self._functions(node):
            if name in self._concrete:
                bound = self._concrete[name].bound_inputs
                order = self._model.argument_order(name)
                yield from (index for _, index in sorted(zip(order[len(order) - len(bound) :], bound, strict=True)))

    def _named(self, node: Any, children: Iterable[Any]) -> list[tuple[str, int]]:
        """The names that lead from an object to others; what a function captured is told of with the function."""
        captures = bool(self._functions(node))
        names = ((str(child.local_name), child.node_id) for child in children)
        return sorted(one for one in names if not (captures and one[0].startswith("capture_")))

    @staticmethod
    def _functions(node: Any) -> list[str]:
        kind = node.WhichOneof("kind")
        if kind == "function":
            return list(node.function.concrete_functions)
        if kind == "bare_concrete_function":
            return [node.bare_concrete_function.concrete_function_name]
        return [node.captured_tensor.concrete_function] if kind == "captured_tensor" else []

    def _object(self, index: int) -> Any:
        node = self._nodes[index]
        edges, dependencies = (
            [[name, self._numbers[child]] for name, child in self._named(node, side)]
            for side in (node.children, node.dependencies)
        )
        slots = sorted(
            [self._numbers[one.original_variable_node_id], one.slot_name, self._numbers[one.slot_variable_node_id]]
            for one in node.slot_variables
        )
        saveables = {
            name: [self._numbers.get(one.save_function, -1), self._numbers.get(one.restore_function, -1)]
            for name, one in sorted(node.saveable_objects.items())
        }
        called = [self._model.function(name) for name in self._functions(node)]
        return [edges, dependencies, slots, saveables, called, self._itself(node)]

    def _itself(self, node: Any) -> Any:
        """What an object is, without what it leads to and without generated names."""
        copy = type(node)()
        copy.CopyFrom(node)
        for field in ("children", "dependencies", "slot_variables", "saveable_objects"):
            copy.ClearField(field)
        operation = ""
        kind = copy.WhichOneof("kind")
        if kind == "function":
            del copy.function.concrete_functions[:]
        elif kind == "bare_concrete_function":
            copy.bare_concrete_function.concrete_function_name = ""
        elif kind == "captured_tensor":
            copy.captured_tensor.concrete_function = copy.captured_tensor.name = ""
        elif kind == "constant":
            operation = self._refs.ref(copy.constant.operation)
            copy.constant.operation = ""
        elif kind == "variable":
            copy.variable.name = ""
        elif kind == "asset":
            asset = self._model.meta.asset_file_def[copy.asset.asset_file_def_index]
            operation = f"{self._refs.ref(asset.tensor_info.name)} {asset.filename}"
            copy.asset.asset_file_def_index = 0
        return [operation, _bytes(copy)]

    def _bound(self, name: str) -> Any:
        concrete = self._concrete[name]
        order = self._model.argument_order(name)
        given = len(order) - len(concrete.bound_inputs)
        bound = sorted(zip(order[given:], [self._numbers[index] for index in concrete.bound_inputs], strict=True))
        return [order[:given], bound, _bytes(concrete.canonicalized_input_signature), _bytes(concrete.output_signature)]
