"""Components on the real engines: Flink and Spark inside Beam's job servers, each worker a process of its own."""

from __future__ import annotations

import json
from pathlib import Path

import apache_beam as beam
import pytest
from tensorflow_metadata.proto.v0 import statistics_pb2

from penstock.artifacts import Examples, ExampleStatistics
from penstock.data.examples import read_table, row_groups
from penstock.data_validation.files import read_statistics
from penstock.dsl import Context
from penstock.errors import DataError, UsageError, UserCodeError
from penstock.events import RunState
from penstock.orchestration.run import RunResult
from tests.conformance_engines.conftest import PARALLELISM, EngineProject

pytestmark = [pytest.mark.conformance, pytest.mark.timeout(1200)]


def output(result: RunResult, node: str, name: str) -> str:
    """Where a node left an output."""
    assert result.state is RunState.COMPLETE, {key: outcome.error for key, outcome in result.nodes.items()}
    return result.nodes[node].outputs[name][0].uri


@pytest.fixture(scope="module")
def here(project: EngineProject) -> RunResult:
    """The run in the nodes' own processes."""
    return project.run("here", "StatisticsGen")


@pytest.fixture(scope="module")
def there(project: EngineProject) -> RunResult:
    """The run on the engine."""
    return project.run("engine", "StatisticsGen", "See")


def test_ingest_writes_the_same_rows(here: RunResult, there: RunResult) -> None:
    """CsvExampleGen on the engine and on threads leave the same bytes."""
    ours, theirs = (Examples(output(run, "CsvExampleGen", "examples")) for run in (here, there))
    for split in ("train", "eval"):
        files, others = ours.files(split), theirs.files(split)
        assert [file.name for file in files] == [file.name for file in others]
        assert [file.read_bytes() for file in files] == [file.read_bytes() for file in others]
        assert read_table(theirs, split).num_rows > 4000


def test_statistics_are_those_of_one_process(here: RunResult, there: RunResult) -> None:
    """Counts, extremes, histograms and rankings are equal to the last bit, moments to 1e-9 of the numbers' size."""
    ours, theirs = (ExampleStatistics(output(run, "StatisticsGen", "statistics")) for run in (here, there))
    for split in ("train", "eval"):
        expected, found = (read_statistics(statistics, split) for statistics in (ours, theirs))
        assert found.num_examples == expected.num_examples > 4000
        for one, other in zip(expected.features, found.features, strict=True):
            equal_but_for_order(one, other)


def equal_but_for_order(one: statistics_pb2.FeatureNameStatistics, other: statistics_pb2.FeatureNameStatistics) -> None:
    """Fails unless only moments differ, and those by what the order of merging changes."""
    size = max(abs(one.num_stats.min), abs(one.num_stats.max))
    for moment in ("mean", "std_dev"):
        expected = getattr(one.num_stats, moment)
        assert getattr(other.num_stats, moment) == pytest.approx(expected, rel=1e-9, abs=1e-9 * size)
        if one.HasField("num_stats"):
            one.num_stats.ClearField(moment)
            other.num_stats.ClearField(moment)
    assert one == other


def test_the_work_is_shared_out(there: RunResult) -> None:
    """Every row is seen once, in bundles on workers that are processes of their own, as many as were asked for."""
    bundles = [
        json.loads(path.read_text())
        for path in Path(output(there, "See", "seen")).iterdir()
        if path.name != "manifest.json"
    ]
    working = [bundle for bundle in bundles if bundle["rows"]]
    assert len({bundle["process"] for bundle in working}) == PARALLELISM
    examples = Examples(output(there, "Regroup", "regrouped"))
    groups = row_groups(examples, "train")
    assert len(groups) > PARALLELISM
    assert sorted(rows for bundle in bundles for rows in bundle["rows"]) == sorted(2 * group.rows for group in groups)


def test_errors_of_a_worker_are_told_as_they_were_raised(project: EngineProject) -> None:
    """An error of ours arrives with hint and facts, one of the user's with their own line first."""
    result = project.run("engine", "refuse", "stumble")
    refused, stumbled = result.nodes["Refuse"].error, result.nodes["Stumble"].error
    assert isinstance(refused, DataError)
    assert (refused.message, refused.hint) == ("No row is good enough.", "Bring better ones.")
    assert (refused.path, refused.row, refused.node) == ("trips.csv", 7, "Refuse")
    assert isinstance(stumbled, UserCodeError)
    assert stumbled.cause == "ZeroDivisionError"
    lines = (project.directory / "pipeline.py").read_text().splitlines()
    assert stumbled.frames[0]["path"] == str(project.directory / "pipeline.py")
    assert lines[stumbled.frames[0]["line"] - 1].strip() == "return batch.num_rows / 0"


# Beam leaves the pipe from Java's output open, which in a node is closed with its process.
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
def test_options_of_the_job_server_are_asked_of_it(project: EngineProject, tmp_path: Path) -> None:
    """What only the job server knows is passed on; a name that it does not know either is an error before the job."""
    context = Context(temp_dir=tmp_path, beam_options={**project.beam, "enable_sparc_metric_sinks": True})
    with pytest.raises(UsageError, match="has no option 'enable_sparc_metric_sinks'"), context.beam() as pipeline:
        _ = pipeline | beam.Create([1])
    context.close()
