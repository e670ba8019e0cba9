"""What goes wrong with real data: each column of a table changed in every way that is of its kind."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import pyarrow as pa
import pyarrow.compute as pc
from tensorflow_metadata.proto.v0 import schema_pb2

from penstock.data_validation.inference import infer_schema
from penstock.data_validation.statistics import DatasetSummary

__all__ = ["NONE", "curated", "perturbed"]

Change = Callable[[pa.Array], pa.Array]

NONE = "unchanged"
GONE = "gone"


def _some(column: pa.Array, value: object) -> pa.Array:
    """Every tenth value another one."""
    every_tenth = pa.array([at % 10 == 3 for at in range(len(column))])
    return pc.if_else(every_tenth, pa.scalar(value, column.type), column)


def _texts(column: pa.Array) -> pa.Array:
    return pc.cast(column, pa.string())


_ANY: Mapping[str, Change] = {
    NONE: lambda column: column,
    "empty": lambda column: pa.nulls(len(column), column.type),
    "some_missing": lambda column: _some(column, None),
    "untyped": lambda column: pa.nulls(len(column)),
    "twice": lambda column: pa.array([None if one is None else [one, one] for one in column.to_pylist()]),
    "as_text": lambda column: pc.binary_join_element_wise("x", _texts(column), ""),
}

_NUMBERS: Mapping[str, Change] = {
    "cents": lambda column: pc.multiply(column, 100),
    "negative": lambda column: pc.subtract(-1, pc.abs(column)),
    "zero": lambda column: pc.multiply(column, 0),
    "digits": _texts,
    "halves": lambda column: pc.add(pc.cast(column, pa.float64(), safe=False), 0.5),
    "some_nan": lambda column: _some(pc.cast(column, pa.float64(), safe=False), math.nan),
    "some_infinite": lambda column: _some(pc.cast(column, pa.float64(), safe=False), math.inf),
    "whole": lambda column: pc.cast(pc.fill_null(column, 0), pa.int64(), safe=False),
}

_STRINGS: Mapping[str, Change] = {
    "new_value": lambda column: _some(column, "Prcard"),
    "capitals": pc.utf8_upper,
    "space_after": lambda column: pc.binary_join_element_wise(column, "", " "),
    "some_blank": lambda column: _some(column, ""),
    "codes": lambda column: pc.cast(pc.dictionary_encode(column).indices, pa.int64()),
    "not_utf8": lambda column: _some(pc.cast(column, pa.binary()), b"\xff\xfe"),
    "one_value": lambda column: pa.array([None if one is None else "Cash" for one in column.to_pylist()], pa.string()),
}


def _numeric(column: pa.ChunkedArray) -> bool:
    return bool(pa.types.is_integer(column.type) or pa.types.is_floating(column.type))


def perturbed(table: pa.Table) -> tuple[pa.Table, pa.Table]:
    """A table with a column ``column|change`` for each change of each column, and one of the same columns unchanged."""
    after, before = dict[str, pa.Array](), dict[str, pa.Array]()
    for name in table.column_names:
        column = pa.concat_arrays(table[name].chunks)
        for change, made in {**_ANY, **(_NUMBERS if _numeric(column) else _STRINGS)}.items():
            after[f"{name}|{change}"], before[f"{name}|{change}"] = made(column), column
        before[f"{name}|{GONE}"] = column
        after[f"{name} renamed"] = column
    return pa.table(after), pa.table(before)


def curated(table: pa.Table, columns: list[str]) -> schema_pb2.Schema:
    """What is inferred from the table, ranges and bounds on drift added, for columns named ``column|...``."""
    summary = DatasetSummary(table.schema)
    for batch in table.to_batches():
        summary.add(batch)
    statistics = summary.to_proto("clean")
    inferred = infer_schema([statistics])
    seen = {feature.path.step[0]: feature.num_stats for feature in statistics.features}
    schema = schema_pb2.Schema(string_domain=inferred.string_domain)
    known = {feature.name: feature for feature in inferred.feature}
    for name in columns:
        column = name.partition("|")[0]
        feature = schema.feature.add()
        feature.CopyFrom(known[column])
        feature.name = name
        if feature.type == schema_pb2.INT:
            feature.int_domain.min, feature.int_domain.max = int(seen[column].min), int(seen[column].max)
        elif feature.type == schema_pb2.FLOAT:
            feature.float_domain.min, feature.float_domain.max = seen[column].min, seen[column].max
            feature.float_domain.disallow_nan = feature.float_domain.disallow_inf = True
        elif feature.type == schema_pb2.BYTES:
            feature.drift_comparator.infinity_norm.threshold = 0.01
    return schema
