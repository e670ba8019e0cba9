from __future__ import annotations

from collections.abc import Callable

import pyarrow as pa
import pytest

from penstock.artifacts import Examples
from penstock.errors import DataError
from penstock.views import examples, view
from tests.views.conftest import HOSTILE


def test_the_first_rows_are_as_they_are(make_examples: Callable[..., Examples], trips: pa.Table) -> None:
    """Rows, types and numbers of rows are those of the table; only the first rows are there, to the last digit."""
    found = view(make_examples(train=trips.slice(0, 50), eval=trips.slice(50, 5)))
    assert found is not None
    train = found.model()["splits"]["train"]
    assert (train["rows"], len(train["first"]), len(train["columns"])) == (50, examples.MOST_ROWS, 18)
    assert train["first"] == [list(row.values()) for row in trips.slice(0, examples.MOST_ROWS).to_pylist()]
    assert [str(cell) for cell in found.tables[1].rows[3]][2] == str(trips["fare"][3].as_py())


def test_any_value_can_be_shown(make_examples: Callable[..., Examples]) -> None:
    """Missing values, bytes, lists, nested lists, NaN and hostile texts are cells, cut where they are long."""
    table = pa.table(
        {
            HOSTILE: [None, HOSTILE],
            "bytes": pa.array([b"text", b"\xff\xfe"], pa.binary()),
            "lists": [[1], [1, 2]],
            "nested": [[[1], []], None],
            "nan": [float("nan"), float("inf")],
            "long": ["x" * 9000, ""],
        }
    )
    found = view(make_examples(train=table))
    assert found is not None
    first, second = found.model()["splits"]["train"]["first"]
    assert first[:5] == [None, "text", 1, "[[1], []]", "nan"]
    assert second[:5] == [HOSTILE, "2 bytes", "[1, 2]", None, "inf"]
    assert len(first[5]) == 121
    assert "<img" not in found.html()


def test_a_split_without_rows_has_no_rows(make_examples: Callable[..., Examples]) -> None:
    """An empty split says so by its number of rows."""
    found = view(make_examples(train=pa.table({"a": pa.array([], pa.int64())})))
    assert found is not None
    assert found.model()["splits"]["train"]["rows"] == 0


def test_damaged_rows_name_their_file(make_examples: Callable[..., Examples]) -> None:
    """A file that is no Parquet is an error with its path."""
    made = make_examples(train=pa.table({"a": [1]}))
    made.files("train")[0].write_bytes(b"PAR1")
    with pytest.raises(DataError, match="cannot be read") as error:
        view(made)
    assert "data-" in str(error.value.facts["path"])
