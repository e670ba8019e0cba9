"""The signatures of an exported model, and a look at those of any SavedModel without loading it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf
import tensorflow_transform as tft
from tensorflow_transform.saved.saved_transform_io_v2 import SavedModelLoader

from penstock.errors import UsageError, did_you_mean

__all__ = ["Signature", "save", "saved_signatures"]

OUTPUT = "outputs"


class ServingModel(tf.Module):
    """A Keras model behind its transform graph: everything a SavedModel needs to score raw examples.

    Args:
        model: The Keras model; its inputs bear the names of transformed features.
        transform_output: tf.Transform's output, raw metadata included.
    """

    def __init__(self, model: keras.Model, transform_output: tft.TFTransformOutput) -> None:
        super().__init__()
        self.model = model
        # tf.Transform's own layer is a Keras 2 model: saving one traces it several times over, for callers that load
        # it as a Keras model again. Its loader does the work, and has the vocabulary tables that must be saved.
        loader = SavedModelLoader(transform_output.transform_savedmodel_dir)
        self.transform = loader.__dict__
        self._apply = loader.apply_transform_model
        self._inputs = _model_inputs(model)
        self._transformed_spec = transform_output.transformed_feature_spec()
        for name in self._inputs:
            if name not in self._transformed_spec:
                raise UsageError(
                    f"The model has an input {name!r}, and the transform graph makes no such feature.",
                    hint=did_you_mean(name, self._transformed_spec),
                )
        self._all_columns = dict(transform_output.raw_feature_spec())
        needless = _needless(self._apply, self._all_columns, set(self._inputs))
        self._served_columns = {name: s for name, s in self._all_columns.items() if name not in needless}

    def signatures(self) -> dict[str, Any]:
        """The functions to save, by name."""
        # Nothing here is for autograph to rewrite, and looking for it takes longer than tracing does. Layers that want
        # their own code rewritten (Keras 2's) ask for it themselves, whatever encloses them.
        examples = tf.TensorSpec([None], tf.string, name="examples")
        features = {
            name: tf.TensorSpec([None, *self._transformed_spec[name].shape], self._transformed_spec[name].dtype, name)
            for name in self._inputs
            if isinstance(self._transformed_spec[name], tf.io.FixedLenFeature)
        }
        found = {
            "serving_default": tf.function(self._serve, input_signature=[examples], autograph=False),
            "transform_features": tf.function(self._transform, input_signature=[examples], autograph=False),
        }
        # A signature has tensors only; features of no fixed length are served from examples alone.
        if len(features) == len(self._inputs):
            found["predict_transformed"] = tf.function(self._predict, input_signature=[features], autograph=False)
        return found

    def _serve(self, examples: tf.Tensor) -> dict[str, tf.Tensor]:
        raw = tf.io.parse_example(examples, self._served_columns)
        return self._predict(self._apply(raw))

    def _transform(self, examples: tf.Tensor) -> dict[str, tf.Tensor]:
        transformed = self._apply(tf.io.parse_example(examples, self._all_columns))
        return {name: _dense(value) for name, value in transformed.items()}

    def _predict(self, features: Mapping[str, Any]) -> dict[str, tf.Tensor]:
        fed = {name: _as_input(features[name], spec) for name, spec in self._inputs.items()}
        struct = self.model.input
        predictions = self.model(fed if isinstance(struct, dict) else list(fed.values()), training=False)
        if isinstance(predictions, Mapping):
            return dict(predictions)
        if isinstance(predictions, (list, tuple)):
            return dict(zip(self.model.output_names, predictions, strict=True))
        return {OUTPUT: predictions}


def save(model: keras.Model, transform: tft.TFTransformOutput | str | Path, directory: str) -> None:
    """Builds the `ServingModel` of a Keras model and saves it; see `penstock.models.export`."""
    if not isinstance(transform, tft.TFTransformOutput):
        transform = tft.TFTransformOutput(str(transform))
    module = ServingModel(model, transform)
    # Every function here is a graph as it stands; without this TensorFlow rewrites its own wrapper around each of them.
    write = tf.autograph.experimental.do_not_convert(tf.saved_model.save)
    write(module, directory, signatures=module.signatures())


def _model_inputs(model: keras.Model) -> dict[str, Any]:
    """The symbolic inputs of a model by name."""
    struct = getattr(model, "input", None)
    if struct is None:
        raise UsageError(
            "penstock.models.export needs a model that is built and whose inputs have names.",
            hint="Use the functional API: keras.Model(inputs={'name': keras.Input(...)}, outputs=...).",
        )
    if isinstance(struct, dict):
        return dict(struct)
    return {tensor.name: tensor for tensor in tf.nest.flatten(struct)}


def _needless(transform: Callable[..., Any], columns: Mapping[str, Any], wanted: set[str]) -> set[str]:
    """The dense columns that none of the wanted features depends on: the label's, mostly.

    A sparse column may be absent as it is. Which feature depends on which column only the graph knows: without
    that column it gives those features that can be made all the same.
    """
    dense = [
        name for name, spec in columns.items() if isinstance(spec, tf.io.FixedLenFeature) and spec.default_value is None
    ]
    found = set()

    @tf.function(autograph=False, input_signature=[tf.TensorSpec([None], tf.string)])
    def look(examples: tf.Tensor) -> None:
        raw = tf.io.parse_example(examples, columns)
        for name in dense:
            if wanted <= set(transform({other: value for other, value in raw.items() if other != name})):
                found.add(name)

    look.get_concrete_function()
    return found


def _dense(value: Any) -> tf.Tensor:
    if isinstance(value, tf.SparseTensor):
        return tf.sparse.to_dense(value)
    return value.to_tensor() if isinstance(value, tf.RaggedTensor) else value


def _as_input(value: Any, spec: Any) -> Any:
    """A transformed feature in the type and shape of the model's input."""
    if isinstance(value, tf.SparseTensor) and not getattr(spec, "sparse", False):
        value = tf.sparse.to_dense(value)
    if not isinstance(value, tf.Tensor):
        return value
    if spec.dtype not in (value.dtype.name, "string"):
        value = tf.cast(value, spec.dtype)
    shape = spec.shape[1:]
    return tf.reshape(value, [-1, *shape]) if None not in shape and len(value.shape) != len(spec.shape) else value


@dataclass(frozen=True)
class Signature:
    """What one signature takes and gives: names to TensorFlow dtypes' names.

    Attributes:
        inputs: The tensors it takes.
        outputs: The tensors it gives.
    """

    inputs: dict[str, str]
    outputs: dict[str, str]

    @property
    def takes_examples(self) -> bool:
        """Whether it scores serialized ``tf.train.Example`` protos: one input, of strings."""
        return list(self.inputs.values()) == ["string"]


def saved_signatures(directory: str | Path) -> dict[str, Signature]:
    """The signatures of a SavedModel, read from its ``saved_model.pb`` without loading the model."""
    from tensorflow.core.protobuf import saved_model_pb2

    saved = saved_model_pb2.SavedModel.FromString(Path(directory, "saved_model.pb").read_bytes())
    found = {}
    for graph in saved.meta_graphs:
        for name, signature in graph.signature_def.items():
            if not name.startswith("__"):
                found[name] = Signature(_dtypes(signature.inputs), _dtypes(signature.outputs))
    return found


def _dtypes(tensors: Mapping[str, Any]) -> dict[str, str]:
    return {name: tf.dtypes.as_dtype(info.dtype).name for name, info in sorted(tensors.items())}
