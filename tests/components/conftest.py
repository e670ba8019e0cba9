"""Fixtures of components that validate data: examples on disk, and statistics without Beam."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from tensorflow_metadata.proto.v0 import statistics_pb2

from penstock.artifacts import ExampleStatistics
from penstock.data_validation.files import STATISTICS_FILE
from penstock.data_validation.statistics import DatasetSummary
from penstock.dsl import Context


@pytest.fixture
def events() -> list[dict[str, Any]]:
    """What the component under test emits through the fixture `ctx`."""
    return []


@pytest.fixture
def ctx(events: list[dict[str, Any]], tmp_path: Path) -> Context:
    """A context that keeps what is emitted in the fixture `events`."""
    return Context(node="node", temp_dir=tmp_path, emit=events.append)


@pytest.fixture
def statistics_of(tmp_path: Path) -> Callable[..., ExampleStatistics]:
    """Statistics of splits, each given as a mapping of columns or as a table."""

    def statistics_of_(directory: str = "statistics", **splits: Mapping[str, Any] | pa.Table) -> ExampleStatistics:
        statistics = ExampleStatistics(str(tmp_path / directory), properties={"span": 3})
        statistics.splits = list(splits)
        for split, columns in splits.items():
            table = columns if isinstance(columns, pa.Table) else pa.table(dict(columns))
            summary = DatasetSummary(table.schema)
            for batch in table.to_batches():
                summary.add(batch)
            path = statistics.split_path(split, STATISTICS_FILE)
            path.parent.mkdir(parents=True)
            proto = statistics_pb2.DatasetFeatureStatisticsList(datasets=[summary.to_proto(split)])
            path.write_bytes(proto.SerializeToString())
        return statistics

    return statistics_of_
