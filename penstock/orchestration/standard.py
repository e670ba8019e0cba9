"""The standard DAG: what a ``pipeline.yaml`` alone means, and the JSON Schema of such a file."""

from __future__ import annotations

import re
from typing import Any

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
from penstock.dsl import Component, Node, Pipeline
from penstock.errors import ConfigError

__all__ = ["STANDARD_COMPONENTS", "config_schema", "path_keys", "section_name", "standard_pipeline"]

# What reads each format of section `data`, and the ends of paths that tell it.
_EXAMPLE_GENS: dict[str, tuple[Component, str | None]] = {
    "csv": (CsvExampleGen, r"\.csv(\.gz|\.zst)?$"),
    "parquet": (ParquetExampleGen, r"\.(parquet|pq)$"),
    "jsonl": (JsonlExampleGen, r"\.(jsonl|ndjson|json)(\.gz|\.zst)?$"),
    "tfrecord": (ImportExampleGen, r"tfrecords?[^/]*$"),
    "sql": (SqlExampleGen, None),
    "bigquery": (BigQueryExampleGen, None),
}

STANDARD_COMPONENTS: tuple[Component, ...] = (
    *(one for one, _ in _EXAMPLE_GENS.values()),
    StatisticsGen,
    SchemaGen,
    ImportSchemaGen,
    LatestStatistics,
    ExampleValidator,
    LatestWindow,
    SpanWindow,
    Transform,
    Trainer,
    LatestBlessedModel,
    Evaluator,
    Pusher,
)


_READERS = [component for component, _ in _EXAMPLE_GENS.values()]

# What the section `data` gives to the component that reads it: its parameter, and the key there.
_FROM_DATA = {
    "input_base": "path",
    "url": "url",
    "query": "query",
    "version_query": "version_query",
    "splits": "splits",
    "types": "types",
    "on_error": "on_error",
    "max_skipped": "max_skipped",
    "split_by": "split_by",
    "sample": "sample",
    "split_by_time": "split_by_time",
    "on_leak": "on_leak",
    "span": "span",
    "version": "version",
}


def section_name(node_id: str) -> str:
    """The section of ``pipeline.yaml`` that belongs to a node.

    >>> section_name("CsvExampleGen")
    'csv_example_gen'
    """
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", node_id).lower()


def path_keys() -> list[str]:
    """The keys of ``pipeline.yaml`` whose values are paths, as the components' signatures say."""
    keys = ["data.path"]
    for component in STANDARD_COMPONENTS:
        section = section_name(component.name)
        keys += [f"{section}.{name}" for name, spec in component.parameters.items() if spec.kind]
    return keys


def standard_pipeline(config: Config) -> Pipeline:
    """The pipeline that a ``pipeline.yaml`` without a ``pipeline.py`` stands for.

    It is the one that `penstock eject` would write: ingest, statistics, schema, validation, transform, training,
    evaluation against the latest blessed model, push. Nodes after training are placed only if they are configured.
    """
    if not (config.data.path or config.data.query):
        raise ConfigError(
            "The key 'data.path' is missing: the standard pipeline starts from files, or from a query.",
            hint="Add data: {path: ...} or data: {url: ..., query: ...}, or write a pipeline.py beside this file.",
            path=str(config.path),
        )
    with Pipeline(config.name) as pipeline:
        examples = _ingest(config).outputs["examples"]
        if "import_schema_gen" in config.sections:
            schema = ImportSchemaGen(**config["import_schema_gen"]).outputs["schema"]
            generated = StatisticsGen(examples=examples, schema=schema, **config["statistics_gen"])
            statistics = generated.outputs["statistics"]
        else:
            statistics = StatisticsGen(examples=examples, **config["statistics_gen"]).outputs["statistics"]
            schema = SchemaGen(statistics=statistics, **config["schema_gen"]).outputs["schema"]
        earlier = LatestStatistics(other_than=statistics).outputs["statistics"]
        validator = ExampleValidator(
            statistics=statistics,
            schema=schema,
            baseline_statistics=earlier,
            examples=examples,
            **config["example_validator"],
        )
        if "span_window" in config.sections:
            window = LatestWindow(other_than=examples).outputs["window"]
            examples = (
                SpanWindow(examples=examples, earlier=window, **config["span_window"])
                .after(validator)
                .outputs["window"]
            )
        if "transform" not in config.sections:
            return pipeline
        transform = Transform(examples=examples, schema=schema, **config["transform"]).after(validator)
        if "trainer" not in config.sections:
            return pipeline
        model = Trainer(
            examples=transform.outputs["transformed_examples"],
            schema=schema,
            transform_graph=transform.outputs["transform_graph"],
            **config["trainer"],
        ).outputs["model"]
        if "evaluator" not in config.sections:
            return pipeline
        baseline = LatestBlessedModel(other_than=model).outputs["model"]
        blessing = Evaluator(examples=examples, model=model, baseline_model=baseline, **config["evaluator"]).outputs[
            "blessing"
        ]
        if "pusher" in config.sections:
            Pusher(model=model, model_blessing=blessing, **config["pusher"])
    return pipeline


def _ingest(config: Config) -> Node:
    """The node that reads what section `data` says."""
    component, _ = _EXAMPLE_GENS[config.data.format or _told(config)]
    section = section_name(component.name)
    for name in _FROM_DATA.keys() & config.sections.get(section, {}).keys():
        raise ConfigError(
            f"{section}.{name} is written as data.{_FROM_DATA[name]}.",
            hint="Move it there: it says what comes in, whichever component reads it.",
            key=f"{section}.{name}",
            **config.origin((section, name)).facts(),
        )
    given = {
        name: getattr(config.data, key)
        for name, key in _FROM_DATA.items()
        if getattr(config.data, key) not in (None, "", {}, [])
    }
    return component(**given, **config[section])


def _told(config: Config) -> str:
    """The format that is meant where none is written."""
    if config.data.url:
        return "sql"
    path = config.data.path
    first = (path if isinstance(path, str) else next(iter(path.values()), "")).lower()
    return next((name for name, (_, ends) in _EXAMPLE_GENS.items() if ends and re.search(ends, first)), "csv")


def config_schema() -> dict[str, Any]:
    """The JSON Schema of a ``pipeline.yaml`` of the standard pipeline, for editors and for people."""
    from pydantic import TypeAdapter

    from penstock.config.schema import PipelineFile
    from penstock.dsl.options import schema as options_schema

    schema = PipelineFile.model_json_schema()
    nodes = schema["$defs"]["ProfileSection"]["properties"]["nodes"]
    nodes["patternProperties"] = dict.fromkeys(nodes["patternProperties"], options_schema())
    for component in STANDARD_COMPONENTS:
        properties: dict[str, Any] = {}
        described = _described(component.doc)
        for name, spec in component.parameters.items():
            if component in _READERS and name in _FROM_DATA:
                continue
            properties[name] = TypeAdapter(spec.annotation).json_schema()
            schema.setdefault("$defs", {}).update(properties[name].pop("$defs", {}))
            inner = properties[name].get("description", "")
            properties[name]["description"] = f"{described.get(name, '')}\n\n{inner}".strip()
            if not spec.required:
                properties[name]["default"] = TypeAdapter(spec.annotation).dump_python(spec.default, mode="json")
        schema["properties"][section_name(component.name)] = {
            "type": "object",
            "title": component.name,
            "description": component.doc.split("\n", 1)[0],
            "properties": properties,
            "additionalProperties": False,
        }
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def _described(doc: str) -> dict[str, str]:
    """What a docstring's ``Args:`` say of each argument, in one line."""
    arguments = doc.partition("Args:\n")[2].partition("\n\n")[0]
    found: dict[str, str] = {}
    for name, text in re.findall(r"^ {4}(\w+): (.*(?:\n {8,}.*)*)", arguments, re.MULTILINE):
        found[name] = " ".join(text.split())
    return found
