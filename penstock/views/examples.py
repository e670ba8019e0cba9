"""Examples: the first rows of each split, the columns' types, how many rows there are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from penstock.artifacts import Artifact, Examples
from penstock.errors import DataError
from penstock.views.places import splits_of
from penstock.views.view import Cell, Row, Table, View, cut, jsonable

__all__ = ["make"]

MOST_ROWS: Final = 20
MOST_COLUMNS: Final = 100
_LONGEST: Final = 120


def make(artifact: Artifact, links: Mapping[str, str]) -> View:
    """The view of an `Examples`; only the first row group of each split is opened."""
    del links  # rows lead nowhere
    assert isinstance(artifact, Examples)
    splits = {split: _split(artifact, split) for split in splits_of(artifact)}
    columns = list(dict.fromkeys(name for split in splits.values() for name in split["columns"]))
    kinds = {name: [split["columns"].get(name, "") for split in splits.values()] for name in columns}
    tables = [
        Table(
            "Splits",
            ("split", "rows", "columns", "files"),
            tuple((name, one["rows"], len(one["columns"]), one["files"]) for name, one in splits.items()),
            ("rows", "columns", "files"),
        ),
        *(
            Table(f"First rows of {name}", ("row", *list(one["columns"])[:MOST_COLUMNS]), _rows(one), _numbers(one))
            for name, one in splits.items()
            if one["first"]
        ),
        Table("Columns", ("column", *splits), tuple((name, *kinds[name]) for name in columns)),
    ]
    notes = (
        (f"The rows show the first {MOST_COLUMNS} of {len(columns):,} columns.",) if len(columns) > MOST_COLUMNS else ()
    )
    return View("examples", "Examples", {"splits": splits}, tuple(tables), notes)


def _split(examples: Examples, split: str) -> dict[str, Any]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    files = examples.files(split)
    try:
        schema = pq.read_schema(files[0])
        rows = sum(pq.read_metadata(file).num_rows for file in files)
        with pq.ParquetFile(files[0]) as file:
            batches = file.iter_batches(MOST_ROWS, columns=schema.names[:MOST_COLUMNS])
            first = next(batches, None)
    except (OSError, pa.ArrowException) as error:
        raise DataError(f"The rows cannot be read: {error}", hint="Is the file damaged?", path=str(files[0])) from error
    values = first.to_pylist() if first is not None else []
    return {
        "rows": rows,
        "files": len(files),
        "columns": {field.name: str(field.type) for field in schema},
        "first": [[_value(value) for value in row.values()] for row in values],
    }


def _value(value: Any) -> Any:
    """A value as JSON has it; a list of one is that one, as examples are read."""
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, bytes):
        try:
            value = value.decode()
        except UnicodeDecodeError:
            return f"{len(value):,} bytes"
    return jsonable(value) if value is None or isinstance(value, bool | int | float) else cut(str(value), _LONGEST)


def _rows(split: Mapping[str, Any]) -> tuple[Row, ...]:
    return tuple(
        (nth, *(Cell("", "missing") if value is None else Cell(value, text=str(value)) for value in row))
        for nth, row in enumerate(split["first"], 1)
    )


def _numbers(split: Mapping[str, Any]) -> tuple[str, ...]:
    """The columns that are aligned to the right."""
    kinds = ("int", "uint", "float", "double", "decimal", "list<item: int", "list<item: float", "list<item: double")
    return tuple(name for name, kind in split["columns"].items() if kind.startswith(kinds))
