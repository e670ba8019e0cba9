from __future__ import annotations

import gzip
import re
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.data.row_removal import Values, copy_without, count_in_csv, count_in_examples
from penstock.errors import DataError, UsageError

TYPES = {
    "text": (pa.string(), ["7", "x", None, "7 ", "07"], [True, False, False, False, False]),
    "large text": (pa.large_string(), ["7", "", None], [True, False, False]),
    "bytes": (pa.binary(), [b"7", b"8", None], [True, False, False]),
    "int": (pa.int64(), [7, 8, None, -7], [True, False, False, False]),
    "small int": (pa.int8(), [7, 8, None], [True, False, False]),
    "unsigned": (pa.uint8(), [7, 8, None], [True, False, False]),
    "float": (pa.float64(), [7.0, 7.5, None, float("nan")], [True, False, False, False]),
    "float32": (pa.float32(), [7.0, 7.5], [True, False]),
    "nothing": (pa.null(), [None, None], [False, False]),
    "list": (pa.list_(pa.int64()), [[1, 7], [], None, [8]], [True, False, False, False]),
    "list of text": (pa.list_(pa.string()), [["x"], ["7", "7"]], [False, True]),
    "dictionary": (pa.dictionary(pa.int32(), pa.string()), ["7", "x", None], [True, False, False]),
}


@pytest.mark.parametrize("name", TYPES)
def test_a_value_is_meant_in_a_column_of_any_type(name: str) -> None:
    """What a person types is compared as the column's type has it; what is missing is never meant."""
    kind, column, wanted = TYPES[name]
    values = Values(["7", "300", "1e400", "no number"])
    found: Any = values.mask(pa.array(column, kind))
    assert [bool(one) for one in found.to_pylist()] == wanted


def test_numbers_are_exact() -> None:
    """64-bit integers that a double cannot hold are told apart; one may be written as 7.0, not as 7.5."""
    big = 2**62 + 1
    assert Values([str(big)]).mask(pa.array([big, big - 1, big + 1])).to_pylist() == [True, False, False]
    assert Values(["7.0"]).mask(pa.array([7])).to_pylist() == [True]
    assert Values(["7.5", "-1"]).mask(pa.array([7], pa.uint8())).to_pylist() == [False]


@pytest.mark.parametrize("given_", [[], [""], ["a", " "]])
def test_no_value_and_an_empty_one_are_refused(given_: list[str]) -> None:
    """An empty one would mean every row that lacks a value."""
    with pytest.raises(UsageError, match="missing or empty"):
        Values(given_)


def test_values_are_never_shown() -> None:
    """Not in a traceback either."""
    assert "secret" not in repr(Values(["secret"]))
    assert "secret" not in f"{Values(['secret'])}"


def test_a_column_that_cannot_be_compared_is_told() -> None:
    """A struct."""
    with pytest.raises(DataError, match="cannot be searched"):
        Values(["7"]).mask(pa.array([{"a": 7}]))


@given(st.lists(st.one_of(st.none(), st.integers(0, 5)), max_size=50), st.sets(st.integers(0, 5), min_size=1))
def test_what_is_left_has_none_of_the_values(rows: list[int | None], wanted: set[int]) -> None:
    """Whatever rows there are: exactly the others are left, in their order."""
    column = pa.array(rows, pa.int64())
    mask = Values(map(str, wanted)).mask(column)
    left = [row for row, out in zip(rows, mask.to_pylist(), strict=True) if not out]
    assert left == [row for row in rows if row not in wanted]


def payload(directory: Path) -> Path:
    """Examples with two splits: rows in several row groups, a file without any, one without the column, and a note."""
    schema = pa.schema([("rider", pa.string()), ("fare", pa.float32())])
    for split, riders in (("train", ["a", "b", None, "a", "c"]), ("eval", ["a", "a"])):
        place = directory / f"Split-{split}"
        place.mkdir(parents=True)
        table = pa.table({"rider": riders, "fare": [1.0] * len(riders)}, schema=schema)
        pq.write_table(table, place / "data-00000-of-00002.parquet", row_group_size=2)
        pq.write_table(table.slice(0, 0), place / "data-00001-of-00002.parquet")
    pq.write_table(pa.table({"fare": [1.0]}), directory / "Split-eval" / "other.parquet")
    (directory / "note.txt").write_text("kept")
    return directory


def test_rows_are_counted_and_left_out(tmp_path: Path) -> None:
    """By file; the copy has the same files and columns, the other rows, and what has no such column as it was."""
    directory, target = payload(tmp_path / "old"), tmp_path / "new"
    values = Values(["a", "z"])
    found = count_in_examples(directory, "rider", values)
    assert found is not None
    assert {name: n for name, n in found.items() if n} == {
        "Split-eval/data-00000-of-00002.parquet": 2,
        "Split-train/data-00000-of-00002.parquet": 2,
    }
    copy_without(directory, target, "rider", values)
    names = sorted(path.relative_to(directory).as_posix() for path in directory.rglob("*") if path.is_file())
    assert sorted(path.relative_to(target).as_posix() for path in target.rglob("*") if path.is_file()) == names
    left = pq.read_table(target / "Split-train" / "data-00000-of-00002.parquet")
    assert left.to_pydict() == {"rider": ["b", None, "c"], "fare": [1.0] * 3}
    assert pq.read_schema(target / "Split-eval" / "data-00000-of-00002.parquet").equals(left.schema)
    assert pq.read_metadata(target / "Split-eval" / "data-00000-of-00002.parquet").num_rows == 0
    assert pq.read_metadata(target / "Split-eval" / "other.parquet").num_rows == 1
    assert (target / "note.txt").read_text() == "kept"
    assert count_in_examples(target, "rider", values) == dict.fromkeys(found, 0)
    assert count_in_examples(directory, "driver", values) is None


def test_a_damaged_file_is_told(tmp_path: Path) -> None:
    """With its path."""
    (tmp_path / "data-0.parquet").write_bytes(b"no parquet")
    with pytest.raises(DataError, match="not a readable Parquet file") as caught:
        count_in_examples(tmp_path, "a", Values(["7"]))
    assert caught.value.path == str(tmp_path / "data-0.parquet")


CSV = 'id,name\n7,"a\nb"\n07,x\n7.0,\n8,y\n,z\n +7,q\n'


@pytest.mark.parametrize("pack", [str.encode, lambda text: gzip.compress(text.encode())])
def test_csv_files_are_searched(tmp_path: Path, pack: Any) -> None:
    """However a number is written, over line breaks in quotes, packed or not; None where there is no such column."""
    file = tmp_path / "trips.csv"
    file.write_bytes(pack(CSV))
    assert count_in_csv(file, "id", Values(["7"])) == 4
    assert count_in_csv(file, "name", Values(["a\nb", "nobody"])) == 1
    assert count_in_csv(file, "other", Values(["7"])) is None


@pytest.mark.parametrize("content", [b"", b"a,b\n1\n", b"\xff\xfe\x00", b"\x1f\x8bbroken"])
def test_a_csv_file_that_cannot_be_read_is_told_without_its_rows(tmp_path: Path, content: bytes) -> None:
    """Arrow quotes the row that it stumbles over, which may be the one that nobody must see."""
    file = tmp_path / "trips.csv"
    file.write_bytes(content)
    told = ""
    try:
        found = count_in_csv(file, "a", Values(["1"]))
    except DataError as error:
        told, found = error.message, None
    assert found in (None, 0)
    assert not told or re.fullmatch(r"It cannot be read as CSV \([^\n]*\)\.", told)
    assert "got 1: 1" not in told
