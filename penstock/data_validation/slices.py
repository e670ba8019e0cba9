"""Cutting a batch of examples into slices by the values of columns."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from penstock.data_validation.arrays import STRING, is_list, kind_and_depth, levels
from penstock.data_validation.summary_options import Slice
from penstock.errors import DataError, did_you_mean

__all__ = ["cut"]

Rows = npt.NDArray[np.int64]


def cut(batch: pa.RecordBatch, wanted: Slice) -> Iterator[tuple[str, pa.RecordBatch]]:
    """The slices that occur in a batch, named as TFDV does: ``payment_type_Cash_trip_start_hour_4``.

    An example with several values of a column is in several slices, one without any in none.

    Raises:
        DataError: The batch lacks a column, or a value is not UTF-8.
    """
    rows: Rows = np.arange(batch.num_rows)
    codes: Rows = np.zeros(batch.num_rows, np.int64)
    names: Any = np.array([""], object)
    for name, value in wanted.columns:
        at, found, texts = _values(batch, name)
        if value is not None:
            kept = texts[found] == value
            at, found = at[kept], found[kept]
        # For each row so far, the values of this column there: `at` is in ascending order.
        start, stop = np.searchsorted(at, rows, "left"), np.searchsorted(at, rows, "right")
        times = stop - start
        here = np.arange(times.sum()) + np.repeat(start - np.concatenate([[0], np.cumsum(times)[:-1]]), times)
        rows, pairs = np.repeat(rows, times), np.repeat(codes, times) * len(texts) + found[here]
        occurring, codes = np.unique(pairs, return_inverse=True)
        before, last = np.divmod(occurring, max(len(texts), 1))
        joined = [[names[one], name, texts[two]] for one, two in zip(before, last, strict=True)]
        names = np.array(["_".join(parts if parts[0] else parts[1:]) for parts in joined], object)
    order = np.argsort(codes, kind="stable")
    for name, group in zip(names, np.split(rows[order], np.flatnonzero(np.diff(codes[order])) + 1), strict=False):
        if len(group):
            yield name, batch.take(pa.array(group))


def _values(batch: pa.RecordBatch, name: str) -> tuple[Rows, Rows, Any]:
    """Rows in ascending order and codes of the values that they have, each pair once; and the values as text."""
    if name not in batch.schema.names:
        hint = did_you_mean(name, batch.schema.names)
        raise DataError(f"There is no column {name!r} to slice by.", hint=hint, column=name)
    column = batch.column(name)
    kind, _ = kind_and_depth(column.type, name)
    if is_list(column.type):
        *_, level = levels(column, None)
        values = level.values
        rows = np.flatnonzero(np.asarray(column.is_valid()))[np.repeat(level.owners, level.lengths)]
    else:
        values, rows = column, np.arange(len(column))
    if values.null_count:
        valid = np.asarray(values.is_valid())
        values, rows = values.filter(pa.array(valid)), rows[valid]
    coded = values if pa.types.is_dictionary(values.type) else values.dictionary_encode()
    codes = coded.indices.to_numpy(zero_copy_only=False).astype(np.int64)
    texts = _texts(coded.dictionary, name) if kind == STRING else [str(value) for value in np.asarray(coded.dictionary)]
    size = max(len(texts), 1)
    rows, codes = np.divmod(np.unique(rows * size + codes), size)
    return rows, codes, np.array(texts, object)


def _texts(values: pa.Array, name: str) -> list[str]:
    try:
        return list(values.cast(pa.large_string()).to_pylist())
    except pa.ArrowInvalid as error:
        raise DataError(
            f"The column {name!r} has values that are not UTF-8, so that its slices have no names.",
            hint="Slice by another column.",
            column=name,
        ) from error
