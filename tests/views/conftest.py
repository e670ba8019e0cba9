"""Statistics of real taxi trips, summarised once, and artifacts that hold them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import pyarrow as pa
import pyarrow.csv
import pytest
from google.protobuf.message import Message
from tensorflow_metadata.proto.v0 import statistics_pb2

from penstock.artifacts import Examples, ExampleStatistics, Schema
from penstock.data.examples import write_split
from penstock.data_validation.files import STATISTICS_FILE
from penstock.data_validation.statistics import DatasetSummary

Dataset: TypeAlias = statistics_pb2.DatasetFeatureStatistics
MakeStatistics = Callable[..., ExampleStatistics]
HOSTILE = '</script><img src=x onerror="alert(1)">\u202e\x1b[31m'


def summarised(columns: Mapping[str, Any] | pa.Table, name: str = "train") -> Dataset:
    """Statistics of rows in memory."""
    table = columns if isinstance(columns, pa.Table) else pa.table(dict(columns))
    summary = DatasetSummary(table.schema)
    for batch in table.to_batches():
        summary.add(batch)
    return summary.to_proto(name)


@pytest.fixture(scope="session")
def trips(taxi_csv: Path) -> pa.Table:
    """The trips as a table."""
    return pyarrow.csv.read_csv(taxi_csv)


@pytest.fixture(scope="session")
def taxi(trips: pa.Table) -> dict[str, Dataset]:
    """Statistics of 10,000 trips and of the rest."""
    return {"train": summarised(trips.slice(0, 10_000)), "eval": summarised(trips.slice(10_000), "eval")}


@pytest.fixture
def make_statistics(tmp_path: Path) -> MakeStatistics:
    """Writes datasets as the splits of an artifact with an id."""

    def make(id: int = 1, **splits: Dataset) -> ExampleStatistics:
        artifact = ExampleStatistics(str(tmp_path / f"statistics-{id}"), id=id)
        artifact.splits = list(splits)
        for split, dataset in splits.items():
            put(
                artifact.split_path(split, STATISTICS_FILE),
                statistics_pb2.DatasetFeatureStatisticsList(datasets=[dataset]),
            )
        return artifact

    return make


@pytest.fixture
def make_examples(tmp_path: Path) -> Callable[..., Examples]:
    """Writes tables as the splits of an artifact with an id."""

    def make(id: int = 1, **splits: pa.Table) -> Examples:
        examples = Examples(str(tmp_path / f"examples-{id}"), id=id)
        examples.splits = list(splits)
        for split, table in splits.items():
            write_split(examples, split, table.to_batches(), table.schema)
        return examples

    return make


@pytest.fixture
def make_schema(tmp_path: Path) -> Callable[..., Schema]:
    """Writes a schema's text as an artifact with an id."""

    def make(text: str, id: int = 1) -> Schema:
        schema = Schema(str(tmp_path / f"schema-{id}"), id=id)
        schema.path().mkdir()
        schema.file.write_text(text)
        return schema

    return make


def put(file: Path, message: Message) -> None:
    """Writes a proto to a file."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(message.SerializeToString())
