"""The digest of a model: what two equal trainings leave is equal, and everything that a model computes with counts."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import penstock
from penstock.artifacts import Model
from penstock.storage.digests import typed_content

pytestmark = pytest.mark.component

SAVE = """
import os, sys
import penstock.models
import keras, tensorflow as tf

def save(directory, changes):
    keras.utils.set_random_seed(2 if "seed" in changes else 1)
    inputs = {name: keras.Input((1,), name=name) for name in ("a", "b", "c")}
    merged = keras.layers.Concatenate()(list(inputs.values()))
    hidden = keras.layers.Dense(4, activation="tanh" if "activation" in changes else "relu")(merged)
    model = keras.Model(inputs, keras.layers.Dense(1)(hidden))
    model.compile(optimizer=keras.optimizers.Adam(0.1), loss="mse")
    features = {name: tf.random.stateless_normal([64, 1], [1, i]) for i, name in enumerate(inputs)}
    model.fit(features, features["a"] * 2, epochs=2, batch_size=16, verbose=0)
    os.makedirs(directory)
    words = directory + "/words"
    open(words, "w").write("cash\\ncredit\\n" + ("other\\n" if "asset" in changes else ""))

    class Serving(tf.Module):
        def __init__(self):
            self.model = model
            self.tables = {}
            for name in {"x", "y", "z"}:  # the order of a set of strings differs from process to process
                initializer = tf.lookup.TextFileInitializer(words, tf.string, tf.lookup.TextFileIndex.WHOLE_LINE,
                                                            tf.int64, tf.lookup.TextFileIndex.LINE_NUMBER)
                self.tables[name] = tf.lookup.StaticVocabularyTable(initializer, 2)

        @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
        def serve(self, payment):
            found = {name: tf.cast(self.tables[name].lookup(payment), tf.float32) for name in {"x", "y", "z"}}
            scale = 3.0 if "constant" in changes else 2.0
            columns = {"a": found["x"] * scale, "b": found["y"], "c": found["z"] - 1.0}
            return {"score": self.model({name: column[:, None] for name, column in columns.items()})}

    serving = Serving()
    names = {"serving_default": serving.serve}
    if "signature" in changes:
        names["again"] = serving.serve
    tf.saved_model.save(serving, directory + "/Format-Serving", signatures=names)

for changes in sys.argv[2:]:
    save(sys.argv[1] + "/" + changes, changes)
"""

Save = Callable[..., Model]
CHANGES = ["seed", "activation", "constant", "asset", "signature"]


@pytest.fixture(scope="module")
def save(tmp_path_factory: pytest.TempPathFactory) -> Save:
    """A small model, trained and saved in a process with some hash seed, after others or before them."""
    base = tmp_path_factory.mktemp("models")
    script = base / "save.py"
    script.write_text(SAVE)
    for hash_seed, wanted in enumerate((["plain"], [*CHANGES, "plain"])):
        environment = {
            **os.environ,
            "PYTHONHASHSEED": str(3 * hash_seed),
            "PYTHONPATH": str(Path(penstock.__file__).parent.parent),
        }
        command = [sys.executable, str(script), str(base / str(hash_seed)), *wanted]
        subprocess.run(command, check=True, env=environment, capture_output=True)

    def saved(change: str = "plain", *, process: int = 0) -> Model:
        return Model(str(base / str(process) / change))

    return saved


def digest(model: Model) -> str:
    content = typed_content(model)
    assert content.algorithm == "saved-model-1"
    return content.digest


def test_the_same_training_twice_is_the_same_model(save: Save) -> None:
    """Bytes differ (fingerprint, order, counters of names), the digest doesn't: other processes, another hash seed."""
    first, second = save(), save(process=1)
    graphs = [model.path("Format-Serving/saved_model.pb").read_bytes() for model in (first, second)]
    assert graphs[0] != graphs[1]
    assert digest(first) == digest(second)


@pytest.mark.parametrize("change", CHANGES)
def test_another_training_is_another_model(save: Save, change: str) -> None:
    """Other weights, another activation, another constant in the serving function, another vocabulary, a signature."""
    assert digest(save(change, process=1)) != digest(save())


def test_a_weight_counts(save: Save, tmp_path: Path) -> None:
    """The smallest change of one value among the weights is another model."""
    import tensorflow as tf

    shutil.copytree(save().path(), tmp_path / "copy")
    prefix = tmp_path / "copy/Format-Serving/variables/variables"
    data = prefix.with_name("variables.data-00000-of-00001")
    kernel = next(
        tensor
        for name, shape in tf.train.list_variables(str(prefix))
        if shape == [3, 4] and (tensor := tf.train.load_variable(str(prefix), name)).any()
    )
    whole = data.read_bytes()
    changed = bytearray(kernel.tobytes())
    changed[0] ^= 1
    assert whole.count(kernel.tobytes()) == 1
    data.write_bytes(whole.replace(kernel.tobytes(), bytes(changed)))
    # The checkpoint keeps a checksum, so it cannot be read any more, and its bytes count instead.
    assert digest(Model(str(tmp_path / "copy"))) != digest(save())


@pytest.fixture(scope="module")
def graph(save: Save) -> Any:
    """The message in a saved model's graph file."""
    from tensorflow.core.protobuf import saved_model_pb2

    return saved_model_pb2.SavedModel.FromString(save().path("Format-Serving/saved_model.pb").read_bytes())


def _graph_digest(message: Any) -> str:
    from penstock.models.graph_content import graph_digest

    return graph_digest(message.SerializeToString())


def _copy(message: Any) -> Any:
    copy = type(message)()
    copy.CopyFrom(message)
    return copy


def _bodies(message: Any) -> Iterator[Any]:
    """The list of nodes of the graph and of each function."""
    graph = message.meta_graphs[0].graph_def
    yield graph.node
    for function in graph.library.function:
        yield function.node_def


def test_names_and_order_of_nodes_and_functions_do_not_count(graph: Any) -> None:
    """Every node of every function renamed, nodes and functions shuffled: the same graph."""
    copy = _copy(graph)
    shuffled = random.Random(1)
    library = copy.meta_graphs[0].graph_def.library
    for function in library.function:
        new = {node.name: f"n{number}_{node.name[-3:]}" for number, node in enumerate(function.node_def)}

        def renamed(text: str, new: dict[str, str] = new) -> str:
            name, separator, port = text.removeprefix("^").partition(":")
            return ("^" if text.startswith("^") else "") + new.get(name, name) + separator + port

        for node in function.node_def:
            node.name = new[node.name]
            node.input[:] = [renamed(text) for text in node.input]
        for results in (function.ret, function.control_ret):
            for key in list(results):
                results[key] = renamed(results[key])
        nodes = list(function.node_def)
        shuffled.shuffle(nodes)
        del function.node_def[:]
        function.node_def.extend(nodes)
    functions = list(library.function)
    shuffled.shuffle(functions)
    del library.function[:]
    library.function.extend(functions)
    assert copy != graph
    assert _graph_digest(copy) == _graph_digest(graph)


def test_every_constant_counts(graph: Any) -> None:
    """Of all constants of the graph and its functions, none can be changed unnoticed.

    But for one: saving describes the objects once more in a constant, under generated names.
    """
    whole = _graph_digest(graph)
    unnoticed = []
    meta = graph.meta_graphs[0]
    saves = meta.saver_def.save_tensor_name.partition(":")[0]
    described = {name for node in meta.graph_def.node if node.name == saves for name in node.input}
    places = [
        (body, index)
        for body, nodes in enumerate(_bodies(graph))
        for index, node in enumerate(nodes)
        if node.op == "Const" and not (body == 0 and node.name in described)
    ]
    for body, index in places:
        copy = _copy(graph)
        node = list(_bodies(copy))[body][index]
        node.attr["value"].tensor.tensor_shape.dim.add(size=7)
        if _graph_digest(copy) == whole:
            unnoticed.append(node.name)
    assert len(places) > 20
    assert not unnoticed, unnoticed


def test_every_wire_counts(graph: Any) -> None:
    """Two different inputs of a node exchanged, anywhere: another graph."""
    whole = _graph_digest(graph)
    unnoticed, tried = [], 0
    for body, nodes in enumerate(_bodies(graph)):
        for index, node in enumerate(nodes):
            data = [text for text in node.input if not text.startswith("^")]
            if len(data) < 2 or data[0] == data[1]:
                continue
            copy = _copy(graph)
            changed = list(_bodies(copy))[body][index]
            changed.input[0], changed.input[1] = data[1], data[0]
            tried += 1
            if _graph_digest(copy) == whole:
                unnoticed.append((body, node.name, list(node.input)))
    assert tried > 20
    assert not unnoticed, json.dumps(unnoticed[:5])


def test_signatures_and_objects_count(graph: Any) -> None:
    """Another name of a signature, another child of an object: other models."""
    whole = _graph_digest(graph)
    renamed = _copy(graph)
    signatures = renamed.meta_graphs[0].signature_def
    signatures["other"].CopyFrom(signatures["serving_default"])
    del signatures["serving_default"]
    assert _graph_digest(renamed) != whole
    objects = _copy(graph)
    objects.meta_graphs[0].object_graph_def.nodes[0].children[0].local_name = "other"
    assert _graph_digest(objects) != whole


def test_a_loop_in_a_graph_has_an_end() -> None:
    """Nodes that wait for each other, as loops of the first TensorFlow do, are numbered all the same."""
    from tensorflow.core.protobuf import saved_model_pb2

    def looped(op: str) -> str:
        message = saved_model_pb2.SavedModel()
        nodes = message.meta_graphs.add().graph_def
        nodes.node.add(name="start", op="Const")
        nodes.node.add(name="merge", op="Merge", input=["start", "next"])
        nodes.node.add(name="next", op=op, input=["merge"])
        return _graph_digest(message)

    assert looped("NextIteration") == looped("NextIteration") != looped("Identity")
