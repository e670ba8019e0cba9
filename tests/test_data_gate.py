"""The gate of the data in whole runs of the standard pipeline: drift from the last data, and what stops a run.

Made-up trips that are written again, and the real ones as they come in, span by span.
"""

from __future__ import annotations

import copy
import csv
import shutil
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
    config = CONFIG.partition("example_validator")[0] + "import_schema_gen: {schema_file: schema.pbtxt}\n"
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


SPANS = """\
name: trips
data: {path: "data/span-{SPAN}/trips.csv"}
example_validator:
  drift: {payment_type: {linf: 0.05}, fare: {jensen_shannon: 0.05}, tips: {jensen_shannon: 0.05}}
"""

Trip = dict[str, str]


class Spans:
    """A project whose data come in span by span; each has its share of the real trips."""

    def __init__(self, directory: Path, trips: Path) -> None:
        with trips.open(newline="") as stream:
            rows = list(csv.DictReader(stream))
        order = np.random.default_rng(1).permutation(len(rows))
        self.directory = directory
        self._shares = np.array_split(order, 5)
        self._rows = rows
        self._number = 0
        directory.mkdir()
        (directory / "pipeline.yaml").write_text(SPANS)

    def copy(self, directory: Path) -> Spans:
        """The same project elsewhere, to go on with."""
        shutil.copytree(self.directory, directory)
        other = copy.copy(self)
        other.directory = directory
        return other

    def arrives(self, change: Callable[[Trip, int], None] = lambda trip, row: None, without: str = "") -> None:
        """Writes the next span: every trip as ``change`` leaves it, given its row, and without one column."""
        trips = [dict(self._rows[at]) for at in self._shares[self._number]]
        for row, trip in enumerate(trips):
            change(trip, row)
        self.write([{name: value for name, value in trip.items() if name != without} for trip in trips])

    def write(self, trips: list[Trip]) -> None:
        self._number += 1
        path = self.directory / f"data/span-{self._number}/trips.csv"
        path.parent.mkdir(parents=True)
        with path.open("w", newline="") as stream:
            writer = csv.DictWriter(stream, trips[0] if trips else self._rows[0])
            writer.writeheader()
            writer.writerows(trips)

    def run(self, *overrides: str) -> RunResult:
        return run_project(load_project(self.directory, overrides=overrides), isolation="exec")

    def command(self, *arguments: str) -> int:
        return main([*arguments, "-C", str(self.directory)])


@pytest.fixture(scope="module")
def two_spans(tmp_path_factory: pytest.TempPathFactory, taxi_csv: Path) -> Spans:
    """Two sound spans that have gone through, and the schema that was curated on them."""
    project = Spans(tmp_path_factory.mktemp("spans") / "trips", taxi_csv)
    project.arrives()
    assert failed(project.run()) == []
    assert project.command("schema", "infer") == 0
    config = SPANS + "import_schema_gen: {schema_file: schema.pbtxt}\n"
    (project.directory / "pipeline.yaml").write_text(config)
    project.arrives()
    if failed(project.run()):  # companies that the first span had not
        assert project.command("schema", "accept", "--yes") == 0
        assert failed(project.run()) == []
    return project


@pytest.fixture
def spans(two_spans: Spans, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Spans:
    """A copy of the two spans' project: a project that has moved is the same project."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return two_spans.copy(tmp_path / "trips")


def test_a_new_span_with_faults_stops_and_each_is_named(spans: Spans) -> None:
    """A vanished column, a new payment type, shifted fares and tips in cents: all told, and none let through."""

    def spoil(trip: Trip, row: int) -> None:
        trip["payment_type"] = "Crypto" if row % 5 == 0 else trip["payment_type"]
        trip["fare"] = f"{float(trip['fare'] or 0) * 1.8:.2f}"
        trip["tips"] = f"{float(trip['tips'] or 0) * 100:.1f}"

    spans.arrives(spoil, without="company")
    result = spans.run()
    examples = result.nodes["CsvExampleGen"]
    assert "span 3 is new, the last was 2" in examples.reason
    assert examples.outputs["examples"][0].properties["span"] == 3
    assert result.nodes["ExampleValidator"].blocked
    verdicts = [one for one in result.nodes["ExampleValidator"].verdicts if one.outcome == "fail"]
    told = {(one.check, one.subject): one.message for one in verdicts}
    assert "There is no such column" in told["SCHEMA_MISSING_COLUMN", "company"]
    assert "'Crypto' (20" in told["ENUM_TYPE_UNEXPECTED_STRING_VALUES", "payment_type"]
    assert "'Crypto' is 0.0 % in the earlier" in told["drift linf", "payment_type"]
    assert "are distributed otherwise than in the earlier" in told["drift jensen_shannon", "fare"]
    assert "are distributed otherwise than in the earlier" in told["drift jensen_shannon", "tips"]
    assert spans.run().nodes["ExampleValidator"].blocked


def test_a_span_goes_through_once_what_is_new_in_it_is_accepted_with_a_reason(spans: Spans) -> None:
    """The reason stands in the schema, and the next span may have the new payment type too."""

    def with_crypto(trip: Trip, row: int) -> None:
        trip["payment_type"] = "Crypto" if row % 50 == 0 else trip["payment_type"]

    spans.arrives(with_crypto)
    assert ("ENUM_TYPE_UNEXPECTED_STRING_VALUES", "payment_type") in failed(spans.run())
    assert spans.command("schema", "accept", "--yes", "--reason", "Paid in coins\nsince May.") == 0
    assert "payment_type" in (comment := (spans.directory / "schema.pbtxt").read_text().splitlines()[-1])
    assert comment.endswith(": Paid in coins since May.")
    assert "Crypto" in (spans.directory / "schema.pbtxt").read_text()
    passed = spans.run()
    assert failed(passed) == []
    assert passed.nodes["CsvExampleGen"].state.value == "reused"


def test_an_empty_span_stops_the_run_and_one_of_before_can_be_asked_for(spans: Spans) -> None:
    """A file without rows, and a directory without files, are no data; nor is an older span taken for them."""
    spans.write([])
    error = spans.run().nodes["CsvExampleGen"].error
    assert error is not None
    assert "no row below it" in str(error)
    (spans.directory / "data/span-4").mkdir()
    error = spans.run().nodes["CsvExampleGen"].error
    assert error is not None
    assert "span-4/trips.csv" in str(error)
    assert set(states(spans.run("data.span=2")).values()) == {"reused"}


def test_a_window_has_the_spans_that_went_through(spans: Spans) -> None:
    """A span that was held back is in no window, then or later; an unchanged run is all reuse; a sample is apart."""
    config = spans.directory / "pipeline.yaml"
    config.write_text(config.read_text() + "span_window: {num_spans: 3}\n")

    def window(*overrides: str) -> str:
        return spans.run(*overrides).nodes["SpanWindow"].note.partition(":")[0]

    loose = "example_validator.drift={}"
    assert window("data.span=1") == "3,001 rows of 1 span (1) of the 3 asked for"
    assert window() == "6,002 rows of 2 spans (1, 2) of the 3 asked for"
    assert set(states(spans.run()).values()) == {"reused"}
    spans.arrives(without="company")
    held_back = spans.run()
    assert held_back.nodes["SpanWindow"].state.value == "skipped"
    spans.arrives()
    result = spans.run("example_validator.gate=warn", loose)
    assert result.nodes["SpanWindow"].note == "9,002 rows of 3 spans (1, 2, 4)"
    assert "of 1 span (4)" in window("data.sample=10%", "example_validator.gate=warn", loose)
