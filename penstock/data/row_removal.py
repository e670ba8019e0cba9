"""Rows with certain values in a column: counted in examples and CSV files, and left out of a copy of examples.

The values are compared by Arrow, a row group at a time; they are never printed, logged or kept.
"""

from __future__ import annotations

import contextlib
import math
import re
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from penstock.data.examples import open_writer
from penstock.errors import DataError, UsageError
from penstock.storage.digests import files_in
from penstock.storage.manifest import MANIFEST

__all__ = ["Values", "copy_without", "count_in_csv", "count_in_examples"]

_NUMBER = r"^\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*$"
_SAID = re.compile(r"[^:\n]{0,80}(: Row #\d+)?(: Expected \d+ columns, got \d+)?")
_GZIP = b"\x1f\x8b"


class Values:
    """The values of a column whose rows are meant, as people type them: ``7`` is the number 7 in a column of numbers.

    Raises:
        UsageError: There is none, or one is empty: that would be every row that lacks a value.
    """

    def __init__(self, texts: Iterable[str]) -> None:
        self._texts = sorted(set(texts))
        if not self._texts or not all(text.strip() for text in self._texts):
            raise UsageError("A value is missing or empty.", hint="Give each with --value, or on a line of a file.")
        self._floats = sorted({number for text in self._texts if (number := _number(text)) is not None})
        self._ints = sorted({number for text in self._texts if (number := _integer(text)) is not None})

    def __repr__(self) -> str:
        return f"<{len(self)} values>"  # a traceback must not show them

    def __len__(self) -> int:
        return len(self._texts)

    def mask(self, array: Any) -> Any:
        """Which values of an Arrow array are meant, true or false for each; of a list, if one of its values is.

        Raises:
            DataError: Values of that type cannot be compared.
        """
        kind = array.type
        if pa.types.is_null(kind):
            return pa.array([False] * len(array))
        if pa.types.is_dictionary(kind):
            return self.mask(array.dictionary_decode())
        if pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
            inner = self.mask(pc.list_flatten(array))
            rows = pc.list_parent_indices(array).filter(inner)
            return pc.is_in(pa.array(range(len(array)), rows.type), value_set=rows)
        return pc.is_in(array, value_set=self._of_type(kind))

    def _of_type(self, kind: Any) -> Any:
        if pa.types.is_string(kind) or pa.types.is_large_string(kind):
            return pa.array(self._texts, kind)
        if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
            return pa.array([text.encode() for text in self._texts], kind)
        if pa.types.is_boolean(kind):
            known = {"true": True, "false": False, "1": True, "0": False}
            return pa.array([known[text.lower()] for text in self._texts if text.lower() in known], kind)
        if pa.types.is_floating(kind):
            return pa.array(self._floats, pa.float64()).cast(kind, safe=False)
        if pa.types.is_integer(kind):
            low = -(2 ** (kind.bit_width - 1)) if pa.types.is_signed_integer(kind) else 0
            return pa.array([one for one in self._ints if low <= one < low + 2**kind.bit_width], kind)
        raise DataError(f"A column of the type {kind} cannot be searched.", hint="Name a column of texts or numbers.")

    def text_mask(self, array: Any) -> Any:
        """Which texts (Arrow binary) are meant, however a number is written."""
        found = pc.is_in(array, value_set=pa.array([text.encode() for text in self._texts], array.type))
        if not self._floats:
            return found
        with contextlib.suppress(pa.ArrowInvalid):  # not UTF-8: then it is no number either
            text = array.cast(pa.string())
            is_number = pc.fill_null(pc.match_substring_regex(text, _NUMBER), False)  # noqa: FBT003 - the value itself
            numbers = pc.utf8_trim_whitespace(pc.if_else(is_number, text, None))
            numbers = pc.cast(pc.replace_substring_regex(numbers, r"^\+", ""), pa.float64())
            found = pc.or_(found, pc.is_in(numbers, value_set=pa.array(self._floats, pa.float64())))
        return found


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _integer(text: str) -> int | None:
    with contextlib.suppress(ValueError):
        return int(text)
    number = _number(text)
    return int(number) if number is not None and number.is_integer() else None


def count_in_examples(directory: Path, column: str, values: Values) -> dict[str, int] | None:
    """How many rows of a payload of Examples have one of the values, by Parquet file; None if no file has the column.

    Raises:
        DataError: A file is not Parquet, or the column's values cannot be compared.
    """
    found: dict[str, int] = {}
    for name, path in _parquet(directory):
        with _readable(path) as file:
            if column not in file.schema_arrow.names:
                continue
            masks = (
                values.mask(file.read_row_group(group, columns=[column]).column(column).combine_chunks())
                for group in range(file.num_row_groups)
            )
            found[name] = sum(pc.sum(mask).as_py() or 0 for mask in masks)
    return found or None


def copy_without(directory: Path, target: Path, column: str, values: Values) -> None:
    """Copies a payload of Examples without the rows that have one of the values; files without the column as they are.

    Args:
        directory: The payload.
        target: Where the copy goes, a directory.
        column: The column.
        values: Its values whose rows are left out.

    Raises:
        DataError: A file is not Parquet.
    """
    for name, path in files_in(directory):
        if name == MANIFEST:
            continue
        place = target / name
        place.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix != ".parquet":
            shutil.copyfile(path, place)
            continue
        with _readable(path) as file:
            schema = file.schema_arrow
            with open_writer(place, schema) as writer:
                for group in range(file.num_row_groups):
                    rows = file.read_row_group(group)
                    if column in schema.names:
                        mask = values.mask(rows.column(column).combine_chunks())
                        rows = rows.filter(pc.invert(mask))
                    if rows.num_rows:
                        writer.write_table(rows)


def count_in_csv(path: Path, column: str, values: Values) -> int | None:
    """How many rows of a CSV file, gzip or not, have one of the values; None if it has no such column.

    Raises:
        DataError: It cannot be read.
    """
    try:
        with path.open("rb") as file:
            compression = "gzip" if file.read(2) == _GZIP else None
        options = pa_csv.ConvertOptions(
            include_columns=[column],
            include_missing_columns=True,
            column_types={column: pa.binary()},
            strings_can_be_null=False,
        )
        parse = pa_csv.ParseOptions(newlines_in_values=True)
        with (
            pa.input_stream(str(path), compression=compression) as stream,
            pa_csv.open_csv(stream, parse_options=parse, convert_options=options) as reader,
        ):
            found, is_there = 0, False
            for batch in reader:
                texts = batch.column(0)
                is_there = is_there or texts.null_count < len(texts)
                found += pc.sum(values.text_mask(texts)).as_py() or 0
    except (pa.ArrowInvalid, OSError, UnicodeDecodeError) as error:
        # Not all of what Arrow says: it quotes the row.
        told = _SAID.match(str(error))
        raise DataError(f"It cannot be read as CSV ({told[0] if told else ''}).", path=str(path)) from None
    return found if is_there else None


def _parquet(directory: Path) -> list[tuple[str, Path]]:
    return [(name, path) for name, path in files_in(directory) if path.suffix == ".parquet"]


def _readable(path: Path) -> Any:
    try:
        return pq.ParquetFile(path)
    except (pa.ArrowInvalid, OSError) as error:
        raise DataError(
            f"This is not a readable Parquet file: {str(error).splitlines()[0][:200]}", path=str(path)
        ) from error
