"""`penstock statistics`: files are looked at without a project, and what is not usable is told by its place."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow.csv
import pyarrow.parquet
import pytest

from penstock.artifacts import Examples, ExampleStatistics
from penstock.cli.root import main
from penstock.components import CsvExampleGen, StatisticsGen
from penstock.data_validation.files import read_statistics
from penstock.dsl import Context


@pytest.fixture
def trips(tmp_path: Path) -> Path:
    """Whole numbers at first, fractions late, so that what was read first is read again."""
    path = tmp_path / "trips.csv"
    rows = [f"{at % 24},{at if at < 9000 else at + 0.5},{'Cash' if at % 3 else ''}" for at in range(10_000)]
    path.write_text("\n".join(["hour,fare,pay", *rows, ""]))
    return path


def test_they_are_those_of_the_ingested_examples(
    trips: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of CSV and of Parquet, field by field; the proto is kept where it is asked for."""
    ctx, examples = Context(temp_dir=tmp_path), Examples(str(tmp_path / "examples"))
    expected = ExampleStatistics(str(tmp_path / "expected"))
    CsvExampleGen.function(examples=examples, input_base=str(trips), splits={"all": 1}, ctx=ctx)
    StatisticsGen.function(examples=examples, statistics=expected, ctx=ctx)
    pyarrow.parquet.write_table(pyarrow.csv.read_csv(trips, convert_options=NULLS), tmp_path / "trips.parquet")
    (tmp_path / "trips.pq").write_bytes((tmp_path / "trips.parquet").read_bytes())
    for name in ("trips.csv", "trips.parquet", "trips.pq"):
        kept = tmp_path / f"kept of {name}"
        assert main(["statistics", str(tmp_path / name), "--output", str(kept), "--json"]) == 0
        assert '"fare"' in json.dumps(json.loads(capsys.readouterr().out))
        found = ExampleStatistics(str(kept))
        assert read_statistics(found, "all") == read_statistics(expected, "all")


NULLS = pyarrow.csv.ConvertOptions(strings_can_be_null=True)


def test_they_are_shown(trips: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In the terminal, and as a page."""
    assert main(["statistics", str(trips)]) == 0
    shown = capsys.readouterr().out
    assert "fare" in shown
    assert "Cash" in shown
    assert main(["statistics", str(trips), "--html", str(tmp_path / "page.html")]) == 0
    assert "<html" in (tmp_path / "page.html").read_text()


@pytest.mark.parametrize("name", ["no.csv", "no.parquet"])
def test_what_is_not_there_is_told(trips: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """With what is there instead."""
    assert main(["statistics", str(trips.parent / name)]) == 1
    assert name in capsys.readouterr().err


def test_what_is_not_usable_is_told(trips: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The row; and it may be skipped, or be a damaged file of another kind."""
    trips.write_text(trips.read_text() + "1,2\n")
    assert main(["statistics", str(trips)]) == 1
    assert "trips.csv:10002" in capsys.readouterr().err
    assert main(["statistics", str(trips), "--skip", "1"]) == 0
    damaged = trips.with_suffix(".parquet")
    damaged.write_bytes(b"PAR1 not at all")
    assert main(["statistics", str(damaged)]) == 1
    assert "no Parquet file" in capsys.readouterr().err
    assert main(["statistics", str(trips), "--type", "fare"]) == 2
    assert "names no type" in capsys.readouterr().err
