from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest
from tensorflow_metadata.proto.v0 import anomalies_pb2, schema_pb2, statistics_pb2

from penstock.data_validation.anomalies import find_anomalies
from penstock.data_validation.anomaly import KINDS

Summarise = Callable[..., statistics_pb2.DatasetFeatureStatistics]
FromText = Callable[[str], schema_pb2.Schema]

CASES: dict[str, tuple[str, list[Any] | pa.Array | None, list[str]]] = {
    "missing column": ("type: INT presence { min_count: 1 }", None, ["SCHEMA_MISSING_COLUMN"]),
    "missing column that may be": ("type: INT", None, []),
    "deprecated column": ("type: INT presence { min_count: 1 } lifecycle_stage: DEPRECATED", None, []),
    "wrong type": ("type: INT", ["x", "y"], ["UNEXPECTED_DATA_TYPE"]),
    "integers for floats": ("type: FLOAT float_domain { max: 0 }", [1, 2], ["UNEXPECTED_DATA_TYPE"]),
    "no values": ("type: INT presence { min_count: 1 }", pa.nulls(2), ["FEATURE_TYPE_NOT_PRESENT"]),
    "no values where none are asked for": ("type: INT", pa.nulls(2), []),
    "too few": ("type: INT presence { min_count: 3 }", [1, 2, None], ["FEATURE_TYPE_LOW_NUMBER_PRESENT"]),
    "too small a share": ("type: INT presence { min_fraction: 0.9 }", [1, None], ["FEATURE_TYPE_LOW_FRACTION_PRESENT"]),
    "one of many missing": (
        "type: INT presence { min_fraction: 1 }",
        [1] * 100_000 + [None],
        ["FEATURE_TYPE_LOW_FRACTION_PRESENT"],
    ),
    "share just met": ("type: INT presence { min_fraction: 0.5 }", [1, None], []),
    "shape": ("type: INT shape { dim { size: 1 } }", [1, None], ["INVALID_FEATURE_SHAPE"]),
    "shape met": ("type: INT shape { dim { size: 1 } }", [1, 2], []),
    "too few in an example": ("type: INT value_count { min: 2 }", [1], ["FEATURE_TYPE_LOW_NUMBER_VALUES"]),
    "unknown string": (
        "type: BYTES string_domain { value: 'Cash' }",
        ["Cash", "Coin"],
        ["ENUM_TYPE_UNEXPECTED_STRING_VALUES"],
    ),
    "unknown strings tolerated": (
        "type: BYTES distribution_constraints { min_domain_mass: 0.5 } string_domain { value: 'Cash' }",
        ["Cash", "Coin"],
        [],
    ),
    "unknown string of a shared domain": (
        "type: BYTES domain: 'pay'",
        ["Cash", "Coin"],
        ["ENUM_TYPE_UNEXPECTED_STRING_VALUES"],
    ),
    "not boolean": ("type: BYTES bool_domain { true_value: 'y' }", ["y", "n"], ["BOOL_TYPE_UNEXPECTED_STRING"]),
    "two for a boolean": ("type: INT bool_domain { }", [0, 2], ["BOOL_TYPE_BIG_INT"]),
    "minus one for a boolean": ("type: INT bool_domain { }", [-1, 1], ["BOOL_TYPE_SMALL_INT"]),
    "half for a boolean": ("type: FLOAT bool_domain { }", [0.0, 1.5], ["BOOL_TYPE_UNEXPECTED_FLOAT"]),
    "small integer": ("type: INT int_domain { min: 0 }", [-1, 3], ["INT_TYPE_SMALL_INT"]),
    "big integer": ("type: INT int_domain { max: 23 }", [0, 24], ["INT_TYPE_BIG_INT"]),
    "integers in range": ("type: INT int_domain { min: 0 max: 23 }", [0, 23], []),
    "big integer in strings": ("type: BYTES int_domain { max: 5 }", ["1", "6"], ["INT_TYPE_BIG_INT"]),
    "no integer": ("type: BYTES int_domain { }", ["1", "x"], ["INT_TYPE_NOT_INT_STRING"]),
    "no number": ("type: BYTES float_domain { }", ["1.5", "x"], ["FLOAT_TYPE_STRING_NOT_FLOAT"]),
    "small and big float": (
        "type: FLOAT float_domain { min: 0 max: 1 }",
        [-0.5, 1.5],
        ["FLOAT_TYPE_SMALL_FLOAT", "FLOAT_TYPE_BIG_FLOAT"],
    ),
    "NaN": ("type: FLOAT float_domain { disallow_nan: true }", [1.0, math.nan], ["FLOAT_TYPE_HAS_NAN"]),
    "infinite": ("type: FLOAT float_domain { disallow_inf: true }", [1.0, math.inf], ["FLOAT_TYPE_HAS_INF"]),
    "NaN and infinite where they may be": ("type: FLOAT float_domain { }", [math.nan, math.inf], []),
}


@pytest.mark.parametrize("case", CASES)
def test_each_anomaly_is_found_and_nothing_else(summarise: Summarise, schema: FromText, case: str) -> None:
    """Data that breaks one rule of a feature gives the anomaly of that rule, with its feature, evidence and advice."""
    feature, values, expected = CASES[case]
    wanted = schema(
        f"feature {{ name: 'other' type: INT }} feature {{ name: 'x' {feature} }}"
        "string_domain { name: 'pay' value: 'Cash' }"
    )
    rows = 1 if values is None else len(values)
    columns = {"other": pa.array([1] * rows)} | ({} if values is None else {"x": values})
    found = list(find_anomalies(summarise(columns), wanted))
    assert [anomaly.type for anomaly in found] == expected
    for anomaly in found:
        assert anomaly.feature == "x"
        assert anomaly.kind in KINDS
        assert anomaly.n == rows
        assert anomaly.message.endswith(".")
        assert anomaly.advice.endswith(".")
        assert anomalies_pb2.AnomalyInfo.Type.Value(anomaly.type)


def test_a_new_column_is_an_anomaly(summarise: Summarise, schema: FromText) -> None:
    """A column that the schema does not know is named with its type."""
    (anomaly,) = find_anomalies(summarise({"a": [1], "b": ["x"]}), schema("feature { name: 'a' type: INT }"))
    assert (anomaly.type, anomaly.feature) == ("SCHEMA_NEW_COLUMN", "b")
    assert "BYTES" in anomaly.message


def test_no_examples_are_one_anomaly(summarise: Summarise, schema: FromText) -> None:
    """An empty dataset is not also missing every column."""
    empty = summarise(pa.table({"b": pa.array([], pa.string())}))
    (anomaly,) = find_anomalies(empty, schema("feature { name: 'a' type: INT presence { min_count: 1 } }"))
    assert (anomaly.type, anomaly.feature) == ("DATASET_LOW_NUM_EXAMPLES", "")


@pytest.mark.parametrize(
    ("constraint", "expected"),
    [
        ("min_examples_count: 3", ["DATASET_LOW_NUM_EXAMPLES"]),
        ("max_examples_count: 1", ["DATASET_HIGH_NUM_EXAMPLES"]),
        ("min_examples_count: 2 max_examples_count: 2", []),
    ],
)
def test_the_number_of_examples_is_bounded(
    summarise: Summarise, schema: FromText, constraint: str, expected: list[str]
) -> None:
    """Bounds of the schema on the number of examples hold on both sides."""
    wanted = schema(f"feature {{ name: 'a' type: INT }} dataset_constraints {{ {constraint} }}")
    assert [anomaly.type for anomaly in find_anomalies(summarise({"a": [1, 2]}), wanted)] == expected


def test_unexpected_values_are_shown_with_their_share(summarise: Summarise, schema: FromText) -> None:
    """The most frequent offenders come first, with their share, and how many more there are; so does what is known."""
    values = ["Cash"] * 980 + ["Coin"] * 10 + ["Shell"] * 3 + [f"odd{i}" for i in range(7)]
    wanted = schema("feature { name: 'pay' type: BYTES string_domain { value: 'Cash' } }")
    (anomaly,) = find_anomalies(summarise({"pay": values}), wanted)
    assert "'Coin' (1.0 %), 'Shell' (0.3 %)" in anomaly.message
    assert "and 4 more" in anomaly.message
    assert "'Cash'" in anomaly.message
    assert anomaly.observed == pytest.approx(0.02)
    assert anomaly.evidence["unexpected"] == 9
