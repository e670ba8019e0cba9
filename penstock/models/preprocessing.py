"""tf.Transform on Beam: a full pass over the training split for what `preprocessing_fn` needs, then every split."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import apache_beam as beam
import numpy as np
import pyarrow as pa
import tensorflow as tf
import tensorflow_transform.beam as tft_beam
from tensorflow_transform.tf_metadata import dataset_metadata, metadata_io
from tfx_bsl.tfxio.tensor_adapter import TensorAdapterConfig

from penstock.artifacts import Examples, TransformGraph
from penstock.data.beam_io import ReadRowGroups, WriteParquet
from penstock.data.examples import arrow_schema, row_groups
from penstock.dsl.context import Context
from penstock.dsl.user_code import boundary
from penstock.errors import DataError, PenstockError, UserCodeError, did_you_mean
from penstock.models.tensors import TensorColumns, flat_batch, flat_schema, raw_schema, read_schema

__all__ = ["ColumnError", "UserFunction", "transform"]

_RAW_METADATA = "metadata"
_SPLIT = pa.field("penstock.split", pa.list_(pa.int64()))


class ColumnError(KeyError):
    """`preprocessing_fn` reads a column that the examples do not have."""

    def __str__(self) -> str:
        return str(self.args[0])


class RawColumns(dict[str, Any]):
    """The inputs of `preprocessing_fn`: a dictionary that says more than the name when a column is not there."""

    def __missing__(self, name: str) -> Any:
        raise ColumnError(f"the examples have no column {name!r}. {did_you_mean(str(name), self)}".strip())

    def copy(self) -> RawColumns:
        return RawColumns(self)


@dataclass(frozen=True)
class UserFunction:
    """A user's `preprocessing_fn` behind the boundary: what it raises or returns amiss is a `UserCodeError`.

    Attributes:
        function: The user's function.
        name: Its name, for messages.
        path: The module file, for messages.
        custom_config: Passed on if the function takes an argument of that name.
    """

    function: Callable[..., Any]
    name: str = "preprocessing_fn"
    path: str | None = None
    custom_config: Mapping[str, Any] | None = None

    def __call__(self, inputs: Mapping[str, Any]) -> dict[str, Any]:
        extra = {}
        if "custom_config" in inspect.signature(self.function).parameters:
            extra["custom_config"] = dict(self.custom_config or {})
        with boundary(self.name):
            outputs = self.function(RawColumns(inputs), **extra)
        return self._checked(outputs)

    def _checked(self, outputs: Any) -> dict[str, Any]:
        if not isinstance(outputs, Mapping):
            raise self._wrong(f"must return a dictionary of tensors, and returned {_shown(outputs)}.")
        if not outputs:
            raise self._wrong("returned an empty dictionary, so that no feature would be left.")
        return {self._name(name): self._tensor(name, value) for name, value in outputs.items()}

    def _name(self, name: Any) -> str:
        if not isinstance(name, str):
            raise self._wrong(f"must name its outputs by strings, and one is named {name!r}.")
        return name

    def _tensor(self, name: str, value: Any) -> Any:
        if not isinstance(value, (tf.Tensor, tf.SparseTensor, tf.RaggedTensor)):
            raise self._wrong(f"returned {_shown(value)} for {name!r}, expected a tensor.")
        if isinstance(value, tf.Tensor) and value.shape.rank == 0:
            raise self._wrong(f"returned a single value for {name!r}, expected one for each row.")
        if isinstance(value, tf.Tensor) and (value.shape.rank is None or None in value.shape[1:]):
            raise self._wrong(
                f"returned a tensor of shape {value.shape} for {name!r}; only the batch may be of unknown size. "
                "For one value a row, end with tf.reshape(x, [-1])."
            )
        if value.dtype in (tf.int64, tf.float32, tf.string):
            return value
        # Columns of examples are 64-bit integers, 32-bit floats or bytes, as in tf.Example.
        if value.dtype.is_integer or value.dtype.is_bool:
            return tf.cast(value, tf.int64)
        if value.dtype.is_floating:
            return tf.cast(value, tf.float32)
        raise self._wrong(f"returned {value.dtype.name} for {name!r}, expected integers, floats or strings.")

    def _wrong(self, what: str) -> UserCodeError:
        return UserCodeError(
            f"{self.name} {what}",
            hint="Return {'feature': tensor, ...}, each tensor with the batch as its first dimension.",
            function=self.name,
            path=self.path,
            line=getattr(getattr(self.function, "__code__", None), "co_firstlineno", None),
        )


def transform(
    examples: Examples,
    schema_path: str | Path,
    function: UserFunction,
    transform_graph: TransformGraph,
    transformed: Examples,
    context: Context,
    *,
    analyze: str = "train",
) -> pa.Schema:
    """Analyzes one split, transforms every split, and writes the graph and the transformed examples.

    Args:
        examples: Raw examples.
        schema_path: ``schema.pbtxt``.
        function: The user's function.
        transform_graph: Takes tf.Transform's output: ``transform_fn``, ``transformed_metadata``, ``metadata``.
        transformed: Takes the transformed examples, in the splits of ``examples``.
        context: The running node.
        analyze: The split that is analyzed.

    Returns:
        The columns of the transformed examples.

    Raises:
        UserCodeError: The user's function raised, or did not return tensors.
        DataError: The examples do not fit the schema.
    """
    if analyze not in examples.splits:
        raise DataError(
            f"The examples have no split {analyze!r} to analyze.", hint=did_you_mean(analyze, examples.splits)
        )
    schema = raw_schema(read_schema(schema_path), arrow_schema(examples, analyze).names)
    columns = TensorColumns(schema)
    config = TensorAdapterConfig(columns.arrow_schema, columns.representations())
    temp = context.temp_dir / "tft"
    temp.mkdir(parents=True, exist_ok=True)

    context.progress(0, 2, unit="steps", text="tracing")
    pipeline = context.beam()
    with tft_beam.Context(temp_dir=str(temp), use_deep_copy_optimization=True):
        raw = {split: _read(pipeline, examples, split, columns) for split in examples.splits}
        transform_fn = (raw[analyze], config) | "Analyze" >> tft_beam.AnalyzeDataset(function)
        _ = transform_fn | "WriteGraph" >> tft_beam.WriteTransformFn(str(transform_graph.path()))
        flat = flat_schema(transform_fn[1].dataset_metadata.schema)
        # All splits in one go: each time it is applied TensorFlow loads the graph anew, and Beam has thirty steps more.
        tagged = [raw[split] | f"Tag[{split}]" >> beam.Map(_tagged, i) for i, split in enumerate(examples.splits)]
        with tft_beam.Context(passthrough_keys={_SPLIT.name}):
            tagged_config = TensorAdapterConfig(columns.arrow_schema.append(_SPLIT), columns.representations())
            batches, _ = ((tagged | beam.Flatten(), tagged_config), transform_fn) | tft_beam.TransformDataset(
                output_record_batches=True
            )
        parts = batches | "Splits" >> beam.Partition(_split_of, len(examples.splits))
        for split, part in zip(examples.splits, parts, strict=True):
            _ = (
                part
                | f"Flat[{split}]" >> beam.Map(_flat, flat)
                | f"Write[{split}]" >> WriteParquet(transformed.path(f"Split-{split}"), flat)
            )
        context.progress(1, 2, unit="steps", text="analyzing and transforming")
        _run(pipeline, function)
    # WriteTransformFn leaves the raw metadata out, and without it nothing can parse raw examples for the graph.
    metadata_io.write_metadata(dataset_metadata.DatasetMetadata(schema), str(transform_graph.path(_RAW_METADATA)))
    context.progress(2, 2, unit="steps", text="transformed")
    return flat


def _run(pipeline: beam.Pipeline, function: UserFunction) -> None:
    """Runs the pipeline; errors come out as they were raised, without the step's name that Beam puts on them."""
    try:
        pipeline.run().wait_until_finish()
    except (ValueError, RuntimeError, PenstockError) as error:
        cause: BaseException | None = error
        while cause is not None:
            if isinstance(cause, PenstockError) and not hasattr(cause, "_tagged_with_step"):
                raise cause from error
            cause = cause.__context__
        text = str(error)
        if "apply the transformation" not in text:
            raise
        # TensorFlow failed on the data inside the user's graph, where no Python frame is left to show.
        said = text.split("<stack traces unavailable>")[-1].split("Batch instances:")[0]  # noqa: PLC0207
        said = said.strip().strip('".')
        raise UserCodeError(
            f"The graph of {function.name} failed on the data: {said[:600]}",
            hint="An assertion or an operation in it does not hold for these values.",
            function=function.name,
            path=function.path,
        ) from error


def _read(pipeline: beam.Pipeline, examples: Examples, split: str, columns: TensorColumns) -> Any:
    return (
        pipeline
        | f"Read[{split}]" >> ReadRowGroups(row_groups(examples, split), columns=columns.names)
        | f"Tensors[{split}]" >> beam.Map(_convert, columns)
    )


def _convert(batch: pa.RecordBatch, columns: TensorColumns) -> pa.RecordBatch:
    return columns.convert(batch)


def _tagged(batch: pa.RecordBatch, split: int) -> pa.RecordBatch:
    """The batch with one column more, which tf.Transform passes through: the number of its split."""
    offsets = np.arange(batch.num_rows + 1, dtype=np.int32)
    numbers = pa.ListArray.from_arrays(offsets, np.full(batch.num_rows, split, dtype=np.int64))
    return batch.append_column(_SPLIT, numbers)


def _split_of(element: tuple[pa.RecordBatch, dict[str, pa.Array]], _splits: int) -> int:
    batch, apart = element
    # It is apart where the graph does not give as many rows as it was given.
    numbers = apart[_SPLIT.name] if _SPLIT.name in apart else batch.column(_SPLIT.name)
    return int(numbers[0].as_py()[0])


def _flat(element: tuple[pa.RecordBatch, dict[str, Any]], schema: pa.Schema) -> pa.RecordBatch:
    return flat_batch(element[0], schema)


def _shown(value: Any) -> str:
    return "None" if value is None else f"a {type(value).__name__}"
