"""Checks of what is there: examples, columns, types, missing values."""

from __future__ import annotations

import math
from collections.abc import Iterator

from tensorflow_metadata.proto.v0 import schema_pb2, statistics_pb2

from penstock.data_validation.anomaly import SAMPLES, Anomaly, Case, percent, quoted
from penstock.data_validation.observed import Observed, type_name

__all__ = ["dataset_size", "missing_column", "new_column", "no_values", "number_of_values", "presence", "type_mismatch"]


def dataset_size(dataset: statistics_pb2.DatasetFeatureStatistics, schema: schema_pb2.Schema) -> Iterator[Anomaly]:
    """Too few or too many examples; none at all is too few whatever the schema says."""
    constraints = schema.dataset_constraints
    examples = int(dataset.num_examples)
    least = max(1, constraints.min_examples_count)
    if examples < least:
        found = f"There are {examples:,} examples" if examples else "There are no examples"
        yield Anomaly(
            "DATASET_LOW_NUM_EXAMPLES",
            "size",
            "Too few examples",
            f"{found}; at least {least:,} are expected.",
            "Look at the input of this span and at how it is split.",
            observed=examples,
            bound=least,
            relation=">=",
            n=examples,
        )
    if constraints.HasField("max_examples_count") and examples > constraints.max_examples_count:
        yield Anomaly(
            "DATASET_HIGH_NUM_EXAMPLES",
            "size",
            "Too many examples",
            f"There are {examples:,} examples; at most {constraints.max_examples_count:,} are expected.",
            "Look for input that was delivered twice, or raise max_examples_count.",
            observed=examples,
            bound=constraints.max_examples_count,
            relation="<=",
            n=examples,
        )


def missing_column(wanted: schema_pb2.Feature, examples: int) -> Iterator[Anomaly]:
    """A required column that is not there."""
    if _required(wanted):
        yield Anomaly(
            "SCHEMA_MISSING_COLUMN",
            "columns",
            "Column missing",
            f"There is no such column, though the schema requires it ({type_name(wanted.type)}).",
            "Restore it at the source; if it is gone for good, mark it in the schema with lifecycle_stage: DEPRECATED.",
            feature=wanted.name,
            n=examples,
        )


def new_column(found: Observed) -> Anomaly:
    """A column that the schema does not know."""
    return Anomaly(
        "SCHEMA_NEW_COLUMN",
        "columns",
        "New column",
        f"The column ({type_name(found.type)}) is not in the schema.",
        "Add the feature to the schema, or take the column out at the source.",
        feature=found.name,
        n=found.examples,
    )


def no_values(wanted: schema_pb2.Feature, found: Observed) -> Iterator[Anomaly]:
    """A required column without a single value."""
    if _required(wanted):
        yield Anomaly(
            "FEATURE_TYPE_NOT_PRESENT",
            "presence",
            "No values",
            f"The column has no value in any of {found.examples:,} examples.",
            "Restore it at the source; if it may be empty, take min_count and min_fraction out of its presence.",
            feature=wanted.name,
            observed=0.0,
            bound=wanted.presence.min_fraction or None,
            relation=">=",
            n=found.examples,
        )


def type_mismatch(case: Case) -> Iterator[Anomaly]:
    """Values of another type than the schema says."""
    if case.found.type != case.wanted.type:
        has, wants = type_name(case.found.type), type_name(case.wanted.type)
        sample = list(case.found.counts)[:SAMPLES]
        shown = f", such as {quoted(sample)}" if sample else ""
        yield case.anomaly(
            "UNEXPECTED_DATA_TYPE",
            "types",
            "Unexpected type",
            f"The values are {has}{shown}; the schema says {wants}.",
            f"Find what changed at the source, or set the feature's type to {has}.",
            evidence={"samples": sample} if sample else {},
        )


def presence(case: Case) -> Iterator[Anomaly]:
    """Fewer examples with a value than the schema wants."""
    wanted, found = case.wanted.presence, case.found
    if found.present < wanted.min_count:
        yield case.anomaly(
            "FEATURE_TYPE_LOW_NUMBER_PRESENT",
            "presence",
            "Too few values",
            f"{found.present:,} examples have a value; at least {wanted.min_count:,} are expected.",
            "Look for what empties the column at the source, or lower min_count.",
            observed=found.present,
            bound=wanted.min_count,
            relation=">=",
        )
    if found.share_present < wanted.min_fraction:
        yield case.anomaly(
            "FEATURE_TYPE_LOW_FRACTION_PRESENT",
            "presence",
            "Missing values",
            f"{found.missing:,} of {found.examples:,} examples ({percent(found.missing, found.examples)}) have no "
            f"value; at least {100 * wanted.min_fraction:.6g} % are expected to have one.",
            "Look for what empties the column at the source, or lower min_fraction.",
            observed=found.share_present,
            bound=wanted.min_fraction,
            relation=">=",
        )


def number_of_values(case: Case) -> Iterator[Anomaly]:
    """Another number of values in an example than the schema wants."""
    count, found = case.wanted.value_count, case.found
    if count.HasField("min") and found.min_values < count.min:
        yield case.anomaly(
            "FEATURE_TYPE_LOW_NUMBER_VALUES",
            "presence",
            "Too few values in an example",
            f"Some examples have {found.min_values} values; at least {count.min} are expected.",
            "Look at the source, or lower value_count.min.",
            observed=found.min_values,
            bound=count.min,
            relation=">=",
        )
    if count.HasField("max") and found.max_values > count.max:
        yield case.anomaly(
            "FEATURE_TYPE_HIGH_NUMBER_VALUES",
            "presence",
            "Too many values in an example",
            f"Some examples have {found.max_values} values; at most {count.max} are expected.",
            "Look at the source, or raise value_count.max.",
            observed=found.max_values,
            bound=count.max,
            relation="<=",
        )
    if case.wanted.HasField("shape"):
        size = math.prod(dim.size for dim in case.wanted.shape.dim)
        if found.missing or not found.min_values == found.max_values == size:
            yield case.anomaly(
                "INVALID_FEATURE_SHAPE",
                "presence",
                "Shape does not fit",
                f"The schema gives the feature a fixed shape of {size} values, but {found.missing:,} examples have "
                f"none and the others from {found.min_values} to {found.max_values}.",
                "Take the shape out of the schema, or fill in the missing values at the source.",
            )


def _required(wanted: schema_pb2.Feature) -> bool:
    return wanted.presence.min_count > 0 or wanted.presence.min_fraction > 0
