from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tensorflow_metadata.proto.v0 import schema_pb2, statistics_pb2

from penstock.artifacts import ExampleStatistics, Schema
from penstock.data_validation.files import (
    STATISTICS_FILE,
    parse_schema,
    read_schema,
    read_statistics,
    schema_text,
    write_schema,
)
from penstock.errors import DataError, UsageError


def artifact(root: Path, *names: str) -> ExampleStatistics:
    statistics = ExampleStatistics(str(root))
    statistics.splits = ["train"]
    path = statistics.split_path("train", STATISTICS_FILE)
    path.parent.mkdir(parents=True)
    datasets = [statistics_pb2.DatasetFeatureStatistics(name=name) for name in names]
    path.write_bytes(statistics_pb2.DatasetFeatureStatisticsList(datasets=datasets).SerializeToString())
    return statistics


def test_a_schema_survives_writing_and_reading(tmp_path: Path, schema: Callable[[str], schema_pb2.Schema]) -> None:
    """Text form and back, letters beyond ASCII as they are."""
    proto = schema(
        "feature { name: 'company' type: BYTES domain: 'company' } string_domain { name: 'company' value: 'Ü' }"
    )
    stored = Schema(str(tmp_path / "schema"))
    write_schema(stored, proto)
    assert read_schema(stored) == proto
    assert "Ü" in schema_text(proto)


def test_a_malformed_schema_names_file_line_and_column(tmp_path: Path) -> None:
    """The place is where the parser stopped, the message what it met there."""
    path = tmp_path / "schema.pbtxt"
    path.write_text("feature {\n  name: 'fare'\n  typo: FLOAT\n}\n")
    with pytest.raises(DataError, match="typo") as caught:
        parse_schema(path)
    assert (caught.value.path, caught.value.line, caught.value.col) == (str(path), 3, 3)
    assert str(caught.value).startswith(f"{path}:3:3: This is not a schema")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("feature { type: INT }", "number 1 has no name"),
        ("feature { name: 'a' type: INT } feature { name: 'a' type: INT }", "'a' is in the schema twice"),
        ("feature { name: 'a' }", "'a' has no type"),
        ("feature { name: 'a' type: BYTES domain: 'pays' } string_domain { name: 'pay' }", "domain 'pays'"),
    ],
)
def test_a_schema_that_means_nothing_is_an_error(tmp_path: Path, text: str, expected: str) -> None:
    """Each mistake that the format itself allows is named, with its feature."""
    path = tmp_path / "schema.pbtxt"
    path.write_text(text)
    with pytest.raises(DataError, match=expected) as caught:
        parse_schema(path)
    assert caught.value.hint


def test_a_missing_schema_offers_the_one_beside(tmp_path: Path) -> None:
    """A mistyped file name is a usage error, found at once."""
    (tmp_path / "schema.pbtxt").write_text("")
    with pytest.raises(UsageError, match=r"no schema file .*shema.pbtxt") as caught:
        parse_schema(tmp_path / "shema.pbtxt")
    assert "schema.pbtxt" in str(caught.value.hint)


def test_a_binary_schema_is_told_apart(tmp_path: Path) -> None:
    """Bytes that are not UTF-8 say that text is expected."""
    path = tmp_path / "schema.pbtxt"
    path.write_bytes(b"\x0a\xff\xfe")
    with pytest.raises(DataError, match="not UTF-8"):
        parse_schema(path)


def test_the_whole_is_found_among_slices(tmp_path: Path) -> None:
    """Statistics of other tools hold slices too; the whole has the split's name, theirs, or none."""
    assert read_statistics(artifact(tmp_path / "a", "hour_4", "train"), "train").name == "train"
    assert read_statistics(artifact(tmp_path / "b", "hour_4", "All Examples"), "train").name == "All Examples"


def test_damaged_statistics_name_their_file(tmp_path: Path) -> None:
    """No file, no dataset in it, or other bytes: each a data error with the path."""
    statistics = artifact(tmp_path / "none")
    path = statistics.split_path("train", STATISTICS_FILE)
    with pytest.raises(DataError, match="holds no statistics"):
        read_statistics(statistics, "train")
    path.write_bytes(b"\xff\xff\xff")
    with pytest.raises(DataError, match="does not hold a DatasetFeatureStatisticsList"):
        read_statistics(statistics, "train")
    path.unlink()
    with pytest.raises(DataError, match="missing") as caught:
        read_statistics(statistics, "train")
    assert caught.value.path == str(path)
