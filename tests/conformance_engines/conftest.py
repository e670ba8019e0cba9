"""A project that runs on a real engine: its nodes in processes of their own, their Beam pipelines on Flink or Spark."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from penstock.orchestration.project import load_project
from penstock.orchestration.run import RunResult, run_project
from tests.conformance_engines.engines import NotHereError, job_server

PARALLELISM = 2

PIPELINE = '''\
from __future__ import annotations

import json
import os
import threading
import uuid
from pathlib import Path

import apache_beam as beam

from helper import doubled
from penstock import Config, Context, CsvExampleGen, Examples, HTML, Input, Output, Pipeline, StatisticsGen, component
from penstock.data.beam_io import ReadRowGroups
from penstock.data.examples import read_table, row_groups, write_split
from penstock.errors import DataError


@component
def Regroup(examples: Input[Examples], regrouped: Output[Examples], *, rows: int = 1000) -> None:
    """The same rows in small row groups, so that there is something to share out."""
    for split in examples.splits:
        table = read_table(examples, split).combine_chunks()
        write_split(regrouped, split, table.to_batches(max_chunksize=rows), table.schema)
    regrouped.splits = list(examples.splits)


class Seen(beam.DoFn):
    def __init__(self, directory: str) -> None:
        self.directory = directory

    def start_bundle(self) -> None:
        self.rows: list[int] = []

    def process(self, batch) -> None:
        self.rows.append(doubled(batch.num_rows))

    def finish_bundle(self) -> None:
        seen = {"process": os.getpid(), "thread": threading.get_ident(), "rows": self.rows}
        Path(self.directory, uuid.uuid4().hex).write_text(json.dumps(seen))


@component
def See(examples: Input[Examples], seen: Output[HTML], *, ctx: Context) -> None:
    """Leaves a file for every bundle that held rows."""
    with ctx.beam() as pipeline:
        batches = pipeline | ReadRowGroups(row_groups(examples, "train"))
        batches | beam.ParDo(Seen(str(seen.path())))


def refuse(batch):
    raise DataError("No row is good enough.", hint="Bring better ones.", path="trips.csv", row=7)


def stumble(batch):
    return batch.num_rows / 0


@component
def Fail(examples: Input[Examples], never: Output[HTML], *, how: str, ctx: Context) -> None:
    """Fails on a worker."""
    with ctx.beam() as pipeline:
        pipeline | ReadRowGroups(row_groups(examples, "train")) | beam.Map({"refuse": refuse, "stumble": stumble}[how])


def create_pipeline(config: Config) -> Pipeline:
    with Pipeline(config.name) as pipeline:
        examples = CsvExampleGen(input_base=config.data.path, splits=config.data.splits).outputs["examples"]
        regrouped = Regroup(examples=examples).outputs["regrouped"]
        wanted = config["tests"]["nodes"]
        if "StatisticsGen" in wanted:
            StatisticsGen(examples=regrouped)
        if "See" in wanted:
            See(examples=regrouped)
        for how in ("refuse", "stumble"):
            if how in wanted:
                Fail(examples=regrouped, how=how, node_id=how.capitalize())
    return pipeline
'''


@dataclass
class EngineProject:
    """A project with two profiles: ``here``, in the nodes' own processes, and ``engine``."""

    directory: Path
    beam: Mapping[str, Any]

    def run(self, profile: str, *nodes: str) -> RunResult:
        """Runs the ingest and the nodes named; each profile has its own store, so that neither reuses the other's."""
        project = load_project(self.directory, profile=profile, overrides=[f"tests.nodes=[{', '.join(nodes)}]"])
        return run_project(project, isolation="exec", jobs=1)


def written(directory: Path, data: Path, beam: Mapping[str, Any]) -> EngineProject:
    """A project with these Beam options in its pipeline.yaml."""
    directory.mkdir()
    places = {name: {"pipeline_root": name, "metadata": f"sqlite:///{name}/metadata.db"} for name in ("here", "engine")}
    config = {
        "name": "engines",
        "data": {"path": str(data)},
        "tests": {"nodes": []},
        "profiles": {"here": places["here"], "engine": {**places["engine"], "beam": dict(beam)}},
    }
    with (directory / "pipeline.yaml").open("w") as file:
        YAML().dump(config, file)
    (directory / "pipeline.py").write_text(PIPELINE)
    (directory / "helper.py").write_text("def doubled(number):\n    return 2 * number\n")
    return EngineProject(directory, beam)


def engine_options(name: str) -> dict[str, Any]:
    """The Beam options that run a pipeline on an engine inside its job server; skips where it cannot be had."""
    try:
        jar = str(job_server(name))
    except NotHereError as error:
        pytest.skip(str(error))
    common = {
        "parallelism": PARALLELISM,
        # Each worker in a process of its own, as on a cluster: nothing is found in memory or in sys.modules.
        "experiments": ["use_loopback_process_worker"],
        "sdk_worker_parallelism": PARALLELISM,
    }
    if name == "flink":
        return {
            "runner": "FlinkRunner",
            "flink_version": "1.19",
            "flink_master": "[local]",
            "flink_job_server_jar": jar,
            **common,
        }
    return {
        "runner": "SparkRunner",
        "spark_master_url": f"local[{PARALLELISM}]",
        "spark_job_server_jar": jar,
        **common,
    }


@pytest.fixture(scope="module", params=["flink", "spark"])
def project(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, taxi_csv: Path
) -> Iterator[EngineProject]:
    """The taxi trips on a real engine."""
    options = engine_options(request.param)
    directory = tmp_path_factory.mktemp(request.param)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(directory / "state"))
        # Beam starts workers as `python`.
        patch.setenv("PATH", os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
        yield written(directory / "project", taxi_csv, options)
