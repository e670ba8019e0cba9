"""Predictions and late labels that come from columns instead of a model: of the examples, or of a file beside them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from penstock.errors import DataError, GraphError, UsageError, did_you_mean

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Given", "GivenFile", "check_given"]

_ROW = "__penstock_row"
_FORMATS = ".parquet, .csv, .jsonl"


@dataclass(frozen=True)
class Given:
    """Which columns hold what a model would have computed, or what became known later.

    Attributes:
        prediction: The column with the candidate's predictions; the model scores if not given.
        baseline: The column with the baseline's predictions.
        label: A column of the file with the labels, where they came later than the examples.
        key: Columns by which rows of the file are found for rows of the examples.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid"}

    prediction: str = ""
    baseline: str = ""
    label: str = ""
    key: tuple[str, ...] = ()

    @property
    def wanted(self) -> tuple[str, ...]:
        """The columns that hold something, each once."""
        return tuple(dict.fromkeys(name for name in (self.prediction, self.baseline, self.label) if name))


def check_given(parameters: Mapping[str, Any]) -> None:
    """Holds ``predictions`` and ``predictions_file`` against each other; what does not fit is a `GraphError`."""
    given, file = parameters.get("predictions"), parameters.get("predictions_file")
    if file and (given is None or not given.key or not given.wanted):
        raise GraphError(
            "predictions_file is given, and predictions does not say which of its columns to take.",
            hint="Write predictions: {key: [trip_id], prediction: score}, with baseline or label if the file has them.",
            argument="predictions_file",
            at=[],
        )
    if given is not None and not file and (given.key or given.label):
        raise GraphError(
            "predictions has a key or a label, which are for a file, and there is no predictions_file.",
            hint="Name the file, or leave them out: then the predictions are columns of the examples.",
            argument="predictions",
            at=["key" if given.key else "label"],
        )
    if given is not None and set(given.key) & set(given.wanted):
        raise GraphError(
            "predictions: a column of the key cannot hold a prediction or a label as well.",
            hint="Rows are found by the key; the other columns say what is known of them.",
            argument="predictions",
            at=["key"],
        )
    if given is not None and given.baseline and not given.prediction:
        raise GraphError(
            "predictions names a baseline's column and none of the candidate.",
            hint="Name the candidate's with prediction.",
            argument="predictions",
            at=["baseline"],
        )


class GivenFile:
    """A file of predictions or labels in memory, found by key.

    Args:
        path: A Parquet file or directory of such, a CSV file with a header, or JSON Lines.
        given: Its columns.

    Raises:
        DataError: It is not there or not readable, has no such column, or a key occurs twice.
    """

    def __init__(self, path: str, given: Given) -> None:
        self._path, self._given = path, given
        table = _read(path)
        for name in (*given.key, *given.wanted):
            if name not in table.schema.names:
                raise DataError(
                    f"The predictions have no column {name!r}.",
                    hint=did_you_mean(name, table.schema.names),
                    path=path,
                    column=name,
                )
        table = table.select(list(dict.fromkeys((*given.key, *given.wanted))))
        distinct = table.select(list(given.key)).group_by(list(given.key)).aggregate([]).num_rows
        if distinct < table.num_rows:
            raise DataError(
                f"{table.num_rows - distinct:,} of {table.num_rows:,} rows of the predictions repeat a key "
                f"({', '.join(given.key)}) of another row.",
                hint="Each row of the examples may have one prediction only: is a column of the key missing?",
                path=path,
            )
        self._table = table

    def found(self, batch: pa.RecordBatch) -> dict[str, pa.Array]:
        """The columns of the file for the rows of a batch, null where the file has no row of that key."""
        import numpy as np
        import pyarrow as pa

        keys = list(self._given.key)
        for name in keys:
            if name not in batch.schema.names:
                raise DataError(
                    f"predictions: the examples have no column {name!r} to find rows by.",
                    hint=did_you_mean(name, batch.schema.names),
                    column=name,
                )
        rows = pa.table({name: batch.column(name) for name in keys})
        rows = rows.append_column(_ROW, pa.array(np.arange(batch.num_rows)))
        table = self._table
        for name in keys:
            try:
                cast = table[name].cast(rows.schema.field(name).type)
            except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
                raise DataError(
                    f"The key {name!r} of the predictions is of type {table.schema.field(name).type} and does not fit "
                    f"the examples', {rows.schema.field(name).type}: {str(error).splitlines()[0][:120]}",
                    path=self._path,
                    column=name,
                ) from error
            table = table.set_column(table.schema.get_field_index(name), name, cast)
        values = [name for name in table.schema.names if name not in keys]
        # Values are joined by position, so that a column of any type can be taken along.
        index = table.select(keys).append_column("__at", pa.array(np.arange(table.num_rows)))
        joined = rows.join(index, keys, join_type="left outer").sort_by(_ROW)
        at = joined["__at"].combine_chunks()
        at = at.chunk(0) if isinstance(at, pa.ChunkedArray) else at
        return {name: _whole(table[name].take(at)) for name in values}


def _whole(column: pa.ChunkedArray) -> pa.Array:
    import pyarrow as pa

    found = column.combine_chunks()
    return pa.concat_arrays(found.chunks) if isinstance(found, pa.ChunkedArray) else found


def _read(path: str) -> pa.Table:
    import pyarrow as pa
    import pyarrow.csv
    import pyarrow.json
    import pyarrow.parquet as pq

    lower = path.lower()
    try:
        if lower.endswith((".csv", ".csv.gz")):
            return pyarrow.csv.read_csv(path)
        if lower.endswith((".jsonl", ".ndjson")):
            return pyarrow.json.read_json(path)
        if lower.endswith((".parquet", ".pq")) or "." not in lower.rsplit("/", 1)[-1]:
            return pq.read_table(path)
    except (pa.ArrowInvalid, OSError) as error:
        raise DataError(
            f"The predictions cannot be read: {str(error).splitlines()[0][:200]}",
            hint=f"Expected is one of {_FORMATS}.",
            path=path,
        ) from error
    raise UsageError(f"predictions_file is of a format not known: expected is one of {_FORMATS}.", path=path)
