"""Examples as `tf.data`: Parquet row groups, shuffled as whole columns, cut into batches by TensorFlow itself."""

from __future__ import annotations

import glob
import itertools
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import tensorflow as tf

from penstock.errors import DataError, did_you_mean
from penstock.models.fn_args import DataAccessor, DatasetOptions

__all__ = ["accessor", "record_batches", "tf_dataset"]


def accessor(seed: int = 0) -> DataAccessor:
    """The `DataAccessor` of a node; ``seed`` fixes the order of rows where the options don't."""

    def tf_dataset_factory(files: Sequence[str], options: DatasetOptions, schema: Any = None) -> tf.data.Dataset:
        return tf_dataset(files, options, schema, seed=seed)

    return DataAccessor(tf_dataset_factory, record_batches)


def tf_dataset(
    files: str | Sequence[str], options: DatasetOptions, schema: Any = None, *, seed: int = 0
) -> tf.data.Dataset:
    """Batches of tensors from Parquet files.

    Args:
        files: Files or glob patterns.
        options: See `DatasetOptions`; any object with those attributes will do.
        schema: A ``Schema`` proto; restricts the columns to its features.
        seed: Fixes the order of rows if ``options.shuffle_seed`` is None.

    Returns:
        A dataset of ``{column: tensor}``, or of ``({column: tensor}, label)`` with ``label_key``. Flat columns have
        shape ``[batch]``, fixed-size lists ``[batch, size]``, lists are `tf.RaggedTensor`. Floats are float32,
        integers int64. A missing float is NaN, a missing string is empty. The same call gives the same batches;
        each iteration over one dataset gives another order, as ``tf.data.Dataset.shuffle`` does.

    Raises:
        DataError: No files match; a column is missing, or holds values that no tensor can.
    """
    groups = _row_groups(_expanded(files))
    arrow = pq.read_schema(groups[0][0])
    names = _column_names(arrow, options, schema)
    specs = {name: _spec(arrow.field(name)) for name in names}
    _check_integers(groups, arrow, names)
    seed = seed if options.shuffle_seed is None else options.shuffle_seed
    iterations = itertools.count()

    def chunks() -> Iterator[Any]:
        # A new iterator goes on in the sequence of seeds, so that each epoch of Keras sees another order.
        random = np.random.default_rng([seed, next(iterations)])
        epochs = itertools.count() if options.num_epochs is None else range(options.num_epochs)
        for _ in epochs:
            for table in _shuffled(groups, names, options, random):
                columns = {name: _tensor(table.column(name), name) for name in names}
                yield _with_label(columns, options.label_key)

    # The generator hands over whole buffers; `rebatch` cuts them in C++, where a batch costs microseconds.
    dataset = tf.data.Dataset.from_generator(chunks, output_signature=_with_label(specs, options.label_key))
    dataset = dataset.rebatch(options.batch_size, drop_remainder=options.drop_final_batch)
    rows = sum(count for _, _, count in groups)
    return dataset.apply(tf.data.experimental.assert_cardinality(_batches(rows, options))).prefetch(tf.data.AUTOTUNE)


def record_batches(files: str | Sequence[str], options: Any = None, schema: Any = None) -> Iterator[pa.RecordBatch]:
    """Record batches from Parquet files, in order; ``options`` is tfx_bsl's ``RecordBatchesOptions`` or None.

    Args:
        files: Files or glob patterns.
        options: ``batch_size`` (None: a batch for each row group) and ``num_epochs`` (None: once) are heeded.
        schema: A ``Schema`` proto; restricts the columns to its features.
    """
    paths = _expanded(files)
    columns = [feature.name for feature in schema.feature] if schema is not None else None
    size = getattr(options, "batch_size", None)
    for _ in range(getattr(options, "num_epochs", None) or 1):
        for path, group, rows in _row_groups(paths):
            table = pq.ParquetFile(path).read_row_group(group, columns=columns)
            yield from table.combine_chunks().to_batches(max_chunksize=size or rows)


def _expanded(files: str | Sequence[str]) -> list[str]:
    patterns = [files] if isinstance(files, str) else list(files)
    found = sorted({path for pattern in patterns for path in glob.glob(str(pattern))})  # patterns are absolute
    if not found:
        raise DataError(f"There are no files to read at {', '.join(map(str, patterns)) or 'an empty list of files'}.")
    return found


def _row_groups(paths: Iterable[str]) -> list[tuple[str, int, int]]:
    """Path, index and number of rows of each row group that has any."""
    groups = []
    for path in paths:
        metadata = pq.read_metadata(path)
        for index in range(metadata.num_row_groups):
            rows = metadata.row_group(index).num_rows
            if rows:
                groups.append((path, index, rows))
    if not groups:
        raise DataError("The files hold no rows.", path=next(iter(paths), None))
    return groups


def _column_names(arrow: pa.Schema, options: DatasetOptions, schema: Any) -> list[str]:
    wanted = [feature.name for feature in schema.feature] if schema is not None else list(arrow.names)
    if options.label_key is not None and options.label_key not in wanted:
        wanted.append(options.label_key)
    missing = [name for name in wanted if name not in arrow.names]
    if missing:
        raise DataError(
            f"The examples have no column {missing[0]!r}.",
            hint=did_you_mean(missing[0], arrow.names),
            column=missing[0],
        )
    return wanted


def _shuffled(
    groups: list[tuple[str, int, int]], names: list[str], options: DatasetOptions, random: np.random.Generator
) -> Iterator[pa.Table]:
    """The rows of one epoch as tables of up to ``shuffle_buffer_size`` rows, in random order if asked."""
    order = random.permutation(len(groups)) if options.shuffle else range(len(groups))
    buffer: list[pa.Table] = []
    buffered = 0
    for position, index in enumerate(order):
        path, group, rows = groups[index]
        buffer.append(pq.ParquetFile(path).read_row_group(group, columns=names))
        buffered += rows
        if buffered >= options.shuffle_buffer_size or position == len(groups) - 1 or not options.shuffle:
            table = pa.concat_tables(buffer)
            yield table.take(pa.array(random.permutation(buffered))) if options.shuffle else table
            buffer, buffered = [], 0


def _spec(field: pa.Field) -> Any:
    kind = field.type
    if pa.types.is_fixed_size_list(kind):
        return tf.TensorSpec((None, kind.list_size), _dtype(kind.value_type, field.name))
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return tf.RaggedTensorSpec((None, None), _dtype(kind.value_type, field.name), row_splits_dtype=tf.int64)
    return tf.TensorSpec((None,), _dtype(kind, field.name))


def _dtype(kind: pa.DataType, name: str) -> tf.DType:
    if pa.types.is_floating(kind):
        return tf.float32
    if pa.types.is_integer(kind) or pa.types.is_boolean(kind):
        return tf.int64
    if _is_text(kind) or pa.types.is_null(kind):
        return tf.string
    raise DataError(f"The column {name!r} holds {kind}, which no tensor can.", column=name)


def _is_text(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_string(kind)
        or pa.types.is_large_string(kind)
        or pa.types.is_binary(kind)
        or pa.types.is_large_binary(kind)
    )


def _tensor(column: pa.ChunkedArray, name: str) -> Any:
    array = column.combine_chunks()
    if isinstance(array, pa.ChunkedArray):  # an empty column has no chunk to combine
        array = pa.concat_arrays(array.chunks) if array.num_chunks else pa.array([], type=array.type)
    kind = array.type
    if pa.types.is_fixed_size_list(kind):
        return _values(array.flatten(), name).reshape(len(array), kind.list_size)
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        splits = np.concatenate([[0], np.cumsum(pc.fill_null(pc.list_value_length(array), 0).to_numpy())])
        return tf.RaggedTensor.from_row_splits(_values(array.flatten(), name), splits.astype(np.int64), validate=False)
    return _values(array, name)


def _values(array: pa.Array, name: str) -> Any:
    kind = array.type
    if pa.types.is_floating(kind):
        return array.to_numpy(zero_copy_only=False).astype(np.float32, copy=False)
    if _is_text(kind) or pa.types.is_null(kind):
        return pc.fill_null(array.cast(pa.large_binary()), b"").to_numpy(zero_copy_only=False)
    if array.null_count:
        raise _missing_integers(name, array.null_count)
    return array.cast(pa.int64()).to_numpy(zero_copy_only=False)


def _check_integers(groups: list[tuple[str, int, int]], arrow: pa.Schema, names: list[str]) -> None:
    """Finds missing integers in the files' footers, before training starts and fails on the way."""
    integers = [name for name in names if pa.types.is_integer(arrow.field(name).type)]
    for path in dict.fromkeys(path for path, _, _ in groups):
        metadata = pq.read_metadata(path)
        position = {metadata.schema.column(index).path: index for index in range(metadata.num_columns)}
        for name in integers:
            found = [metadata.row_group(g).column(position[name]).statistics for g in range(metadata.num_row_groups)]
            missing = sum(one.null_count for one in found if one is not None and one.has_null_count)
            if missing:
                raise _missing_integers(name, missing)


def _missing_integers(name: str, count: int) -> DataError:
    return DataError(
        f"The column {name!r} misses {count:,} values, and a tensor of integers has no way to say so.",
        hint="Fill them in preprocessing_fn, or pass a schema that leaves the column out.",
        column=name,
    )


def _with_label(columns: dict[str, Any], label: str | None) -> Any:
    if label is None:
        return columns
    return {name: value for name, value in columns.items() if name != label}, columns[label]


def _batches(rows: int, options: DatasetOptions) -> int:
    if options.num_epochs is None:
        return int(tf.data.INFINITE_CARDINALITY)
    total = rows * options.num_epochs
    return total // options.batch_size if options.drop_final_batch else -(-total // options.batch_size)
