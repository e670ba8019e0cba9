"""BigQueryExampleGen against a fake of BigQuery: Beam's own source, real requests, no SQL and no Google."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest

from penstock.artifacts import Examples
from penstock.components import BigQueryExampleGen
from penstock.data.examples import read_table
from penstock.dsl import Context
from penstock.errors import DataError, UsageError

if TYPE_CHECKING:
    from tests.fake_bigquery import FakeBigQuery

pytestmark = [pytest.mark.conformance]


@pytest.fixture
def bigquery(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeBigQuery]:
    """The fake."""
    pytest.importorskip("google.cloud.bigquery_storage")
    from tests.fake_bigquery import running_bigquery

    with running_bigquery(monkeypatch) as fake:
        yield fake


def ingest(directory: Path, query: str, **given: Any) -> Examples:
    """All rows in one split."""
    examples = Examples(str(directory / "examples"))
    examples.path().mkdir(parents=True)
    ctx = Context(temp_dir=directory)
    given = {"splits": {"all": 1}, "project": "taxi", **given}
    try:
        BigQueryExampleGen.function(examples, query=query, **given, ctx=ctx)
    finally:
        ctx.close()
    return examples


def test_rows_become_examples(tmp_path: Path, bigquery: FakeBigQuery) -> None:
    """Of all streams, with the types that docs/ingest.md has; what was made for the query is removed."""
    bigquery.results["SELECT * FROM trips"] = [
        pa.record_batch(
            {
                "id": [0, 1],
                "fare": pa.array([Decimal("12.10"), None], pa.decimal128(38, 9)),
                "at": pa.array([datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC), None], pa.timestamp("us", "UTC")),
                "day": pa.array([date(1970, 1, 2), None]),
                "company": ["", None],
                "stops": pa.array([[1, 2], []], pa.list_(pa.int64())),
                "place": pa.array([{"city": "Oslo"}, {"city": None}]),
                "late": pa.array([None, None], pa.string()),
            }
        ),
        pa.record_batch(
            {
                "id": [2],
                "fare": pa.array([Decimal(3)], pa.decimal128(38, 9)),
                "at": pa.array([None], pa.timestamp("us", "UTC")),
                "day": pa.array([None], pa.date32()),
                "company": ["taxi"],
                "stops": pa.array([[7]], pa.list_(pa.int64())),
                "place": pa.array([{"city": "Bergen"}]),
                "late": ["x"],
            }
        ),
    ]
    examples = ingest(tmp_path, "SELECT * FROM trips")
    rows = sorted(read_table(examples, "all").to_pylist(), key=lambda row: int(row["id"]))
    assert rows[0] == {
        "id": 0, "fare": 12.1, "at": 1_000_000, "day": 1, "company": "", "stops": [1, 2], "place.city": "Oslo",
        "late": None,
    }  # fmt: skip
    assert [row["company"] for row in rows] == ["", None, "taxi"]
    assert [row["stops"] for row in rows] == [[1, 2], [], [7]]
    assert examples.custom_properties["source"] == "bigquery:taxi"
    assert not bigquery.datasets
    assert not examples.path(".staging").exists()
    (job,) = bigquery.jobs
    assert job["query"]["useLegacySql"] is False


def test_a_dataset_of_ones_own(tmp_path: Path, bigquery: FakeBigQuery) -> None:
    """Takes the temporary table; none is made."""
    bigquery.results["SELECT 1 AS a"] = [pa.record_batch({"a": [1]})]
    ingest(tmp_path, "SELECT 1 AS a", temp_dataset="scratch")
    assert bigquery.jobs[0]["query"]["destinationTable"]["datasetId"] == "scratch"
    assert not [path for method, path in bigquery.requests if method == "POST" and path.endswith("/datasets")]


def test_what_bigquery_refuses(tmp_path: Path, bigquery: FakeBigQuery) -> None:
    """In its words; nothing is left behind."""
    bigquery.results["SELEC 1"] = 'Syntax error: Unexpected identifier "SELEC" at [1:1]'
    with pytest.raises(DataError, match=r'BigQuery refuses: Syntax error: Unexpected identifier "SELEC"'):
        ingest(tmp_path, "SELEC 1")
    assert not list((tmp_path / "examples").iterdir())


def test_no_rows(tmp_path: Path, bigquery: FakeBigQuery) -> None:
    """Is an error."""
    bigquery.results["SELECT 1 AS a LIMIT 0"] = []
    with pytest.raises(DataError, match="no rows"):
        ingest(tmp_path, "SELECT 1 AS a LIMIT 0")


def test_credentials_that_are_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Are said to be missing before any row is asked for."""
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "nothing.json"))
    with pytest.raises(DataError, match="Google does not know who is asking") as caught:
        ingest(tmp_path, "SELECT 1", version_query="SELECT 1")
    assert "gcloud auth" in str(caught.value.hint)


def test_without_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What to install."""
    monkeypatch.setitem(__import__("sys").modules, "google.cloud.bigquery_storage", None)
    with pytest.raises(UsageError, match="not installed") as caught:
        ingest(tmp_path, "SELECT 1")
    assert "penstock[gcp]" in str(caught.value.hint)
