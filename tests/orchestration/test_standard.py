from __future__ import annotations

from pathlib import Path

import pytest

from penstock.errors import ConfigError
from penstock.orchestration.project import load_project
from penstock.orchestration.standard import config_schema


@pytest.mark.parametrize("key", ["splits: {train: 1}", "types: {a: int}", "input_base: b.csv"])
def test_what_the_section_data_says_is_said_once(tmp_path: Path, key: str) -> None:
    """A parameter of CsvExampleGen that `data` gives is refused in the component's section, with its place."""
    (tmp_path / "pipeline.yaml").write_text(f"name: p\ndata: {{path: a.csv}}\ncsv_example_gen:\n  {key}\n")
    name = key.partition(":")[0]
    with pytest.raises(ConfigError, match=rf"csv_example_gen\.{name} is written as data\.") as caught:
        load_project(tmp_path)
    assert (caught.value.line, caught.value.col) == (4, 3)
    assert name not in config_schema()["properties"]["csv_example_gen"]["properties"]


def test_the_schema_knows_the_options_of_nodes() -> None:
    """Under a profile, each node's options are held against theirs."""
    profile = config_schema()["$defs"]["ProfileSection"]["properties"]
    (options,) = profile["nodes"]["patternProperties"].values()
    assert options["additionalProperties"] is False
    assert options["properties"]["timeout"]["default"] is None


@pytest.mark.parametrize(
    ("data", "component"),
    [
        ("{path: a.csv.gz}", "CsvExampleGen"),
        ("{path: in}", "CsvExampleGen"),
        ("{path: 'in/*.parquet'}", "ParquetExampleGen"),
        ("{path: a.JSONL}", "JsonlExampleGen"),
        ("{path: in/data_tfrecord-00000-of-00001.gz}", "ImportExampleGen"),
        ("{path: tfrecord/in, format: parquet}", "ParquetExampleGen"),
        ("{url: 'sqlite:///a.db', query: SELECT 1}", "SqlExampleGen"),
        ("{format: bigquery, query: SELECT 1}\nbig_query_example_gen: {project: taxi}", "BigQueryExampleGen"),
    ],
)
def test_the_format_decides_what_reads_the_data(tmp_path: Path, data: str, component: str) -> None:
    """Written, or told from the end of the path; CSV if neither tells."""
    (tmp_path / "pipeline.yaml").write_text(f"name: p\ndata: {data}\n")
    assert component in load_project(tmp_path).pipeline.nodes


def test_an_unknown_format_is_refused(tmp_path: Path) -> None:
    """With its place."""
    (tmp_path / "pipeline.yaml").write_text("name: p\ndata: {path: a, format: orc}\n")
    with pytest.raises(ConfigError, match=r"data\.format") as caught:
        load_project(tmp_path)
    assert caught.value.line == 2


@pytest.mark.parametrize("written", ["1%", "0.01"])
def test_a_sample_is_a_share(tmp_path: Path, written: str) -> None:
    """As a percentage or a fraction; it is a parameter of the node that reads, and so part of its key."""
    (tmp_path / "pipeline.yaml").write_text(f"name: p\ndata: {{path: a.csv, sample: {written}, split_by: [a]}}\n")
    parameters = load_project(tmp_path).pipeline.nodes["CsvExampleGen"].parameters
    assert (parameters["sample"], parameters["split_by"]) == (0.01, ["a"])


@pytest.mark.parametrize("written", ["2", "0%", "few%", "-1"])
def test_a_sample_that_is_none(tmp_path: Path, written: str) -> None:
    """Refused with its place."""
    (tmp_path / "pipeline.yaml").write_text(f"name: p\ndata: {{path: a.csv, sample: {written}}}\n")
    with pytest.raises(ConfigError, match=r"data\.sample"):
        load_project(tmp_path)
