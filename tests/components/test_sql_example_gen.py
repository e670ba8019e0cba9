"""SqlExampleGen: what a query returns as examples, from SQLite; reuse, passwords, and what a database may refuse."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from penstock.artifacts import Examples
from penstock.components import SqlExampleGen
from penstock.data import examples as data
from penstock.dsl import Context
from penstock.errors import DataError, GraphError, PenstockError, UsageError
from penstock.orchestration.project import load_project

Ingest = Callable[..., Examples]


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """Ten trips, with missing and empty texts."""
    path = tmp_path / "trips.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE trips (id INTEGER, fare REAL, company TEXT, note BLOB)")
        rows = [(at, at / 4, None if at % 3 == 0 else "" if at % 3 == 1 else "taxi", b"\xff") for at in range(10)]
        connection.executemany("INSERT INTO trips VALUES (?, ?, ?, ?)", rows)
    connection.close()
    return path


@pytest.fixture
def ingest(tmp_path: Path, database: Path) -> Ingest:
    """Runs the component on a query; one split of all rows."""
    count = iter(range(1000))

    def run(query: str, url: str | None = None, **given: Any) -> Examples:
        examples = Examples(str(tmp_path / f"examples{next(count)}"))
        examples.path().mkdir()
        ctx = Context(temp_dir=tmp_path)
        given = {"splits": {"all": 1}, **given}
        SqlExampleGen.function(examples, url=url or f"sqlite:///{database}", query=query, **given, ctx=ctx)
        return examples

    return run


def test_rows_become_examples(ingest: Ingest) -> None:
    """With the types of their values; a missing text is not an empty one, and bytes stay bytes."""
    table = data.read_table(ingest("SELECT * FROM trips ORDER BY id;"), "all")
    assert [str(kind) for kind in table.schema.types] == ["int64", "double", "string", "binary"]
    assert table["company"].to_pylist()[:3] == [None, "", "taxi"]
    assert table["id"].to_pylist() == list(range(10))


def test_nothing_in_a_query_is_replaced(ingest: Ingest) -> None:
    """Colons and percent signs are the database's own."""
    table = data.read_table(ingest("SELECT id, ':a %s %(b)s' AS text FROM trips WHERE '%' LIKE '%'"), "all")
    assert set(table["text"].to_pylist()) == {":a %s %(b)s"}


def test_many_rows_come_in_batches(ingest: Ingest) -> None:
    """A column that begins with missing values gets the type of the first value; integers widen to floats."""
    numbers = "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 39999) "
    query = (
        numbers
        + "SELECT i, CASE WHEN i > 20000 THEN 'x' END AS late, CASE WHEN i = 39000 THEN 0.5 ELSE 1 END AS w FROM n"
    )
    table = data.read_table(ingest(query), "all")
    assert table.num_rows == 40_000
    assert [str(kind) for kind in table.schema.types] == ["int64", "string", "double"]
    assert table["late"].null_count == 20_001


def test_declared_types(ingest: Ingest) -> None:
    """Hold for values of any type; a row that does not fit is rejected by its number."""
    types = {"at": "timestamp[s]", "fare": "decimal(6, 2)"}
    query = "SELECT '2024-02-29T00:00:0' || id AS at, CASE WHEN id = 7 THEN 'free' ELSE fare END AS fare FROM trips"
    examples = ingest(query, types=types, on_error="skip")
    table = data.read_table(examples, "all")
    assert table["at"].to_pylist()[:2] == [1_709_164_800, 1_709_164_801]
    rejected = [json.loads(line) for line in examples.path("rejected.jsonl").read_text().splitlines()]
    assert [(row["row"], row["column"], row["value"]) for row in rejected] == [(8, "fare", "free")]


def test_a_column_of_two_types(ingest: Ingest) -> None:
    """SQLite has such; the row is named, and a declaration helps."""
    query = "SELECT CASE WHEN id = 4 THEN 'four' ELSE id END AS id FROM trips"
    with pytest.raises(DataError, match=r"Row 5 of the query, column 'id': 'four' is str, where int stands") as caught:
        ingest(query)
    assert caught.value.hint is not None
    assert "types: {id: string}" in caught.value.hint
    assert data.read_table(ingest(query, types={"id": "string"}), "all")["id"].to_pylist()[3:6] == ["3", "four", "5"]


@pytest.mark.parametrize(
    ("query", "kind", "message"),
    [
        ("SELECT * FROM taxis", DataError, "refuses: no such table: taxis"),
        ("SELEC 1", DataError, 'refuses: near "SELEC": syntax error'),
        ("DELETE FROM trips", DataError, "refuses: attempt to write a readonly database"),
        ("PRAGMA query_only = OFF", UsageError, "query returns no columns: it is no SELECT"),
        ("SELECT id, id FROM trips", UsageError, "returns 2 columns named 'id'"),
        ("SELECT id FROM trips WHERE 0", DataError, "no row in this input"),
        ("", DataError, "refuses|no columns"),
    ],
)
def test_a_query_that_is_refused(
    ingest: Ingest, database: Path, query: str, kind: type[PenstockError], message: str
) -> None:
    """By the database or by us, and nothing in the database has changed."""
    before = database.read_bytes()
    with pytest.raises(PenstockError, match=message) as caught:
        ingest(query)
    assert type(caught.value) in (kind, UsageError)
    assert database.read_bytes() == before


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("oracle9://host/db", "SQLAlchemy knows no database 'oracle9'"),
        ("oracle+oracledb://host/db", "driver 'oracledb' for oracle databases is not installed"),
        ("sqlite:////nowhere/trips.db", "no SQLite database at '/nowhere/trips.db'"),
        ("trips.csv", "no URL of a database"),
        ("${PENSTOCK_TEST_URL}", "environment variable PENSTOCK_TEST_URL, which is not set"),
    ],
)
def test_a_url_that_leads_nowhere(ingest: Ingest, url: str, message: str) -> None:
    """What is wrong with it, and what to do."""
    with pytest.raises(PenstockError, match=message) as caught:
        ingest("SELECT 1", url=url)
    assert caught.value.hint


def test_a_database_that_does_not_answer_may_later(ingest: Ingest) -> None:
    """Nobody listens at port 1."""
    with pytest.raises(DataError, match="refuses: .*(refused|failed)") as caught:
        ingest("SELECT 1", url="postgresql://me@127.0.0.1:1/db")
    assert caught.value.retryable


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me:s3cret@host/db",
        "postgresql://me@host/db?password=s3cret",
        "mssql://me@host/db?ssl_passwd=s3cret",
        "postgresql://me:${PASSWORD:-s3cret}@host/db",
    ],
)
def test_a_password_in_the_url_is_refused_before_anything_runs(url: str) -> None:
    """It would be stored with the run; the message does not show it."""
    assert SqlExampleGen.check is not None
    with pytest.raises(GraphError, match="which would be stored with the run") as caught:
        SqlExampleGen.check({"url": url})
    assert "s3cret" not in str(caught.value.to_json())
    SqlExampleGen.check({"url": url.replace("${PASSWORD:-s3cret}", "s3cret").replace("s3cret", "${PASSWORD}")})


def test_the_environment_fills_in_the_url(ingest: Ingest, database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a whole or in parts; the examples say where they come from."""
    monkeypatch.setenv("PENSTOCK_TEST_DB", str(database))
    monkeypatch.setenv("PENSTOCK_TEST_URL", f"sqlite:///{database}")
    for url in ("sqlite:///${PENSTOCK_TEST_DB}", "${PENSTOCK_TEST_URL}"):
        assert ingest("SELECT id FROM trips", url=url).custom_properties["source"] == f"sqlite:///{database}"


def test_reuse_asks_the_database(ingest: Ingest, database: Path) -> None:
    """Without a version_query never; with one, as long as it returns the same from the same database."""
    assert SqlExampleGen.is_current is not None
    url, asked = f"sqlite:///{database}", "SELECT count(*), max(id) FROM trips"
    given = {"url": url, "version_query": asked}
    examples = {"examples": ingest("SELECT id FROM trips", version_query=asked)}
    assert SqlExampleGen.is_current(given, examples)
    assert not SqlExampleGen.is_current({**given, "version_query": ""}, examples)
    assert not SqlExampleGen.is_current({**given, "version_query": "SELECT nothing"}, examples)
    copy = database.with_name("copy.db")
    copy.write_bytes(database.read_bytes())
    assert not SqlExampleGen.is_current({**given, "url": f"sqlite:///{copy}"}, examples)
    with sqlite3.connect(database) as connection:
        connection.execute("DELETE FROM trips WHERE id = 3")
    connection.close()
    assert not SqlExampleGen.is_current(given, examples)


def test_a_pipeline_names_it(tmp_path: Path) -> None:
    """By the URL in section data; an SQLite file lies in the project's directory."""
    written = 'data: {url: "sqlite:///in/trips.db", query: SELECT 1, version_query: SELECT 2, splits: {all: 1}}'
    (tmp_path / "pipeline.yaml").write_text(f"name: p\n{written}\n")
    parameters = load_project(tmp_path).pipeline.nodes["SqlExampleGen"].parameters
    assert parameters["url"] == f"sqlite:///{tmp_path}/in/trips.db"
    assert (parameters["query"], parameters["version_query"]) == ("SELECT 1", "SELECT 2")
    assert parameters["splits"] == {"all": 1}
