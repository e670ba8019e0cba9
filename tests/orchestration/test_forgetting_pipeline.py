"""Forgetting in a real pipeline: CSV to examples, statistics, schema and features; and what the runs after it do."""

from __future__ import annotations

import csv
import random
from pathlib import Path

import pytest

from penstock.artifacts import Examples
from penstock.data.examples import read_table
from penstock.data.row_removal import Values
from penstock.metadata import open_store
from penstock.orchestration.forgetting import forget, planned_removal
from penstock.orchestration.project import load_project
from penstock.orchestration.run import RunResult, run_project
from penstock.orchestration.workspace import Workspace

PIPELINE = """\
from penstock import Config, CsvExampleGen, Pipeline, SchemaGen, StatisticsGen

def create_pipeline(config: Config) -> Pipeline:
    with Pipeline(config.name) as pipeline:
        examples = CsvExampleGen(input_base=config.data.path, splits=config.data.splits).outputs["examples"]
        SchemaGen(statistics=StatisticsGen(examples=examples).outputs["statistics"])
    return pipeline
"""


def states(result: RunResult) -> dict[str, str]:
    return {node: outcome.state.value for node, outcome in result.nodes.items()}


def riders(result: RunResult) -> list[str]:
    """The riders that a run's examples tell of."""
    examples = Examples(result.nodes["CsvExampleGen"].outputs["examples"][0].uri)
    return [one for split in ("train", "eval") for one in read_table(examples, split)["rider"].to_pylist()]


def write(path: Path, rows: list[tuple[str, int]]) -> None:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([("rider", "fare"), *rows])


@pytest.mark.component
def test_a_pipeline_goes_on_without_the_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next run takes the copy and rebuilds what came from the rows.

    When they are gone from the CSV file too, its examples have the content of the copy, and nothing more is rebuilt.
    """
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    chance = random.Random(1)
    rows = [(f"rider-{chance.randint(1, 40)}", chance.randint(3, 90)) for _ in range(2000)]
    (tmp_path / "pipeline.py").write_text(PIPELINE)
    (tmp_path / "pipeline.yaml").write_text("name: toy\ndata: {path: trips.csv, splits: {train: 2, eval: 1}}\n")
    write(tmp_path / "trips.csv", rows)

    def run() -> RunResult:
        return run_project(load_project(tmp_path))

    first = run()
    expected = sum(rider == "rider-7" for rider, _ in rows)
    assert riders(first).count("rider-7") == expected > 10
    with open_store(f"sqlite:///{tmp_path}/.penstock/metadata.db") as store:
        workspace, values = Workspace(tmp_path / ".penstock"), Values(["rider-7"])
        planned = planned_removal(store, workspace, "rider", values)
        assert planned.rows == expected
        assert {one.node_id for one in planned.derived} == {"StatisticsGen", "SchemaGen"}
        assert [one.rows for one in planned.sources] == [expected]
        forget(store, workspace, planned, values)
    second = run()
    assert states(second) == {"CsvExampleGen": "reused", "StatisticsGen": "complete", "SchemaGen": "complete"}
    assert sorted(riders(second)) == sorted(rider for rider, _ in rows if rider != "rider-7")
    write(tmp_path / "trips.csv", [row for row in rows if row[0] != "rider-7"])
    third = run()
    assert states(third) == {"CsvExampleGen": "complete", "StatisticsGen": "reused", "SchemaGen": "reused"}
    assert sorted(riders(third)) == sorted(riders(second))
