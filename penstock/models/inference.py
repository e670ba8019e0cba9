"""Scoring raw examples with a SavedModel through its serving signatures."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from penstock.errors import DataError, UsageError, did_you_mean

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

__all__ = ["SERVING", "TRANSFORM", "Scorer", "Signature", "computes_label", "read_signatures", "serving_signatures"]

SERVING = "serving_default"
TRANSFORM = "transform_features"

# Rows given to a signature at once: bounds the memory that the parsed features take.
_ROWS = 16_384

# Outputs that are the prediction where a signature has several, in order of preference.
_PREDICTIONS = ("predictions", "prediction", "probabilities", "output_0", "outputs", "output")


@dataclass(frozen=True)
class Signature:
    """What a signature of a SavedModel takes and gives: the names of its tensors."""

    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


def read_signatures(path: str | Path) -> dict[str, Signature]:
    """The signatures of a SavedModel by name, from its file alone: nothing is loaded to run.

    Raises:
        DataError: There is no SavedModel in the directory, or it cannot be read.
    """
    from google.protobuf.message import DecodeError
    from tensorflow.core.protobuf import saved_model_pb2

    file = Path(path) / "saved_model.pb"
    if not file.is_file():
        raise DataError(
            "There is no SavedModel here: saved_model.pb is missing.",
            hint="Does the trainer save its model to fn_args.serving_model_dir?",
            path=str(path),
        )
    model = saved_model_pb2.SavedModel()
    try:
        model.ParseFromString(file.read_bytes())
    except DecodeError as error:
        raise DataError("saved_model.pb is damaged: it is no SavedModel proto.", path=str(file)) from error
    graph = next((one for one in model.meta_graphs if "serve" in one.meta_info_def.tags), None)
    if graph is None:
        raise DataError("The SavedModel has no graph with the tag 'serve'.", path=str(path))
    return {
        name: Signature(name, tuple(sorted(signature.inputs)), tuple(sorted(signature.outputs)))
        for name, signature in graph.signature_def.items()
        if not name.startswith("__")
    }


def serving_signatures(path: str | Path, output: str = "") -> dict[str, Signature]:
    """The signatures of a SavedModel, of which ``serving_default`` can score serialized examples.

    Args:
        path: The SavedModel's directory.
        output: The output that holds the predictions, where there are several.

    Raises:
        DataError: See `read_signatures`.
        UsageError: There is no such signature, or it takes or gives something else; lists what the model has.
    """
    signatures = read_signatures(path)
    _prediction_output(_of_examples(signatures, SERVING, path), path, output)
    return signatures


def _of_examples(signatures: Mapping[str, Signature], name: str, path: str | Path) -> Signature:
    """The signature of that name; it must take one tensor, the serialized examples.

    Raises:
        UsageError: The model does not have it, or it takes something else; lists what the model has.
    """
    has = ", ".join(sorted(signatures)) or "none"
    if name not in signatures:
        raise UsageError(
            f"The model has no signature {name!r}; it has: {has}.",
            hint=f"Save it with a signature {name!r} that takes a tensor of serialized tf.train.Example.",
            path=str(path),
            signature=name,
        )
    signature = signatures[name]
    if len(signature.inputs) != 1:
        raise UsageError(
            f"The signature {name!r} takes {len(signature.inputs)} tensors ({', '.join(signature.inputs)}).",
            hint="It must take one 1-D string tensor of serialized tf.train.Example and parse it itself.",
            path=str(path),
            signature=name,
        )
    return signature


def _prediction_output(signature: Signature, path: str | Path, output: str = "") -> str:
    """The name of the output that holds the predictions.

    Raises:
        UsageError: There is no output of the name asked for; or there are several, none of which goes by a name for
            predictions.
    """
    if output and output not in signature.outputs:
        raise UsageError(
            f"The signature {signature.name!r} has no output {output!r}.",
            hint=did_you_mean(output, signature.outputs),
            path=str(path),
            signature=signature.name,
        )
    if output:
        return output
    if len(signature.outputs) == 1:
        return signature.outputs[0]
    for name in _PREDICTIONS:
        if name in signature.outputs:
            return name
    raise UsageError(
        f"The signature {signature.name!r} has several outputs: {', '.join(signature.outputs)}.",
        hint=f"Say which one holds the predictions: output: {signature.outputs[0]}; or call it 'predictions'.",
        path=str(path),
        signature=signature.name,
    )


def computes_label(signatures: Mapping[str, Signature], label: str, columns: Sequence[str]) -> bool:
    """Whether the label comes from ``transform_features`` (True) or is a column of the raw examples (False).

    Raises:
        UsageError: It is neither; lists both and offers the nearest.
    """
    if label in columns:
        return False
    transformed = signatures[TRANSFORM].outputs if TRANSFORM in signatures else ()
    if label in transformed:
        return True
    given = (
        f"its signature {TRANSFORM!r} gives: {', '.join(transformed)}"
        if transformed
        else (f"it has no signature {TRANSFORM!r} that could compute it")
    )
    raise UsageError(
        f"There is no label {label!r}. The examples have the columns {', '.join(columns)}; of the model, {given}.",
        hint=did_you_mean(label, [*columns, *transformed]),
        label=label,
    )


class Scorer:
    """A loaded SavedModel that scores batches of raw rows. Loading takes half a second and more.

    Args:
        path: The SavedModel's directory.
        output: The output that holds the predictions, where there are several.

    Raises:
        DataError, UsageError: See `serving_signatures`.
    """

    def __init__(self, path: str | Path, output: str = "") -> None:
        import tensorflow as tf

        self._path = str(path)
        signatures = serving_signatures(path, output)
        self._output = _prediction_output(signatures[SERVING], path, output)
        # The loaded object must stay alive: signatures hold its variables weakly.
        self._model = tf.saved_model.load(str(path))
        self._signatures = signatures

    def predict(self, examples: pa.BinaryArray) -> npt.NDArray[np.float64]:
        """The predictions for serialized examples, [rows], or [rows, scores] where the model gives several a row.

        Raises:
            DataError: The model gives something else, or could not be run on these rows.
        """
        return self._run(SERVING, examples, [self._output], wide=True)[self._output]

    def transform(self, examples: pa.BinaryArray, names: Sequence[str]) -> dict[str, npt.NDArray[np.float64]]:
        """Numeric transformed features of serialized examples by name, each [rows].

        Raises:
            DataError: A feature is no number or has more than one a row, or the graph could not be run.
        """
        return self._run(TRANSFORM, examples, names)

    def _run(
        self, name: str, examples: pa.BinaryArray, outputs: Sequence[str], *, wide: bool = False
    ) -> dict[str, npt.NDArray[np.float64]]:
        import numpy as np
        import tensorflow as tf

        function: Callable[..., Any] = self._model.signatures[name]
        argument = self._signatures[name].inputs[0]
        parts: dict[str, list[npt.NDArray[np.float64]]] = {output: [] for output in outputs}
        for start in range(0, len(examples), _ROWS):
            rows = np.asarray(examples[start : start + _ROWS], dtype=object)
            try:
                given = function(**{argument: tf.constant(rows, tf.string)})
            except tf.errors.OpError as error:
                raise DataError(
                    f"The model's signature {name!r} failed: {_first_line(error.message)}",
                    hint="The model must take the raw examples as they are, with values missing.",
                    path=self._path,
                    signature=name,
                ) from error
            for output in outputs:
                parts[output].append(self._flat(name, output, given[output], len(rows), wide=wide))
        empty = np.zeros(0)
        return {output: np.concatenate(found) if found else empty for output, found in parts.items()}

    def _flat(self, signature: str, output: str, tensor: Any, rows: int, *, wide: bool) -> npt.NDArray[np.float64]:
        import numpy as np

        values = tensor.numpy()
        several = wide and values.ndim == 2 and values.shape[1] > 1
        if values.shape[:1] != (rows,) or (values.size != rows and not several):
            raise DataError(
                f"The output {output!r} of signature {signature!r} has the shape {list(values.shape)} for {rows} rows.",
                hint="One number a row is wanted, shape [rows] or [rows, 1]"
                + (", or one for each class, [rows, classes]." if wide else "."),
                path=self._path,
                signature=signature,
            )
        if not (np.issubdtype(values.dtype, np.number) or values.dtype == bool):
            raise DataError(
                f"The output {output!r} of signature {signature!r} is of type {tensor.dtype.name}, not a number.",
                path=self._path,
                signature=signature,
            )
        return values.astype(np.float64) if several else values.reshape(rows).astype(np.float64)


def _first_line(message: str) -> str:
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    return lines[0][:300] if lines else "no message"
