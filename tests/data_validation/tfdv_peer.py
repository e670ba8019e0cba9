"""Run by the Python that has TensorFlow Data Validation: its answers to the questions in a directory.

For each ``NAME.parquet`` it writes ``NAME.stats.pb``, ``NAME.sparse.pbtxt`` and ``NAME.dense.pbtxt`` (the inferred
schema without and with shapes); for each ``NAME.schema.pbtxt`` beside it, ``NAME.anomalies.pb``.
"""

from __future__ import annotations

import sys
from pathlib import Path

import apache_beam as beam
import pyarrow as pa
import pyarrow.parquet as pq
import tensorflow_data_validation as tfdv
from google.protobuf import text_format
from tensorflow_data_validation.statistics.stats_impl import (
    generate_statistics_in_memory,
)
from tensorflow_metadata.proto.v0 import schema_pb2, statistics_pb2


def as_lists(column: pa.ChunkedArray) -> pa.Array:
    """A flat column as the lists that this library takes: a missing value is no list."""
    if pa.types.is_null(column.type):
        return pa.nulls(len(column))
    type_ = pa.binary() if pa.types.is_string(column.type) else column.type
    values = column.cast(type_).to_pylist()
    return pa.array([None if value is None else [value] for value in values], pa.list_(type_))


def read(path: Path) -> pa.RecordBatch:
    """A table as one batch of lists."""
    table = pq.read_table(path)
    return pa.RecordBatch.from_arrays([as_lists(column) for column in table.columns], names=table.column_names)


def write(statistics: statistics_pb2.DatasetFeatureStatisticsList, path: Path) -> None:
    """Where `main` finds them again."""
    path.write_bytes(statistics.SerializeToString())


def main(directory: Path) -> None:
    """Answers everything in the directory."""
    paths = sorted(directory.glob("*.parquet"))
    with beam.Pipeline(runner="BundleBasedDirectRunner") as pipeline:
        for path in paths:
            if path.with_suffix(".schema.pbtxt").exists():
                # Beam takes seconds for each; without it strings are sketched, which of a handful makes no difference.
                write(generate_statistics_in_memory(read(path), tfdv.StatsOptions()), path.with_suffix(".stats.pb"))
                continue
            statistics = (
                pipeline | f"Read {path.stem}" >> beam.Create([read(path)]) | path.stem >> tfdv.GenerateStatistics()
            )
            _ = statistics | f"Write {path.stem}" >> beam.Map(write, path.with_suffix(".stats.pb"))
    for path in paths:
        statistics = tfdv.load_stats_binary(str(path.with_suffix(".stats.pb")))
        for name, shapes in (("sparse", False), ("dense", True)):
            schema = tfdv.infer_schema(statistics, infer_feature_shape=shapes)
            path.with_suffix(f".{name}.pbtxt").write_text(text_format.MessageToString(schema), encoding="utf-8")
        wanted = path.with_suffix(".schema.pbtxt")
        if wanted.exists():
            schema = text_format.Parse(wanted.read_text(encoding="utf-8"), schema_pb2.Schema())
            anomalies = tfdv.validate_statistics(statistics, schema)
            path.with_suffix(".anomalies.pb").write_bytes(anomalies.SerializeToString())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
