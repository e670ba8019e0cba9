"""Penstock: end-to-end machine learning pipelines, from raw files to a pushed model.

A pipeline is a graph of components; `penstock run` runs it, reuses what has not changed, and records every artifact::

    from penstock import Config, CsvExampleGen, Pipeline, SchemaGen, StatisticsGen

    def create_pipeline(config: Config) -> Pipeline:
        with Pipeline(config.name) as pipeline:
            examples = CsvExampleGen(input_base=config.data.path, splits=config.data.splits).outputs["examples"]
            statistics = StatisticsGen(examples=examples).outputs["statistics"]
            SchemaGen(statistics=statistics)
        return pipeline

A component of your own is a function whose signature names its inputs, outputs and parameters: see `component`.
"""

from __future__ import annotations

import importlib
import typing

from penstock.artifacts import (
    HTML,
    Artifact,
    ExampleAnomalies,
    Examples,
    ExampleStatistics,
    HyperParameters,
    InferenceResult,
    InfraBlessing,
    Markdown,
    Model,
    ModelBlessing,
    ModelEvaluation,
    ModelRun,
    PushedModel,
    Schema,
    TransformGraph,
)
from penstock.components import (
    BigQueryExampleGen,
    CsvExampleGen,
    Evaluator,
    ExampleValidator,
    ImportExampleGen,
    ImportSchemaGen,
    JsonlExampleGen,
    LatestBlessedModel,
    LatestStatistics,
    LatestWindow,
    ParquetExampleGen,
    Pusher,
    SchemaGen,
    SpanWindow,
    SqlExampleGen,
    StatisticsGen,
    Trainer,
    Transform,
)
from penstock.config import Config
from penstock.dsl import Context, Destination, Input, InputPath, ModuleFile, Output, Pipeline, component, data_file
from penstock.errors import PenstockError
from penstock.gates import Verdict
from penstock.version import __version__

if typing.TYPE_CHECKING:
    from penstock.data.examples import read_table
    from penstock.ui.notebook import latest_run, run

__all__ = [
    "HTML",
    "Artifact",
    "BigQueryExampleGen",
    "Config",
    "Context",
    "CsvExampleGen",
    "Destination",
    "Evaluator",
    "ExampleAnomalies",
    "ExampleStatistics",
    "ExampleValidator",
    "Examples",
    "HyperParameters",
    "ImportExampleGen",
    "ImportSchemaGen",
    "InferenceResult",
    "InfraBlessing",
    "Input",
    "InputPath",
    "JsonlExampleGen",
    "LatestBlessedModel",
    "LatestStatistics",
    "LatestWindow",
    "Markdown",
    "Model",
    "ModelBlessing",
    "ModelEvaluation",
    "ModelRun",
    "ModuleFile",
    "Output",
    "ParquetExampleGen",
    "PenstockError",
    "Pipeline",
    "PushedModel",
    "Pusher",
    "Schema",
    "SchemaGen",
    "SpanWindow",
    "SqlExampleGen",
    "StatisticsGen",
    "Trainer",
    "Transform",
    "TransformGraph",
    "Verdict",
    "__version__",
    "component",
    "data_file",
    "latest_run",
    "read_table",
    "run",
]


def __getattr__(name: str) -> typing.Any:
    if name == "read_table":  # needs pyarrow, which not every import of this package should pay for
        from penstock.data.examples import read_table

        return read_table
    if name in {"latest_run", "run"}:  # these open stores
        return getattr(importlib.import_module("penstock.ui.notebook"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def load_ipython_extension(shell: typing.Any) -> None:
    """Has IPython show artifacts, runs and components as views: what ``%load_ext penstock`` calls."""
    importlib.import_module("penstock.ui.notebook").register(shell)
