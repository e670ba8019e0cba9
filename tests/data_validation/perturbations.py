"""Data that do not fit a schema, in every way that TensorFlow Data Validation is asked about too."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

__all__ = ["CASES", "DATA", "FEATURES", "Case", "merged_schema", "merged_table"]


@dataclass(frozen=True)
class Case:
    """One validation of a whole dataset."""

    name: str
    data: str
    schema: str
    previous: str = ""
    serving: str = ""
    environment: str = ""


COLUMNS: dict[str, pa.Array] = {
    "ints": pa.array([1, 2, 3, 3]),
    "bits": pa.array([0, 1, 1, 0]),
    "negative": pa.array([-5, 0, 1, 1]),
    "floats": pa.array([0.5, 1.5, 2.0, 2.0]),
    "zeros": pa.array([0.0, 1.0, 1.0, 0.0]),
    "not_finite": pa.array([0.5, math.nan, math.inf, 2.0]),
    "words": pa.array(["x", "y", "x", "x"]),
    "digits": pa.array(["1", "22", "-3", "1"]),
    "decimals": pa.array(["1.5", "2", "1e3", "2"]),
    "holes": pa.array([1, None, 3, None]),
    "nothing": pa.array([None, None, None, None], pa.int64()),
    "lists": pa.array([[1, 2], [3], None, [4, 5, 6]]),
    "fixed_lists": pa.array([[1.5, 2.0]] * 4),
    "empty_lists": pa.array([["a"], [], ["b"], ["a"]]),
    "nested": pa.array([[[1], [2, 3]], [[4]], [[5], [6]], [[7, 8, 9]]]),
}

DOMAINS = {
    "free": "",
    "int_range": "int_domain { min: 2 max: 2 }",
    "any_int": "int_domain { }",
    "float_range": "float_domain { min: 1 max: 1.25 }",
    "finite": "float_domain { disallow_nan: true disallow_inf: true }",
    "bool": "bool_domain { true_value: 'x' false_value: 'n' }",
    "values": "string_domain { value: 'x' value: '1' }",
    "mostly": "string_domain { value: 'x' } distribution_constraints { min_domain_mass: 0.5 }",
    "time": "time_domain { string_format: '%Y' }",
    "image": "image_domain { minimum_supported_image_fraction: 0.5 max_image_byte_size: 3 }",
    "language": "natural_language_domain { coverage { min_coverage: 0.5 } }",
    "url": "url_domain { }",
    "constrained": "distribution_constraints { min_domain_mass: 0.5 }",
}

OCCURRENCE = {
    "required": "presence { min_fraction: 1 }",
    "often": "presence { min_fraction: 0.75 min_count: 3 }",
    "wrong_fraction": "presence { min_fraction: 1.5 }",
    "one": "value_count { min: 1 max: 1 }",
    "two_or_three": "value_count { min: 2 max: 3 }",
    "none_allowed": "value_count { min: 0 max: 1 }",
    "turned": "value_count { min: 3 max: 2 }",
    "two_levels": "value_counts { value_count { min: 1 max: 2 } value_count { min: 1 max: 1 } }",
    "scalar": "shape { dim { size: 1 } }",
    "pair": "shape { dim { size: 2 } }",
    "no_size": "shape { dim { size: 0 } }",
    "unique": "unique_constraints { min: 3 max: 9 }",
    "few_unique": "unique_constraints { min: 1 max: 1 }",
    "deprecated": "presence { min_count: 9 } lifecycle_stage: DEPRECATED",
    "derived": "validation_derived_source { deriver_name: 'd' }",
}

TYPES = ("INT", "FLOAT", "BYTES")


def _type(column: str) -> str:
    innermost = COLUMNS[column].type
    while pa.types.is_list(innermost):
        innermost = innermost.value_type
    return "INT" if pa.types.is_integer(innermost) else "FLOAT" if pa.types.is_floating(innermost) else "BYTES"


FEATURES: dict[str, tuple[str, str]] = {
    **{
        f"{column}-{type_}-{name}": (column, f"type: {type_} {text}")
        for column, type_, (name, text) in itertools.product(COLUMNS, TYPES, DOMAINS.items())
        if column not in ("lists", "nested", "nothing")
    },
    **{
        f"{column}-{name}": (column, f"type: {_type(column)} {text}")
        for column, (name, text) in itertools.product(COLUMNS, OCCURRENCE.items())
    },
}
"""Features of one dataset, each a column of `COLUMNS` and what the schema says of it."""


def merged_table() -> pa.Table:
    """One dataset with a column for each of the features."""
    return pa.table({name: COLUMNS[column] for name, (column, _) in FEATURES.items()})


def merged_schema() -> str:
    """The schema that says of each feature what it is to be held against."""
    return "\n".join(f"feature {{ name: '{name}' {text} }}" for name, (_, text) in FEATURES.items())


_PAY = "feature { name: 'pay' type: BYTES "
_EXAMPLES = "dataset_constraints { num_examples_drift_comparator "

DATA: dict[str, dict[str, Any]] = {
    "now": {"pay": ["a", "b", "b", "b"] * 500, "fare": [1.0, 2.0, 3.0, 4.0] * 500},
    "then": {"pay": ["a", "a", "b", "b"] * 500, "fare": [1.0, 2.0, 3.0, 4.0] * 500},
    "longer": {"pay": ["a", "b"] * 4000, "fare": [1.0] * 8000},
    "without_pay": {"fare": [1.0, 2.0, 3.0, 4.0] * 500},
    "empty": {"pay": pa.array([], pa.string()), "fare": pa.array([], pa.float64())},
}

_FARE = " feature { name: 'fare' type: FLOAT }"

CASES = [
    Case("new_column", "now", _FARE),
    Case("missing", "without_pay", _PAY + "presence { min_count: 1 } }" + _FARE),
    Case("missing_as_may_be", "without_pay", _PAY + "}" + _FARE),
    Case("no_data", "empty", _PAY + "}" + _FARE),
    Case("too_few", "now", _PAY + "}" + _FARE + "dataset_constraints { min_examples_count: 2001 }"),
    Case("not_too_few", "now", _PAY + "}" + _FARE + "dataset_constraints { min_examples_count: 2000 }"),
    Case(
        "too_many", "now", _PAY + "}" + _FARE + "dataset_constraints { min_examples_count: 1 max_examples_count: 1999 }"
    ),
    Case("grown", "longer", f"{_PAY}}}{_FARE}{_EXAMPLES} {{ max_fraction_threshold: 2 }} }}", previous="now"),
    Case("shrunk", "now", f"{_PAY}}}{_FARE}{_EXAMPLES} {{ min_fraction_threshold: 0.5 }} }}", previous="longer"),
    Case("as_many", "now", f"{_PAY}}}{_FARE}{_EXAMPLES} {{ min_fraction_threshold: 0.5 }} }}", previous="then"),
    *(
        Case(
            f"environment_{name}{'_without' if data == 'without_pay' else ''}",
            data,
            _PAY + f"presence {{ min_count: 1 }} {text} }} {_FARE[:-1]} in_environment: 'SERVING' }} "
            "default_environment: 'TRAINING' default_environment: 'SERVING' default_environment: 'OTHER'",
            environment=name,
        )
        for data in ("now", "without_pay")
        for name, text in (("TRAINING", ""), ("SERVING", "not_in_environment: 'SERVING'"), ("OTHER", ""))
    ),
    *(
        Case(
            f"{what}_{distance}_{name}",
            "now",
            f"{_PAY} {comparator} {{ {distance} {{ threshold: {bound} }} }} }} {_FARE}",
            **{other: data},
        )
        for what, comparator, other in (
            ("drift", "drift_comparator", "previous"),
            ("skew", "skew_comparator", "serving"),
        )
        for distance in ("infinity_norm", "jensen_shannon_divergence", "normalized_abs_difference")
        for name, bound, data in (("beyond", 0.01, "then"), ("within", 0.4, "then"), ("gone", 0.1, "without_pay"))
    ),
]
