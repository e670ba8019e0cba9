"""The predictions that an evaluation keeps: what every later look at a slice needs in place of the model.

A `ModelEvaluation` holds, beside its results, a directory for each model::

    predictions/candidate/part-00000-of-00003.parquet
    predictions/baseline/part-00000-of-00003.parquet

Part ``i`` holds the rows of row group ``i`` of the evaluated split (`penstock.data.examples.row_groups`), in the same
order and every one of them: put end to end, row ``i`` of the predictions is row ``i`` of the split. Each part has the
columns ``prediction`` (double, or a list of doubles with one score for each class), ``label`` (double; for several
labels a row a list as well), null where a row has none, and ``weight`` if the evaluation had weights, null where a row
has none. All other columns stay in the Examples. On a cluster each worker writes the parts that it has scored.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from penstock.artifacts import Examples, ModelEvaluation
from penstock.data.examples import read_table
from penstock.errors import DataError
from penstock.evaluation.histogram import Floats
from penstock.evaluation.labels import wide_numbers
from penstock.evaluation.results import CANDIDATE, load

__all__ = ["LABEL", "PREDICTION", "PREDICTIONS_DIRECTORY", "WEIGHT", "as_numbers", "read", "read_part", "write_part"]

PREDICTIONS_DIRECTORY = "predictions"
PREDICTION, LABEL, WEIGHT = "prediction", "label", "weight"


def read(
    evaluation: ModelEvaluation,
    examples: Examples | None = None,
    *,
    columns: Sequence[str] = (),
    model: str = CANDIDATE,
) -> pa.Table:
    """The predictions of one model, a row for each row of the evaluated split, in its order.

    Args:
        evaluation: The artifact.
        examples: The Examples that it was made from, for their columns.
        columns: Columns of the examples to put beside the predictions; one that is called as one of the predictions'
            own columns is a `DataError`.
        model: ``candidate`` or ``baseline``.

    Returns:
        ``prediction``, ``label``, ``weight`` if there were weights, then the columns asked for.

    Raises:
        DataError: The evaluation keeps no predictions of this model, the examples are others than it was made from
            (another number of rows), or they have no such column.
    """
    parts = sorted(evaluation.path(PREDICTIONS_DIRECTORY, model).glob("part-*.parquet"))
    if not parts:
        raise DataError(
            f"The evaluation keeps no predictions of a model {model!r}.",
            hint="Those that Penstock made before it kept predictions have none, nor those that TFX made.",
            path=evaluation.uri,
        )
    try:
        table = pa.concat_tables(pq.read_table(part) for part in parts)
    except (pa.ArrowInvalid, OSError) as error:
        raise DataError(
            f"The predictions are damaged: {str(error).splitlines()[0][:200]}",
            path=str(parts[0].parent),
            hint="Payloads are never changed once written: run the Evaluator again.",
        ) from error
    if examples is None or not columns:
        return table
    taken = [name for name in columns if name in table.schema.names]
    if taken:
        raise DataError(
            f"The predictions have a column {taken[0]!r} of their own.",
            hint="Read it from the examples by itself.",
            column=taken[0],
        )
    rows = read_table(examples, load(evaluation).split, columns=columns)
    if rows.num_rows != table.num_rows:
        raise DataError(
            f"The evaluation was made of {table.num_rows:,} rows and these examples have {rows.num_rows:,}.",
            hint="Give the examples that the evaluation's lineage names.",
            path=examples.uri,
        )
    for name in columns:
        table = table.append_column(name, rows[name])
    return table


def as_numbers(column: pa.ChunkedArray) -> Floats:
    """A column of numbers, [rows], or of lists of them, [rows, classes]; not a number where it is null."""
    if pa.types.is_nested(column.type):
        return wide_numbers(_whole(column), PREDICTION, PREDICTION)
    return pc.fill_null(column, math.nan).to_numpy().astype(np.float64)


def write_part(
    directory: str | Path,
    model: str,
    part: tuple[int, int],
    predictions: Floats,
    labels: Floats,
    weights: Floats | None,
) -> None:
    """Writes the predictions of one row group.

    Args:
        directory: The artifact's, wherever it lies.
        model: ``candidate`` or ``baseline``.
        part: The row group's number and how many there are.
        predictions: [rows] or [rows, classes].
        labels: [rows] or [rows, classes]; not a number where there is none.
        weights: [rows], likewise; None where every row weighs 1.
    """
    from apache_beam.io.filesystems import FileSystems

    columns = {PREDICTION: _column(predictions, missing=False), LABEL: _column(labels, missing=True)}
    if weights is not None:
        columns[WEIGHT] = _column(weights, missing=True)
    with FileSystems.create(_place(directory, model, part)) as stream, pa.PythonFile(stream, mode="w") as sink:
        pq.write_table(pa.table(columns), sink, compression="zstd")


def read_part(directory: str | Path, model: str, part: tuple[int, int]) -> dict[str, Floats]:
    """The columns of one row group's predictions as `write_part` wrote them; not a number where a row has none."""
    from apache_beam.io.filesystems import FileSystems

    with FileSystems.open(_place(directory, model, part)) as stream, pa.PythonFile(stream, mode="r") as source:
        table = pq.read_table(source)
    return {name: wide_numbers(_whole(table[name]), name, name) for name in table.schema.names}


def _place(directory: str | Path, model: str, part: tuple[int, int]) -> str:
    return f"{directory}/{PREDICTIONS_DIRECTORY}/{model}/part-{part[0]:05d}-of-{part[1]:05d}.parquet"


def _whole(column: pa.ChunkedArray) -> pa.Array:
    found = column.combine_chunks()
    return pa.concat_arrays(found.chunks) if isinstance(found, pa.ChunkedArray) else found


def _column(values: Floats, *, missing: bool) -> pa.Array:
    mask = np.isnan(values) if missing else None
    if values.ndim == 1:
        return pa.array(values, pa.float64(), mask=mask)
    # Not of fixed size: Parquet does not give such lists back where one is null.
    offsets = pa.array(np.arange(len(values) + 1, dtype=np.int32) * values.shape[1])
    rows_missing = None if mask is None else pa.array(mask.any(axis=1))
    return pa.ListArray.from_arrays(offsets, pa.array(values.reshape(-1)), mask=rows_missing)
