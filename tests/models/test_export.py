"""Exporting a model: its signatures, what they need, and that they agree."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import pyarrow as pa
import pytest
import tensorflow as tf

from penstock.artifacts import Examples, Schema, TransformGraph
from penstock.components.transform import Transform
from penstock.data.examples import read_table, write_split
from penstock.data.tf_examples import encode_examples
from penstock.dsl.context import Context
from penstock.errors import UsageError
from penstock.models import export
from penstock.models.signatures import saved_signatures

pytestmark = pytest.mark.component

FEATURES = """
import tensorflow as tf
import tensorflow_transform as tft

def preprocessing_fn(inputs):
    words = tf.sparse.to_dense(tf.SparseTensor(
        inputs["word"].indices, inputs["word"].values, [inputs["word"].dense_shape[0], 1]), default_value="")
    number = tf.reshape(inputs["number"], [-1])
    return {
        "number_xf": tft.scale_to_z_score(number),
        "word_xf": tft.compute_and_apply_vocabulary(tf.reshape(words, [-1]), num_oov_buckets=1),
        "label": tf.reshape(inputs["label"], [-1]),
    }
"""
# Number and label are dense and required; the word may be missing.
SCHEMA = """
feature { name: "number" type: FLOAT shape {} presence { min_fraction: 1 } }
feature { name: "word" type: BYTES }
feature { name: "label" type: INT shape {} presence { min_fraction: 1 } }
"""
ROWS = 50


@pytest.fixture(scope="module")
def examples(tmp_path_factory: pytest.TempPathFactory) -> Examples:
    """A number, a word that some rows miss, and a label."""
    random = np.random.default_rng(0)
    examples = Examples(str(tmp_path_factory.mktemp("examples")))
    examples.splits = ["train"]
    table = pa.table(
        {
            "number": random.normal(5, 2, ROWS).astype(np.float32),
            "word": pa.array(random.choice(["a", "b"], ROWS).tolist(), mask=random.random(ROWS) < 0.2),
            "label": random.integers(0, 2, ROWS),
        }
    )
    write_split(examples, "train", table.to_batches(), table.schema)
    return examples


@pytest.fixture(scope="module")
def graph(examples: Examples, tmp_path_factory: pytest.TempPathFactory) -> tuple[TransformGraph, Examples]:
    """The transform graph and the transformed examples."""
    base = tmp_path_factory.mktemp("transform")
    (base / "features.py").write_text(FEATURES)
    (base / "schema.pbtxt").write_text(SCHEMA)
    graph, transformed = TransformGraph(str(base / "graph")), Examples(str(base / "transformed"))
    Transform.function(
        examples=examples,
        schema=Schema(str(base)),
        transform_graph=graph,
        transformed_examples=transformed,
        module_file=str(base / "features.py"),
        ctx=Context(temp_dir=base / "temp"),
    )
    return graph, transformed


def dictionary_inputs() -> keras.Model:
    """A model whose inputs are a dictionary."""
    inputs = {
        "number_xf": keras.Input((1,), name="number_xf"),
        "word_xf": keras.Input((), name="word_xf", dtype="int32"),
    }
    return keras.Model(inputs, keras.layers.Dense(1)(_joined(inputs)))


def list_inputs() -> keras.Model:
    """A model whose inputs are a list, told apart by their names."""
    inputs = dictionary_inputs().input
    return keras.Model([inputs["word_xf"], inputs["number_xf"]], keras.layers.Dense(1)(_joined(inputs)))


def two_outputs() -> keras.Model:
    """A model that gives a dictionary."""
    inputs = dictionary_inputs().input
    joined = _joined(inputs)
    return keras.Model(inputs, {"high": keras.layers.Dense(1)(joined), "low": keras.layers.Dense(2)(joined)})


def _joined(inputs: dict[str, keras.KerasTensor]) -> keras.KerasTensor:
    word = keras.layers.Embedding(3, 2)(inputs["word_xf"])
    return keras.layers.Concatenate()([inputs["number_xf"], word])


@pytest.mark.parametrize("build", [dictionary_inputs, list_inputs, two_outputs])
def test_raw_and_transformed_rows_are_scored_alike(
    build: Callable[[], keras.Model], graph: tuple[TransformGraph, Examples], examples: Examples, tmp_path: Path
) -> None:
    """serving_default of raw examples equals predict_transformed of what Transform wrote, for each kind of model."""
    keras.utils.set_random_seed(0)
    model = build()
    export(model, graph[0].path(), tmp_path / "model")
    signatures = tf.saved_model.load(str(tmp_path / "model")).signatures
    assert set(signatures) == {"serving_default", "transform_features", "predict_transformed"}

    raw = tf.constant(encode_examples(read_table(examples, "train").combine_chunks().to_batches()[0]).to_pylist())
    rows = read_table(graph[1], "train")
    features = {name: rows[name].to_numpy() for name in rows.column_names}
    transformed = signatures["transform_features"](examples=raw)
    assert set(transformed) == set(features)
    for name, values in features.items():
        np.testing.assert_array_equal(transformed[name], values)

    served = signatures["serving_default"](examples=raw)
    fed = {name: tf.constant(features[name]) for name in ("number_xf", "word_xf")}
    predicted = signatures["predict_transformed"](**fed)
    named = {"number_xf": fed["number_xf"][:, None], "word_xf": fed["word_xf"]}
    expected = model(named if isinstance(model.input, dict) else [named["word_xf"], named["number_xf"]])
    expected = expected if isinstance(expected, dict) else {"outputs": expected}
    assert set(served) == set(predicted) == set(expected)
    for name, values in expected.items():
        assert values.shape[0] == ROWS
        np.testing.assert_allclose(served[name], values, atol=1e-6)
        np.testing.assert_allclose(predicted[name], values, atol=1e-6)


def test_only_what_predictions_need_must_be_there(graph: tuple[TransformGraph, Examples], tmp_path: Path) -> None:
    """The label may be absent, and so may what is optional; a required number may not."""
    export(dictionary_inputs(), graph[0].path(), tmp_path / "model")
    signatures = tf.saved_model.load(str(tmp_path / "model")).signatures
    without_label = encode_examples(pa.record_batch({"number": [1.0]})).to_pylist()
    assert signatures["serving_default"](examples=tf.constant(without_label))["outputs"].shape == (1, 1)
    with pytest.raises(tf.errors.InvalidArgumentError, match="label"):
        signatures["transform_features"](examples=tf.constant(without_label))
    without_number = encode_examples(pa.record_batch({"word": ["a"]})).to_pylist()
    with pytest.raises(tf.errors.InvalidArgumentError, match="number"):
        signatures["serving_default"](examples=tf.constant(without_number))


def test_the_model_loads_where_penstock_is_not(graph: tuple[TransformGraph, Examples], tmp_path: Path) -> None:
    """TensorFlow alone loads it and scores raw examples, wherever the files of the transform graph are by then."""
    moved = tmp_path / "moved"
    export(dictionary_inputs(), graph[0].path(), tmp_path / "model")
    (tmp_path / "model").rename(moved)
    script = (
        "import sys, tensorflow as tf; "
        "serve = tf.saved_model.load(sys.argv[1]).signatures['serving_default']; "
        "example = tf.train.Example(); example.features.feature['number'].float_list.value.append(2.0); "
        "print(serve(examples=tf.constant([example.SerializeToString()]))['outputs'].shape); "
        "assert not [name for name in sys.modules if name.startswith(('penstock', 'tensorflow_transform'))]"
    )
    command = [sys.executable, "-P", "-c", script, str(moved)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "(1, 1)"


def test_signatures_are_read_without_loading_the_model(graph: tuple[TransformGraph, Examples], tmp_path: Path) -> None:
    """Names and types of what each signature takes and gives."""
    export(dictionary_inputs(), graph[0].path(), tmp_path / "model")
    signatures = saved_signatures(tmp_path / "model")
    assert signatures["serving_default"].takes_examples
    assert signatures["serving_default"].outputs == {"outputs": "float32"}
    assert signatures["predict_transformed"].inputs == {"number_xf": "float32", "word_xf": "int64"}
    assert not signatures["predict_transformed"].takes_examples
    assert signatures["transform_features"].outputs == {"label": "int64", "number_xf": "float32", "word_xf": "int64"}


def test_an_input_that_the_graph_does_not_make_is_refused(
    graph: tuple[TransformGraph, Examples], tmp_path: Path
) -> None:
    """The error names the input and offers the nearest feature."""
    inputs = {"nmber_xf": keras.Input((1,), name="nmber_xf")}
    model = keras.Model(inputs, keras.layers.Dense(1)(inputs["nmber_xf"]))
    with pytest.raises(UsageError, match="an input 'nmber_xf'(?s:.*)Did you mean 'number_xf'"):
        export(model, graph[0].path(), tmp_path / "model")


def test_a_model_without_named_inputs_is_refused(graph: tuple[TransformGraph, Examples], tmp_path: Path) -> None:
    """A model that was never built has no inputs to feed features to."""
    with pytest.raises(UsageError, match="built and whose inputs have names"):
        export(keras.Sequential([keras.layers.Dense(1)]), graph[0].path(), tmp_path / "model")
