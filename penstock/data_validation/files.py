"""Reading and writing the files of statistics, schemas and anomalies, ``tensorflow_metadata``'s formats."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from google.protobuf import text_format
from google.protobuf.message import DecodeError
from tensorflow_metadata.proto.v0 import anomalies_pb2, schema_pb2, statistics_pb2

from penstock.artifacts import ExampleAnomalies, ExampleStatistics, Schema
from penstock.errors import DataError, UsageError, did_you_mean

__all__ = [
    "ANOMALIES_FILE",
    "STATISTICS_FILE",
    "parse_schema",
    "read_anomalies",
    "read_schema",
    "read_sliced_statistics",
    "read_statistics",
    "schema_text",
    "write_anomalies",
    "write_schema",
]

STATISTICS_FILE: Final = "FeatureStats.pb"
ANOMALIES_FILE: Final = "SchemaDiff.pb"

_WHOLE: Final = ("All Examples", "")
"""Names under which other tools keep the statistics of the whole beside those of slices."""


def read_statistics(statistics: ExampleStatistics, split: str) -> statistics_pb2.DatasetFeatureStatistics:
    """The statistics of one split as a whole.

    Raises:
        DataError: There is no such split, or its file is not one of statistics.
    """
    whole, _ = read_sliced_statistics(statistics, split)
    return whole


def read_sliced_statistics(
    statistics: ExampleStatistics, split: str
) -> tuple[statistics_pb2.DatasetFeatureStatistics, list[statistics_pb2.DatasetFeatureStatistics]]:
    """The statistics of one split as a whole, and those of its slices.

    Raises:
        DataError: As `read_statistics`.
    """
    path = statistics.split_path(split, STATISTICS_FILE)
    datasets = _read(path, statistics_pb2.DatasetFeatureStatisticsList()).datasets
    if not datasets:
        raise DataError("The file holds no statistics.", hint="Run StatisticsGen again.", path=str(path))
    place = next((at for at, dataset in enumerate(datasets) if dataset.name in (split, *_WHOLE)), 0)
    return datasets[place], [dataset for at, dataset in enumerate(datasets) if at != place]


def read_anomalies(anomalies: ExampleAnomalies, split: str) -> anomalies_pb2.Anomalies:
    """The anomalies of one split."""
    return _read(anomalies.split_path(split, ANOMALIES_FILE), anomalies_pb2.Anomalies())


def write_anomalies(anomalies: ExampleAnomalies, split: str, proto: anomalies_pb2.Anomalies) -> None:
    """Writes the anomalies of one split."""
    path = anomalies.split_path(split, ANOMALIES_FILE)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(proto.SerializeToString(deterministic=True))


def read_schema(schema: Schema) -> schema_pb2.Schema:
    """The schema of an artifact."""
    return parse_schema(schema.file)


def write_schema(schema: Schema, proto: schema_pb2.Schema) -> None:
    """Writes the schema of an artifact."""
    schema.path().mkdir(parents=True, exist_ok=True)
    schema.file.write_text(schema_text(proto), encoding="utf-8")


def schema_text(proto: schema_pb2.Schema) -> str:
    """A schema in the text form that people edit."""
    return text_format.MessageToString(proto, as_utf8=True)


def parse_schema(path: str | Path) -> schema_pb2.Schema:
    """The schema in a text file, checked for what would make it mean nothing.

    Raises:
        UsageError: There is no such file.
        DataError: The text is not a schema; names the line. Or a feature has no name or type, is there twice, or names
            a domain that is not there; names the feature.
    """
    file = Path(path)
    try:
        text = file.read_text(encoding="utf-8")
    except (FileNotFoundError, IsADirectoryError) as error:
        near = [other.name for other in file.parent.glob("*.pbtxt")] if file.parent.is_dir() else []
        raise UsageError(
            f"There is no schema file {file}.", hint=did_you_mean(file.name, near), path=str(file)
        ) from error
    except UnicodeDecodeError as error:
        raise DataError(
            f"The schema is not UTF-8 text: byte {error.start} is {error.object[error.start]:#x}.",
            hint="A schema is kept in text form (schema.pbtxt), not as a binary proto.",
            path=str(file),
        ) from error
    try:
        schema = text_format.Parse(text, schema_pb2.Schema())
    except text_format.ParseError as error:
        position = f"{error.GetLine()}:{error.GetColumn()} : "
        raise DataError(
            f"This is not a schema: {str(error).removeprefix(position)}",
            hint="Expected the text form of tensorflow_metadata's Schema, such as "
            "feature { name: 'fare' type: FLOAT presence { min_fraction: 1.0 } }.",
            path=str(file),
            line=error.GetLine(),
            col=error.GetColumn(),
        ) from error
    _check(schema, file)
    return schema


def _check(schema: schema_pb2.Schema, path: Path) -> None:
    domains = {domain.name for domain in schema.string_domain}
    seen: set[str] = set()
    for position, feature in enumerate(schema.feature, 1):
        name = feature.name
        problem, hint = "", ""
        if not name:
            problem, hint = f"Feature number {position} has no name.", "Add name: '...' to it."
        elif name in seen:
            problem, hint = f"The feature {name!r} is in the schema twice.", "Take one of them out."
        elif feature.type == schema_pb2.TYPE_UNKNOWN:
            problem, hint = f"The feature {name!r} has no type.", "Add type: BYTES, INT or FLOAT to it."
        elif feature.HasField("domain") and feature.domain not in domains:
            problem = f"The feature {name!r} names the domain {feature.domain!r}, which the schema does not have."
            hint = did_you_mean(feature.domain, domains) or "Add a string_domain of that name."
        if problem:
            raise DataError(problem, hint=hint, path=str(path), column=name or None)
        seen.add(name)


def _read(path: Path, message: Any) -> Any:
    try:
        message.ParseFromString(path.read_bytes())
    except FileNotFoundError as error:
        raise DataError("The file is missing.", hint="Is the artifact damaged?", path=str(path)) from error
    except DecodeError as error:
        kind = type(message).__name__
        raise DataError(f"The file does not hold a {kind}: {error}.", hint="Is it damaged?", path=str(path)) from error
    return message
