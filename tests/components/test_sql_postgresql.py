"""SqlExampleGen on a real PostgreSQL server: its types, its cursor, its users, and passwords that are nowhere."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from penstock.artifacts import Examples
from penstock.components import SqlExampleGen
from penstock.data.examples import read_table
from penstock.dsl import Context
from penstock.errors import DataError
from tests.postgres import PASSWORD, Server

pytestmark = [pytest.mark.conformance]


@pytest.fixture(scope="module")
def database(postgres: Server) -> str:
    """A database with a table of all types that matter."""
    name = postgres.new_database()
    postgres.execute(
        "CREATE TABLE typed (i int, b bigint, n numeric(8, 2), d double precision, t text, y bytea, o boolean, "
        "da date, ts timestamp, tz timestamptz, u uuid, l int[], j jsonb, late text)",
        name,
    )
    postgres.execute(
        r"INSERT INTO typed VALUES (1, 9007199254740993, 12.10, 0.5, '', '\xff00', true, '1970-01-02', "
        "'1970-01-01 00:00:01', '1970-01-01 01:00:01+01', '6ecd8c99-4036-403d-bf84-cf8400f67836', '{1,NULL}', "
        """'{"city": "Oslo"}', NULL), (NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, """
        "NULL, NULL)",
        name,
    )
    return name


@pytest.fixture
def url(postgres: Server, database: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The database, the password in a variable; it holds characters that a URL does not."""
    monkeypatch.setenv("PENSTOCK_TEST_PASSWORD", PASSWORD)
    return postgres.url(database, password="${PENSTOCK_TEST_PASSWORD}")


def ingest(directory: Path, url: str, query: str, **given: Any) -> Examples:
    """All rows in one split."""
    examples = Examples(str(directory / "examples"))
    examples.path().mkdir(parents=True)
    ctx = Context(temp_dir=directory)
    SqlExampleGen.function(examples, url=url, query=query, splits={"all": 1}, **given, ctx=ctx)
    return examples


def test_types(tmp_path: Path, url: str) -> None:
    """Of each column as docs/ingest.md says; a column without values has the database's type, and null is not ''."""
    table = read_table(ingest(tmp_path, url, "SELECT * FROM typed ORDER BY i"), "all")
    rows = table.to_pylist()
    assert rows[0] == {
        "i": 1, "b": 9007199254740993, "n": 12.1, "d": 0.5, "t": "", "y": b"\xff\x00", "o": 1, "da": 1,
        "ts": 1_000_000, "tz": 1_000_000, "u": "6ecd8c99-4036-403d-bf84-cf8400f67836", "l": [1, None],
        "j.city": "Oslo", "late": None,
    }  # fmt: skip
    assert set(rows[1].values()) == {None}
    assert str(table.schema.field("late").type) == "string"


def test_declared_types(tmp_path: Path, url: str) -> None:
    """A decimal of which every digit counts; a time in another unit."""
    query = "SELECT n, tz FROM typed"
    table = read_table(ingest(tmp_path, url, query, types={"n": "string", "tz": "timestamp[s]"}), "all")
    assert table.to_pylist()[0] == {"n": "12.10", "tz": 1}


def test_what_the_server_refuses(tmp_path: Path, postgres: Server, database: str, url: str) -> None:
    """In the server's words: no such table, no SELECT, a wrong password; nothing is changed."""
    for query, said in (
        ("SELECT * FROM taxis", 'relation "taxis" does not exist'),
        ("DELETE FROM typed", "syntax error|read-only"),
        (
            "WITH gone AS (DELETE FROM typed RETURNING *) SELECT * FROM gone",
            "read-only|must not contain data-modifying",
        ),
        ("SELECT 1 / (i - 1) FROM typed", "division by zero"),
    ):
        with pytest.raises(DataError, match=said) as caught:
            ingest(tmp_path / str(len(query)), url, query)
        assert not caught.value.retryable
    assert postgres.execute("SELECT count(*) FROM typed", database) == [(2,)]


def test_passwords_are_nowhere(tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not in a message, not in the examples."""
    examples = ingest(tmp_path, url, "SELECT i FROM typed", version_query="SELECT count(*) FROM typed")
    assert examples.custom_properties["source"] == url.replace(":${PENSTOCK_TEST_PASSWORD}", "")
    assert PASSWORD not in str(vars(examples))
    monkeypatch.setenv("PENSTOCK_TEST_PASSWORD", "wr0ng/@%")
    with pytest.raises(DataError, match="password authentication failed") as caught:
        ingest(tmp_path / "again", url, "SELECT 1")
    assert "wr0ng" not in str(caught.value.to_json())


def test_rows_are_streamed(tmp_path: Path, url: str) -> None:
    """A result of hundreds of megabytes is never in memory as a whole."""
    query = "SELECT i, repeat(md5(i::text), 40) AS text FROM generate_series(1, 200000) AS g(i)"
    program = (
        "import sys, resource\nfrom pathlib import Path\n"
        "from penstock.artifacts import Examples\nfrom penstock.components import SqlExampleGen\n"
        "from penstock.data.examples import row_count\nfrom penstock.dsl import Context\n"
        "begun = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "examples = Examples(sys.argv[1])\n"
        "given = dict(url=sys.argv[2], query=sys.argv[3], splits={'all': 1})\n"
        "SqlExampleGen.function(examples, **given, ctx=Context(temp_dir=Path(sys.argv[1])))\n"
        "print(row_count(examples, 'all'), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - begun)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path), url, query], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    rows, grown = map(int, done.stdout.split())
    assert rows == 200_000
    assert grown / 1024 < 400, "200,000 rows of 1,280 bytes are 256 MB, in Python and in Arrow more than twice that"
