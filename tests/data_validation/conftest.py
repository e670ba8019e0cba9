"""Fixtures of statistics and schemas: small tables summarised, and what is written in text."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2, statistics_pb2

from penstock.data_validation.statistics import DatasetSummary
from penstock.dsl import Context

Summarise = Callable[..., statistics_pb2.DatasetFeatureStatistics]


@pytest.fixture(scope="session")
def summarise() -> Summarise:
    """Statistics of columns given as a mapping or table; ``name`` is the dataset's."""

    def summarise_(
        columns: Mapping[str, Any] | pa.Table, name: str = "train"
    ) -> statistics_pb2.DatasetFeatureStatistics:
        table = columns if isinstance(columns, pa.Table) else pa.table(dict(columns))
        summary = DatasetSummary(table.schema)
        for batch in table.to_batches():
            summary.add(batch)
        return summary.to_proto(name)

    return summarise_


@pytest.fixture(scope="session")
def schema() -> Callable[[str], schema_pb2.Schema]:
    """A schema from its text form."""

    def schema_(text: str) -> schema_pb2.Schema:
        return text_format.Parse(text, schema_pb2.Schema())

    return schema_


@pytest.fixture
def events() -> list[dict[str, Any]]:
    """What is emitted through the fixture `ctx`."""
    return []


@pytest.fixture
def ctx(events: list[dict[str, Any]], tmp_path: Path) -> Context:
    """A context that keeps what is emitted in the fixture `events`."""
    return Context(temp_dir=tmp_path, emit=events.append)
