"""The gate of the data in whole runs of the standard pipeline: drift from the last data, and what stops a run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from penstock.cli.root import main
from penstock.orchestration.project import load_project
from penstock.orchestration.run import RunResult, run_project

pytestmark = pytest.mark.component

Run = Callable[..., RunResult]

CONFIG = """\
name: trips
data: {path: trips.csv, splits: {train: 2, eval: 1}}
example_validator:
  drift: {pay: {linf: 0.1}, fare: {jensen_shannon: 0.1}}
"""


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Writes trips, of which a share is paid in cash, and runs the pipeline on them."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    (tmp_path / "pipeline.yaml").write_text(CONFIG)

    def run_(*overrides: str, cash: float = 0.5, scale: float = 1.0, rows: int = 3000, seed: int = 0) -> RunResult:
        random = np.random.default_rng(seed)
        fares = random.lognormal(2.5, 0.5, rows) * scale
        pay = np.where(random.random(rows) < cash, "Cash", "Card")
        lines = [f"{fare:.2f},{how}" for fare, how in zip(fares, pay, strict=True)]
        (tmp_path / "trips.csv").write_text("\n".join(["fare,pay", *lines, ""]))
        return run_project(load_project(tmp_path, overrides=overrides), isolation="exec")

    return run_


def states(result: RunResult) -> dict[str, str]:
    return {node: outcome.state.value for node, outcome in result.nodes.items()}


def failed(result: RunResult) -> list[tuple[str, str]]:
    assert result.nodes["ExampleValidator"].state.value in ("complete", "reused")
    verdicts = result.nodes["ExampleValidator"].verdicts
    return [(verdict.check, verdict.subject) for verdict in verdicts if verdict.outcome == "fail"]


def test_drift_is_measured_from_the_last_data_that_passed(run: Run) -> None:
    """Unchanged data is all reuse; drifted data blocks, again and again, and is never what later data is held to."""
    first = run()
    assert set(states(first).values()) == {"complete"}
    assert {verdict.outcome for verdict in first.nodes["ExampleValidator"].verdicts} == {"pass", "undefined"}
    assert set(states(run()).values()) == {"reused"}

    fresh = run(seed=1)
    assert failed(fresh) == []
    assert {v.outcome for v in fresh.nodes["ExampleValidator"].verdicts if v.check.startswith("drift")} == {"pass"}
    assert set(states(run(seed=1)).values()) == {"reused"}

    drifted = run(seed=2, cash=0.8, scale=100)
    assert failed(drifted) == [("drift linf", "pay"), ("drift jensen_shannon", "fare")] * 2
    assert failed(run(seed=3, cash=0.8, scale=100)) == failed(drifted)
    passed = run("example_validator.gate=warn", seed=3, cash=0.8, scale=100)
    assert not passed.nodes["ExampleValidator"].blocked
    assert failed(run(seed=4, cash=0.8, scale=100)) == []


def test_a_blocked_run_passes_once_its_changes_are_accepted(run: Run, tmp_path: Path) -> None:
    """Wrong cents are held back with their rows; the schema's diff is shown, written, and the next run goes through."""
    run()
    assert main(["schema", "infer", "-C", str(tmp_path)]) == 0
    path = tmp_path / "schema.pbtxt"
    text = path.read_text().replace('name: "fare"', 'name: "fare"  # dollars\n  float_domain { max: 200 }', 1)
    path.write_text("# Ours.\n" + text)
    config = CONFIG.partition("example_validator")[0] + "schema_gen: {schema_file: schema.pbtxt}\n"
    (tmp_path / "pipeline.yaml").write_text(config)
    assert failed(run(seed=1)) == []
    cents = run(seed=1, scale=100)
    assert failed(cents) == [("FLOAT_TYPE_BIG_FLOAT", "fare")]
    assert "First in rows" in cents.nodes["ExampleValidator"].verdicts[0].message
    assert main(["schema", "accept", "fare", "--dry-run", "-C", str(tmp_path)]) == 0
    assert path.read_text() == "# Ours.\n" + text
    assert main(["schema", "accept", "far", "--yes", "-C", str(tmp_path)]) == 2
    assert main(["schema", "accept", "fare", "--yes", "-C", str(tmp_path)]) == 0
    assert path.read_text().startswith("# Ours.\n")
    assert "# dollars" in path.read_text()
    assert failed(run(seed=1, scale=100)) == []
