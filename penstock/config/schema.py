"""What ``pipeline.yaml`` may hold, for validation at the edge and for the published JSON Schema."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

__all__ = ["PipelineFile"]

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$", max_length=100)]


def _share(value: Any) -> Any:
    if isinstance(value, str) and value.endswith("%"):
        try:
            return float(value[:-1]) / 100
        except ValueError:
            return value
    return value


def _iso(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def _date(value: Any) -> Any:
    """What YAML takes for a date is a span's name."""
    if value is None or type(value) in (int, str, date):
        return _iso(value)
    raise ValueError("a number or a date is expected")


def _paths(value: Any) -> Any:
    paths = list(value.values()) if isinstance(value, dict) else [value]
    if paths and all(isinstance(path, str) for path in paths):
        return value
    raise ValueError("a path is expected, or one for each split, {train: ..., eval: ...}")


class TimeSplitsSection(BaseModel):
    """Splits by time: all rows before the first start are in the split that has none."""

    model_config = ConfigDict(extra="forbid", title="split_by_time")

    column: Annotated[str, Field(description="Holds the times, as numbers since 1970 in UTC.")]
    starts: Annotated[
        dict[Name, Annotated[int | float | str, BeforeValidator(_iso)]],
        Field(min_length=1, description="When each split but the first begins: {eval: 2026-10-01}, or a number."),
    ]
    unit: Annotated[
        Literal["days", "s", "ms", "us", "ns"], Field(description="What the column counts: days, s, ms, us or ns.")
    ] = "s"


class DataSection(BaseModel):
    """What comes in."""

    model_config = ConfigDict(extra="forbid", title="data")

    path: Annotated[
        str | dict[Name, str],
        BeforeValidator(_paths),
        Field(
            description="A file, directory or pattern of input files, with {SPAN} and {VERSION} or {YYYY}, {MM} and "
            "{DD} where they come in spans; or one of these for each split: {train: ..., eval: ...}."
        ),
    ] = ""
    format: Annotated[
        str | None,
        Field(
            pattern="^(csv|parquet|jsonl|tfrecord|sql|bigquery)$",
            description="csv, parquet, jsonl, tfrecord, sql or bigquery; if not given, told from the end of `path`, "
            "else csv, or sql where there is a `url`.",
        ),
    ] = None
    url: Annotated[
        str,
        Field(
            description="In place of `path`: a database, as SQLAlchemy writes it: postgresql://me:${PASSWORD}@host/db."
        ),
    ] = ""
    query: Annotated[str, Field(description="What is asked of the database: SELECT ...")] = ""
    version_query: Annotated[
        str, Field(description="A query that returns something else when the data have changed: reuse needs it.")
    ] = ""
    splits: Annotated[
        dict[Name, Annotated[int, Field(ge=1, le=1_000_000)]],
        Field(min_length=1, description="Share of each split, as ratios: {train: 2, eval: 1}."),
    ] = {"train": 2, "eval": 1}
    types: Annotated[
        dict[str, str],
        Field(description="Declared types of columns: int, float, string, bool, timestamp[us], list<int>, ..."),
    ] = {}
    on_error: Annotated[
        Literal["fail", "skip"] | None,
        Field(
            description="What a row does that is not usable: fail (the default), or skip: it is left out and reported."
        ),
    ] = None
    max_skipped: Annotated[int | None, Field(ge=0, description="How many rows may be left out; 100 if not given.")] = (
        None
    )
    split_by: Annotated[
        list[str],
        Field(description="Columns whose values decide about a row's split: a key or a group; all columns if none."),
    ] = []
    split_by_time: Annotated[
        TimeSplitsSection | None,
        Field(description="The column of a row's time, and when each split but the first begins; in place of weights."),
    ] = None
    on_leak: Annotated[
        Literal["fail", "allow"] | None,
        Field(
            description="What it does that equal rows, or a group of `split_by`, lie in two splits that are given or "
            "by time: fail (the default), or allow."
        ),
    ] = None
    sample: Annotated[
        float | None,
        BeforeValidator(_share),
        Field(gt=0, le=1, description="The share of the rows that is kept, for quick runs: 0.01 or 1%."),
    ] = None
    span: Annotated[
        int | str | None,
        BeforeValidator(_date),
        Field(description="The span to read where `path` has {SPAN} or a date: 5 or 2026-11-21; the newest if none."),
    ] = None
    version: Annotated[
        int | None,
        Field(ge=0, description="The version to read where `path` has {VERSION}; the span's newest if none."),
    ] = None


class ProfileSection(BaseModel):
    """Where the pipeline runs."""

    model_config = ConfigDict(extra="forbid", title="profile")

    runner: Annotated[str, Field(pattern="^(local|kubeflow)$", description="local or kubeflow.")] = "local"
    pipeline_root: Annotated[
        str | None, Field(description="Where payloads and logs go: a directory or a bucket; .penstock if not given.")
    ] = None
    metadata: Annotated[
        str | None, Field(description="URL of the metadata store; sqlite:///.penstock/metadata.db if not given.")
    ] = None
    image: Annotated[str | None, Field(description="Container image of the nodes on a cluster.")] = None
    beam: Annotated[dict[str, Any], Field(description="Beam's pipeline options by name.")] = {}
    jobs: Annotated[
        int | None, Field(ge=1, description="How many nodes may run at once; one for each core if not given.")
    ] = None
    nodes: Annotated[
        dict[Name, dict[str, Any]], Field(description="How single nodes are run: the options of each, by its id.")
    ] = {}


class PipelineFile(BaseModel):
    """A pipeline.yaml. Sections besides name, data and profiles are ids of nodes with their parameters."""

    model_config = ConfigDict(extra="allow", title="pipeline.yaml")

    name: Name
    data: DataSection = DataSection()
    profiles: dict[Name, ProfileSection] = {}

    @model_validator(mode="before")
    @classmethod
    def _no_empty_sections(cls, values: Any) -> Any:
        if isinstance(values, dict):
            return {key: {} if value is None and key == "profiles" else value for key, value in values.items()}
        return values

    @classmethod
    def keys_at(cls, keys: tuple[Any, ...]) -> list[str]:
        """The keys that may stand inside the value at ``keys``."""
        sections: dict[str, type[BaseModel]] = {"data": DataSection, "profiles": ProfileSection}
        if keys[1:2] == ("split_by_time",):
            return list(TimeSplitsSection.model_fields)
        return list(sections.get(str(keys[0]) if keys else "", cls).model_fields)
