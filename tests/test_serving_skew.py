"""Skew between what a model is trained on and what it is asked: a second ExampleGen reads the served data."""

from __future__ import annotations

from pathlib import Path

import pytest

from penstock.orchestration.project import load_project
from penstock.orchestration.run import RunResult, run_project

pytestmark = pytest.mark.component

PIPELINE = """\
from penstock import Config, CsvExampleGen, ExampleValidator, ImportSchemaGen, Pipeline, StatisticsGen


def create_pipeline(config: Config) -> Pipeline:
    with Pipeline(config.name) as pipeline:
        schema = ImportSchemaGen(schema_file="schema.pbtxt").outputs["schema"]
        examples = CsvExampleGen(input_base="trips.csv", splits={"train": 2, "eval": 1}).outputs["examples"]
        statistics = StatisticsGen(examples=examples, schema=schema).outputs["statistics"]
        served = CsvExampleGen(input_base="served.csv", splits={"serving": 1}, node_id="Served").outputs["examples"]
        seen = StatisticsGen(examples=served, schema=schema, node_id="ServedStatistics").outputs["statistics"]
        ExampleValidator(statistics=statistics, schema=schema, serving_statistics=seen)
    return pipeline
"""
SCHEMA = """\
feature { name: "pay" type: BYTES presence { min_fraction: 1 } skew_comparator { infinity_norm { threshold: 0.1 } } }
feature { name: "tip" type: FLOAT presence { min_fraction: 1 } }
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Trips half paid in cash, with the label; what is served has none."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    (tmp_path / "pipeline.yaml").write_text("name: trips\n")
    (tmp_path / "pipeline.py").write_text(PIPELINE)
    (tmp_path / "schema.pbtxt").write_text(SCHEMA)
    rows = [f"{'Cash' if at % 2 else 'Card'},{at}.5" for at in range(3000)]
    (tmp_path / "trips.csv").write_text("\n".join(["pay,tip", *rows, ""]))
    return tmp_path


def serve(project: Path, cash: int) -> RunResult:
    rows = ["Cash" if at % 10 < cash else "Card" for at in range(2000)]
    (project / "served.csv").write_text("\n".join(["pay", *rows, ""]))
    return run_project(load_project(project), isolation="exec")


def test_skew_is_measured_between_training_and_served_data(project: Path) -> None:
    """What is served as it was trained on passes; otherwise the run is held, with the bound that would let it pass."""
    verdicts = serve(project, cash=5).nodes["ExampleValidator"].verdicts
    assert [verdict.outcome for verdict in verdicts if verdict.check.startswith("skew")] == ["pass"]
    skewed = serve(project, cash=9).nodes["ExampleValidator"]
    (verdict,) = (verdict for verdict in skewed.verdicts if verdict.outcome == "fail")
    assert (verdict.check, verdict.subject) == ("skew linf", "pay")
    assert 0.3 < (verdict.observed or 0) < 0.5
    assert any("threshold" in line for line in verdict.evidence["schema_change"])
    assert skewed.blocked
