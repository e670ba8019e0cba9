"""Run by the Python that has TensorFlow Data Validation: statistics of each ``NAME.parquet`` in a directory.

``NAME.json`` beside it, if it is there, says with what: ``weight`` (a column), ``slices`` (a list of mappings of
features to values or null), ``crosses`` and ``domains`` (true), ``schema`` (text), for which there will also be
``NAME.anomalies.pb``. The answer is ``NAME.stats.pb``, and the schemas
inferred from it: ``NAME.sparse.pb`` and, with shapes, ``NAME.dense.pb``. Nothing runs on Beam, which would take seconds
for each, so that frequent strings are sketched.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import tensorflow_data_validation as tfdv
from google.protobuf import text_format
from tensorflow_data_validation.statistics.generators import cross_feature_stats_generator
from tensorflow_data_validation.statistics.stats_impl import generate_statistics_in_memory
from tensorflow_data_validation.utils import slicing_util
from tensorflow_metadata.proto.v0 import schema_pb2, statistics_pb2


def as_lists(column: pa.ChunkedArray) -> pa.Array:
    """A column as the lists that this library takes: a missing value is no list, text is bytes."""
    array = column.combine_chunks()
    array = array.chunk(0) if isinstance(array, pa.ChunkedArray) and array.num_chunks else array
    if pa.types.is_null(array.type):
        return pa.nulls(len(column))
    type_, depth = array.type, 0
    while pa.types.is_list(type_) or pa.types.is_large_list(type_):
        type_, depth = type_.value_type, depth + 1
    values = array.cast(pa.binary()) if depth == 0 and pa.types.is_string(type_) else array
    leaf = pa.binary() if pa.types.is_string(type_) else type_
    rows = [None if value is None else [value] for value in values.to_pylist()] if depth == 0 else values.to_pylist()
    wanted = leaf
    for _ in range(max(depth, 1)):
        wanted = pa.list_(wanted)
    return pa.array(rows, wanted)


def as_bytes(values: list[str | int] | None) -> list[bytes | int] | None:
    """Values to slice by as they are in the batch, which is what they are held against."""
    return None if values is None else [value.encode() if isinstance(value, str) else value for value in values]


def answer(path: Path, wanted: dict[str, Any]) -> statistics_pb2.DatasetFeatureStatisticsList:
    """Statistics of one file."""
    table = pq.read_table(path)
    batch = pa.RecordBatch.from_arrays([as_lists(column) for column in table.columns], names=table.column_names)
    generators = None
    if wanted.get("crosses"):
        generators = [cross_feature_stats_generator.CrossFeatureStatsGenerator(sample_rate=1.0)]
    options = tfdv.StatsOptions(
        weight_feature=wanted.get("weight"),
        generators=generators,
        enable_semantic_domain_stats=bool(wanted.get("domains")),
        semantic_domain_stats_sample_rate=1.0 if wanted.get("domains") else None,
        schema=text_format.Parse(wanted["schema"], schema_pb2.Schema()) if "schema" in wanted else None,
    )
    parts = [("All Examples" if "slices" in wanted else "", batch)]
    for spec in wanted.get("slices", ()):
        parts += slicing_util.get_feature_value_slicer({name: as_bytes(values) for name, values in spec.items()})(batch)
    result = statistics_pb2.DatasetFeatureStatisticsList()
    for name, part in parts:
        (found,) = generate_statistics_in_memory(part, options).datasets
        found.name = name
        result.datasets.append(found)
    return result


def main(directory: Path) -> None:
    """Answers everything in the directory; what it cannot answer it says in ``NAME.error``."""
    for path in sorted(directory.glob("*.parquet")):
        sidecar = path.with_suffix(".json")
        wanted = json.loads(sidecar.read_text()) if sidecar.exists() else {}
        try:
            found = answer(path, wanted)
            path.with_suffix(".stats.pb").write_bytes(found.SerializeToString())
            for name, shapes in (("sparse", False), ("dense", True)):
                schema = tfdv.infer_schema(found, infer_feature_shape=shapes)
                path.with_suffix(f".{name}.pb").write_bytes(schema.SerializeToString())
            if "schema" in wanted:
                schema = text_format.Parse(wanted["schema"], schema_pb2.Schema())
                anomalies = tfdv.validate_statistics(found, schema)
                path.with_suffix(".anomalies.pb").write_bytes(anomalies.SerializeToString())
        except Exception as error:  # noqa: BLE001  # whatever it raises is its answer
            path.with_suffix(".error").write_text(f"{type(error).__name__}: {error}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
