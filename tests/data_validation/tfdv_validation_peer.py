"""Run by the Python that has TensorFlow Data Validation: its schemas and anomalies for the cases in a directory.

For each ``NAME.parquet`` it writes ``NAME.stats.pb``, and as inferred schemas ``NAME.sparse.pb`` and
``NAME.dense.pb``. Each line of ``cases.jsonl`` is a validation: ``name``, ``data``, ``schema`` (text), and where given
``previous`` and ``serving`` (names of data) and ``environment``; the answer is ``NAME.anomalies.pb``.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import tensorflow_data_validation as tfdv
from google.protobuf import text_format
from tensorflow_data_validation.statistics.stats_impl import (
    generate_statistics_in_memory,
)
from tensorflow_metadata.proto.v0 import schema_pb2


def as_lists(column: pa.ChunkedArray) -> pa.Array:
    """A flat column as the lists that this library takes: a missing value is no list."""
    if pa.types.is_null(column.type) or pa.types.is_list(column.type):
        return column.combine_chunks()
    type_ = pa.binary() if pa.types.is_string(column.type) else column.type
    values = column.cast(type_).to_pylist()
    return pa.array([None if value is None else [value] for value in values], pa.list_(type_))


def main(directory: Path) -> None:
    """Answers everything in the directory."""
    statistics = {}
    for path in sorted(directory.glob("*.parquet")):
        table = pq.read_table(path)
        batch = pa.RecordBatch.from_arrays([as_lists(column) for column in table.columns], names=table.column_names)
        options = tfdv.StatsOptions(experimental_use_sketch_based_topk_uniques=False)
        found = statistics[path.stem] = generate_statistics_in_memory(batch, options)
        path.with_suffix(".stats.pb").write_bytes(found.SerializeToString())
        for name, shapes in (("sparse", False), ("dense", True)):
            schema = tfdv.infer_schema(found, infer_feature_shape=shapes)
            path.with_suffix(f".{name}.pb").write_bytes(schema.SerializeToString())
    for line in (directory / "cases.jsonl").read_text(encoding="utf-8").splitlines():
        case = json.loads(line)
        anomalies = tfdv.validate_statistics(
            statistics[case["data"]],
            text_format.Parse(case["schema"], schema_pb2.Schema()),
            environment=case.get("environment"),
            previous_statistics=statistics.get(case.get("previous")),
            serving_statistics=statistics.get(case.get("serving")),
        )
        (directory / f"{case['name']}.anomalies.pb").write_bytes(anomalies.SerializeToString())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
