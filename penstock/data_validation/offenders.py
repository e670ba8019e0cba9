"""Which rows and values an anomaly is about: a second look at the examples, of the columns concerned only."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
from tensorflow_metadata.proto.v0 import schema_pb2

from penstock.artifacts import Examples
from penstock.data.examples import arrow_schema, record_batches
from penstock.data_validation.anomaly import SAMPLES, Anomaly

__all__ = ["Offender", "offenders"]

Offender = dict[str, Any]
"""One value that does not fit: its ``row``, from 0, among those of the split, and the ``value``."""

_INTEGER: Final = r"^\s*[+-]?[0-9]+\s*$"
_FLOAT: Final = r"(?i)^\s*[+-]?([0-9]+\.?[0-9]*(e[+-]?[0-9]+)?|\.[0-9]+(e[+-]?[0-9]+)?|inf(inity)?|nan)\s*$"
_LONGEST: Final = 100

_Test = Callable[[pa.Array], pa.Array]


def offenders(
    examples: Examples, split: str, anomalies: Iterable[Anomaly], schema: schema_pb2.Schema
) -> dict[tuple[str, str], list[Offender]]:
    """The first rows and values behind each anomaly that single rows show, by its feature and type.

    Reads row groups until there are enough of each, and only the columns that have anomalies.
    """
    columns = set(arrow_schema(examples, split).names)
    tests = {
        (one.feature, one.type): test
        for one in anomalies
        if one.feature in columns and (test := _test(one, schema)) is not None
    }
    found: dict[tuple[str, str], list[Offender]] = {key: [] for key in tests}
    if not tests:
        return found
    first = 0
    for batch in record_batches(examples, split, sorted({feature for feature, _ in tests})):
        for key, test in tests.items():
            if len(found[key]) < SAMPLES:
                found[key] += _look(batch[key[0]], test, first)[: SAMPLES - len(found[key])]
        if all(len(rows) >= SAMPLES for rows in found.values()):
            break
        first += batch.num_rows
    return {key: rows for key, rows in found.items() if rows}


def _look(column: pa.Array, test: _Test, first: int) -> list[Offender]:
    values, rows = column, pa.array(range(len(column)), pa.int64())
    of_rows = getattr(test, "of_rows", False)
    while not of_rows and pa.types.is_list(values.type):
        rows = rows.take(pc.list_parent_indices(values))
        values = pc.list_flatten(values)
    answer = test(values)
    if answer is None:  # the values are of another type than the test is for
        return []
    hits = pc.indices_nonzero(pc.fill_null(answer, False))[:SAMPLES]  # noqa: FBT003  # an Arrow value
    return [
        {"row": first + row, "value": _shown(value)}
        for row, value in zip(rows.take(hits).to_pylist(), values.take(hits).to_pylist(), strict=True)
    ]


def _shown(value: Any) -> Any:
    if isinstance(value, bytes):
        value = value.decode(errors="backslashreplace")
    return value if value is None or isinstance(value, int | float) else str(value)[:_LONGEST]


def _test(anomaly: Anomaly, schema: schema_pb2.Schema) -> _Test | None:  # noqa: PLR0911  # a table of types
    """What is true of the values that an anomaly is about; nothing if single values do not show it."""
    bound, type_ = anomaly.bound, anomaly.type
    if type_ in ("FEATURE_TYPE_LOW_FRACTION_PRESENT", "FEATURE_TYPE_LOW_NUMBER_PRESENT", "INVALID_FEATURE_SHAPE"):
        return _of_rows(pc.is_null)
    if type_ in ("FEATURE_TYPE_LOW_NUMBER_VALUES", "FEATURE_TYPE_HIGH_NUMBER_VALUES") and bound is not None:
        compare = pc.less if "LOW" in type_ else pc.greater
        return _of_rows(lambda column: compare(pc.list_value_length(column), int(bound)) if _is_list(column) else None)
    if type_ in ("UNEXPECTED_DATA_TYPE", "SCHEMA_NEW_COLUMN"):
        return pc.is_valid
    if type_ in ("INT_TYPE_SMALL_INT", "FLOAT_TYPE_SMALL_FLOAT") and bound is not None:
        return lambda values: pc.less(values, bound) if _is_number(values) else None
    if type_ in ("INT_TYPE_BIG_INT", "FLOAT_TYPE_BIG_FLOAT") and bound is not None:
        return lambda values: pc.greater(values, bound) if _is_number(values) else None
    if type_.startswith("BOOL_TYPE_") and type_ != "BOOL_TYPE_UNEXPECTED_STRING":
        return lambda values: pc.and_(pc.not_equal(values, 0), pc.not_equal(values, 1))
    if type_ == "FLOAT_TYPE_HAS_NAN":
        return lambda values: pc.is_nan(values) if _is_number(values) else pc.equal(pc.utf8_lower(values), "nan")
    if type_ == "FLOAT_TYPE_HAS_INF":
        return lambda values: pc.is_inf(values) if _is_number(values) else None
    if type_ in ("INT_TYPE_NOT_INT_STRING", "FLOAT_TYPE_STRING_NOT_FLOAT"):
        pattern = _INTEGER if type_.startswith("INT") else _FLOAT
        return lambda values: pc.invert(pc.match_substring_regex(values, pattern))
    if type_ in ("ENUM_TYPE_UNEXPECTED_STRING_VALUES", "BOOL_TYPE_UNEXPECTED_STRING"):
        allowed = pa.array(sorted(_allowed(anomaly.feature, schema)), pa.string())
        return lambda values: pc.invert(pc.is_in(values, allowed.cast(values.type)))
    return None


def _of_rows(test: _Test) -> _Test:
    def of_rows(column: pa.Array) -> pa.Array:
        answer = test(column)
        return pa.nulls(len(column), pa.bool_()) if answer is None else answer

    of_rows.of_rows = True  # type: ignore[attr-defined]  # it looks at rows, not at the values within
    return of_rows


def _is_list(column: pa.Array) -> bool:
    return bool(pa.types.is_list(column.type))


def _is_number(values: pa.Array) -> bool:
    return bool(pa.types.is_integer(values.type) or pa.types.is_floating(values.type))


def _allowed(name: str, schema: schema_pb2.Schema) -> set[str]:
    feature = next(one for one in schema.feature if one.name == name)
    if feature.HasField("bool_domain"):
        domain = feature.bool_domain
        return {getattr(domain, member) for member in ("true_value", "false_value") if domain.HasField(member)}
    if feature.HasField("string_domain"):
        return set(feature.string_domain.value)
    return next((set(one.value) for one in schema.string_domain if one.name == feature.domain), set())
