from __future__ import annotations

import json
from pathlib import Path

import pytest
from tensorflow_metadata.proto.v0 import statistics_pb2

from penstock.metadata import open_store
from penstock.metadata.records import NewArtifact, RunRecord
from tests.cli.conftest import Invoke, Stored

SCHEMA = 'feature { name: "fare" type: FLOAT presence { min_fraction: 1 } }'


@pytest.fixture
def project(tmp_path: Path) -> tuple[Path, dict[str, int]]:
    """A store with statistics and schemas of two runs; their ids by name."""
    root = tmp_path / "project"
    root.mkdir()
    (root / "pipeline.yaml").write_text("name: toy\ndata: {path: trips.csv}\n")
    ids = {}
    with open_store(f"sqlite:///{root}/.penstock/metadata.db") as store:
        for run in ("r1", "r2"):
            store.begin_run(RunRecord(run, "toy"))
            files = {
                "ExampleStatistics": ("Split-train/FeatureStats.pb", statistics(run)),
                "Schema": ("schema.pbtxt", SCHEMA.replace("FLOAT", "INT" if run == "r2" else "FLOAT").encode()),
            }
            for type_name, (name, content) in files.items():
                file = root / run / type_name / name
                file.parent.mkdir(parents=True)
                file.write_bytes(content)
                lease = store.begin_execution(run, type_name, type_name)
                new = NewArtifact(type_name, str(root / run / type_name))
                ids[f"{type_name} {run}"] = store.publish(lease, outputs={"made": [new]})["made"][0].id
    return root, ids


def statistics(run: str) -> bytes:
    """Statistics of a column of numbers, and of strings of which one is new in the second run."""
    proto = statistics_pb2.DatasetFeatureStatistics(name="train", num_examples=8)
    numbers = proto.features.add(name="fare", type="FLOAT").num_stats
    numbers.common_stats.num_non_missing = numbers.common_stats.tot_num_values = 8
    numbers.mean = 12345678.0
    for kind in ("STANDARD", "QUANTILES"):
        histogram = numbers.histograms.add(type=kind)
        for low, count in enumerate((1, 0, 7)):
            histogram.buckets.add(low_value=low, high_value=low + 1, sample_count=count)
    strings = proto.features.add(name="payment", type="STRING").string_stats
    strings.common_stats.num_non_missing = strings.common_stats.tot_num_values = 8
    strings.unique = 1
    strings.rank_histogram.buckets.add(label="Cash" if run == "r1" else "\x1b[31mCrypto", sample_count=8)
    return statistics_pb2.DatasetFeatureStatisticsList(datasets=[proto]).SerializeToString()


def test_statistics_are_a_table_with_histograms(invoke: Invoke, project: tuple[Path, dict[str, int]]) -> None:
    """Numbers and strings are rows with bars made of letters; columns that are empty are left out."""
    root, ids = project
    out = invoke("artifacts", "show", ids["ExampleStatistics r1"], "-C", root).stdout
    [header, fare, *_] = out.partition("\nNumbers\n")[2].splitlines()
    assert header.split() == [
        "column",
        "type",
        "count",
        "missing",
        "mean",
        "std",
        "dev",
        "zeros",
        "min",
        "median",
        "max",
        "histogram",
    ]
    assert fare.split()[:5] == ["fare", "FLOAT", "8", "0", "%"]
    assert "1.235e7" in fare
    assert fare.endswith("▁ █")
    assert "Cash 100 %" in out


def test_what_a_view_holds_is_json(invoke: Invoke, project: tuple[Path, dict[str, int]]) -> None:
    """--json gives the record with the view's model in it; an artifact without a view has none."""
    root, ids = project
    shown = json.loads(invoke("artifacts", "show", ids["Schema r1"], "--json", "-C", root).stdout)
    assert shown["uri"].endswith("r1/Schema")
    assert shown["view"]["model"]["features"][0]["name"] == "fare"


def test_an_artifact_becomes_a_page(invoke: Invoke, project: tuple[Path, dict[str, int]], tmp_path: Path) -> None:
    """--html writes one page and prints nothing; where it cannot be written, or there is no view, that is an error."""
    root, ids = project
    page = tmp_path / "page.html"
    result = invoke("artifacts", "show", ids["Schema r1"], "--html", page, "-C", root)
    assert (result.exit_code, result.stdout) == (0, "")
    assert page.read_text().startswith("<!doctype html>")
    result = invoke("artifacts", "show", ids["Schema r1"], "--html", tmp_path / "no" / "page.html", "-C", root)
    assert result.exit_code == 2
    assert "cannot be written" in result.stderr


def test_a_type_without_a_view_has_no_page(invoke: Invoke, stored: Stored, tmp_path: Path) -> None:
    """A model has no view yet; a payload that is none of its type's is told, and its facts are shown."""
    result = invoke("artifacts", "show", stored.ids["Train"], "--html", tmp_path / "x.html", "-C", stored.directory)
    assert result.exit_code == 2
    assert "no view" in result.stderr
    result = invoke("artifacts", "show", stored.ids["Count"], "-C", stored.directory)
    assert result.exit_code == 0
    assert "It cannot be shown: The payload has no splits." in result.stdout


def test_two_artifacts_are_compared(
    invoke: Invoke, project: tuple[Path, dict[str, int]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The most drifted column comes first; as JSON and as a page too; hostile values do nothing to the terminal."""
    root, ids = project
    monkeypatch.setenv("COLUMNS", "160")
    pair = (ids["ExampleStatistics r1"], ids["ExampleStatistics r2"])
    out = invoke("artifacts", "diff", *pair, "-C", root).stdout
    assert out.startswith(f"ExampleStatistics {pair[0]} against ExampleStatistics {pair[1]}\n")
    assert "\x1b" not in out
    assert [line.split()[-1] for line in out.splitlines() if line.startswith("  payment") and "Crypto" in line] == [
        "1.000"
    ]
    value = json.loads(invoke("artifacts", "diff", *pair, "--json", "-C", root).stdout)
    assert [one["name"] for one in value["model"]["columns"]] == ["payment", "fare"]
    assert value["type"] == "ExampleStatistics"
    assert invoke("artifacts", "diff", *pair, "--html", tmp_path / "x.html", "-C", root).exit_code == 0
    assert "penstock-view" in (tmp_path / "x.html").read_text()
    out = invoke("artifacts", "diff", ids["Schema r1"], ids["Schema r2"], "-C", root).stdout
    assert any(line.split() == ["fare", "type", "FLOAT", "INT"] for line in out.splitlines())
    same = invoke("artifacts", "diff", ids["Schema r1"], ids["Schema r1"], "-C", root).stdout
    assert "Nothing differs." in same


def test_two_types_are_not_compared(invoke: Invoke, project: tuple[Path, dict[str, int]]) -> None:
    """A schema against statistics is a usage error."""
    root, ids = project
    result = invoke("artifacts", "diff", ids["Schema r1"], ids["ExampleStatistics r1"], "-C", root)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "different types" in result.stderr
