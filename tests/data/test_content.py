from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.artifacts import ExampleAnomalies, Examples, ExampleStatistics, Schema
from penstock.data.row_hashes import row_hashes
from penstock.storage.digests import typed_content

Write = Callable[..., Examples]

TABLE = pa.table(
    {
        "n": pa.array([1, 2, None, -4, 2]),
        "x": pa.array([0.5, float("nan"), None, -0.25, 1e300]),
        "s": pa.array(["Cash", "", None, "Crédit", "Cash"]),
        "v": pa.array([[1.0, 2.0], [3.0, 4.0], [0.5, 0.5], [2.0, 1.0], [0.0, 0.0]], pa.list_(pa.float32(), 2)),
        "l": pa.array([["a", "b"], ["ab"], [], None, [None]]),
        "none": pa.nulls(5),
    }
)


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes tables as the shards of the split train of a new artifact."""
    count = 0

    def written(*shards: pa.Table, split: str = "train", rows: int = 1000) -> Examples:
        nonlocal count
        count += 1
        examples = Examples(str(tmp_path / str(count)))
        place = examples.path(f"Split-{split}")
        place.mkdir(parents=True)
        for index, shard in enumerate(shards):
            name = f"data-{index:05d}-of-{len(shards):05d}.parquet"
            pq.write_table(shard, place / name, row_group_size=rows, compression="zstd")
        return examples

    return written


def digest(artifact: Any) -> str:
    content = typed_content(artifact)
    assert content.algorithm != "sha256"
    return content.digest


def test_how_rows_are_spread_does_not_count(write: Write) -> None:
    """One shard, several in any order, small row groups and rows in another order hold the same examples."""
    whole = digest(write(TABLE))
    assert digest(write(TABLE.slice(2), TABLE.slice(0, 2))) == whole
    assert digest(write(TABLE, rows=2)) == whole
    assert digest(write(TABLE.take([4, 3, 2, 1, 0]))) == whole
    assert digest(write(TABLE.slice(0, 0), TABLE)) == whole


def _changed(column: str, row: int, value: Any) -> pa.Table:
    values = TABLE[column].to_pylist()
    values[row] = value
    return TABLE.set_column(TABLE.column_names.index(column), column, pa.array(values, TABLE[column].type))


@pytest.mark.parametrize(
    "other",
    [
        _changed("n", 0, 3),
        _changed("n", 2, 0),
        _changed("x", 0, 0.5000000000000001),
        _changed("s", 2, ""),
        _changed("s", 0, "hsaC"),
        _changed("v", 0, [2.0, 1.0]),
        _changed("l", 1, ["a", "b"]),
        _changed("l", 2, None),
        _changed("l", 4, []),
        TABLE.slice(1),
        pa.concat_tables([TABLE, TABLE.slice(0, 1)]),
        TABLE.drop_columns(["none"]),
        TABLE.rename_columns(["m", "x", "s", "v", "l", "none"]),
        TABLE.set_column(0, "n", TABLE["n"].cast(pa.float64())),
        pa.table({**{name: TABLE[name] for name in TABLE.column_names}, "n": TABLE["n"].take([1, 0, 2, 3, 4])}),
    ],
    ids=lambda table: "",
)
def test_every_value_counts(write: Write, other: pa.Table) -> None:
    """A value, a null, an order inside a list, a row more or less, a column's name or type: each is other content."""
    assert digest(write(other)) != digest(write(TABLE))


def test_splits_and_columns_are_known_by_their_names(write: Write) -> None:
    """The same rows under another split are other examples; the order of the columns says nothing."""
    assert digest(write(TABLE, split="eval")) != digest(write(TABLE))
    assert digest(write(TABLE.select(TABLE.column_names[::-1]))) == digest(write(TABLE))


@pytest.mark.parametrize(
    "array",
    [
        pa.array([True, None, False, True]),
        pa.array([dt.datetime(2020, 1, 1, tzinfo=dt.UTC), None, dt.datetime(2021, 1, 1, tzinfo=dt.UTC)]),
        pa.array([dt.date(2020, 1, 1), None, dt.date(2021, 1, 1)]),
        pa.array([Decimal("1.2"), None, Decimal("-1.2")]),
        pa.array([{"a": 1, "b": "x"}, None, {"a": None, "b": "x"}, {"a": 1, "b": "y"}]),
        pa.array([[["a"], ["b", None]], None, [["a", "b"]], [[], ["a"]]]),
        pa.array(["a", "b", None, "a"]).dictionary_encode(),
        pa.array(["a", None, "bc"], pa.large_string()),
        pa.array([b"\0", b"", b"\0\0"]),
        pa.array([1, 2**63, 2**64 - 1], pa.uint64()),
        pa.array([1.5, None, -1.5], pa.float16()),
    ],
    ids=lambda array: str(array.type),
)
def test_a_hash_does_not_depend_on_where_a_row_lies(array: pa.Array) -> None:
    """A row has the same hash in a batch, in a slice of it and in a copy; different values have different ones."""
    batch = pa.record_batch({"x": array})
    hashes = row_hashes(batch)
    for row in range(len(array)):
        assert row_hashes(batch.slice(row, 1))[0] == hashes[row]
        assert row_hashes(batch.take(pa.array([row])))[0] == hashes[row]
    assert len(set(hashes.tolist())) == len({repr(value) for value in array.to_pylist()})


ROWS = st.lists(st.tuples(st.none() | st.integers(-(2**62), 2**62), st.none() | st.text(max_size=6)), max_size=12)


@given(first=ROWS, second=ROWS)
def test_bags_are_equal_when_their_hashes_are(first: list[Any], second: list[Any]) -> None:
    """Two lists of rows have the same sorted hashes exactly if one is the other in another order."""

    def hashes(rows: list[Any]) -> list[int]:
        numbers, words = [row[0] for row in rows], [row[1] for row in rows]
        batch = pa.record_batch({"n": pa.array(numbers, pa.int64()), "s": pa.array(words, pa.string())})
        return sorted(row_hashes(batch).tolist())

    assert (hashes(first) == hashes(second)) == (sorted(map(repr, first)) == sorted(map(repr, second)))


def test_hashes_spread_over_all_bits() -> None:
    """Of the hashes of consecutive integers every bit is set in about half: no bit of the sums is wasted."""
    hashes = row_hashes(pa.record_batch({"n": pa.array(range(20_000))}))
    share = ((hashes[:, None] >> np.arange(64, dtype=np.uint64)) & np.uint64(1)).mean(axis=0)
    assert share.min() > 0.48
    assert share.max() < 0.52


SCHEMA = """
feature { name: "fare" type: FLOAT }
feature { name: "hour" type: INT int_domain { min: 0 max: 23 } }
"""


def _schema(directory: Path, text: str) -> Schema:
    directory.mkdir()
    (directory / "schema.pbtxt").write_text(text)
    return Schema(str(directory))


def test_a_schema_is_more_than_its_text(tmp_path: Path) -> None:
    """Comments, layout and the order of features do not count; a bound does."""
    first = digest(_schema(tmp_path / "a", SCHEMA))
    same = '# curated by hand\nfeature{name:"hour" int_domain{max:23 min:0} type:INT}\nfeature{name:"fare",type:FLOAT}'
    assert digest(_schema(tmp_path / "b", same)) == first
    assert digest(_schema(tmp_path / "c", SCHEMA.replace("23", "24"))) != first


def test_statistics_and_anomalies_are_read_as_messages(tmp_path: Path) -> None:
    """Maps written in another order are the same anomalies, features in another order the same statistics."""
    from tensorflow_metadata.proto.v0 import anomalies_pb2, statistics_pb2

    def anomalies(name: str, columns: list[str]) -> ExampleAnomalies:
        message = b"".join(
            anomalies_pb2.Anomalies(anomaly_info={column: {"description": column}}).SerializeToString()
            for column in columns
        )
        file = tmp_path / name / "Split-eval/SchemaDiff.pb"
        file.parent.mkdir(parents=True)
        file.write_bytes(message)
        return ExampleAnomalies(str(tmp_path / name))

    assert digest(anomalies("a", ["x", "y"])) == digest(anomalies("b", ["y", "x"]))
    assert digest(anomalies("c", ["x"])) != digest(anomalies("d", ["y"]))

    def statistics(name: str, columns: list[str]) -> ExampleStatistics:
        message = statistics_pb2.DatasetFeatureStatisticsList()
        dataset = message.datasets.add(num_examples=3)
        for column in columns:
            dataset.features.add(type=1).path.step.append(column)
        file = tmp_path / name / "Split-eval/FeatureStats.pb"
        file.parent.mkdir(parents=True)
        file.write_bytes(message.SerializeToString())
        return ExampleStatistics(str(tmp_path / name))

    assert digest(statistics("e", ["x", "y"])) == digest(statistics("f", ["y", "x"]))
    assert digest(statistics("g", ["x"])) != digest(statistics("h", ["y"]))
