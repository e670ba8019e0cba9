"""Checks of what is there: examples, columns, types, missing values."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2, statistics_pb2

from penstock.data_validation.anomaly import SAMPLES, Anomaly, Case, percent, quoted
from penstock.data_validation.changes import Entry
from penstock.data_validation.observed import Observed, type_name
from penstock.data_validation.value_counts import set_value_count

__all__ = [
    "dataset_size",
    "derived",
    "environment",
    "missing_column",
    "new_column",
    "no_values",
    "number_of_values",
    "presence",
    "type_mismatch",
    "unique_values",
]


def dataset_size(
    dataset: statistics_pb2.DatasetFeatureStatistics,
    schema: schema_pb2.Schema,
    before: statistics_pb2.DatasetFeatureStatistics | None,
) -> Iterator[Anomaly]:
    """Too few or too many examples, as such or beside those of the earlier data; none at all is always too few."""
    wanted = schema_pb2.DatasetConstraints()
    wanted.CopyFrom(schema.dataset_constraints)
    examples = int(dataset.num_examples)
    least, most = max(1, wanted.min_examples_count), wanted.max_examples_count
    if examples < least:
        found = f"There are {examples:,} examples" if examples else "There are no examples"
        wanted.min_examples_count = examples
        yield _of_dataset(
            "DATASET_LOW_NUM_EXAMPLES",
            f"{found}; at least {least:,} are expected.",
            "Look at the input of this span and at how it is split.",
            (examples, least, ">="),
            dataset,
            wanted if examples else None,
        )
    if wanted.HasField("max_examples_count") and examples > most:
        wanted.max_examples_count = examples
        yield _of_dataset(
            "DATASET_HIGH_NUM_EXAMPLES",
            f"There are {examples:,} examples; at most {most:,} are expected.",
            "Look for input that was delivered twice, or raise max_examples_count.",
            (examples, most, "<="),
            dataset,
            wanted,
        )
    compared = wanted.num_examples_drift_comparator
    if before is None or not examples:
        return
    earlier = int(before.num_examples)
    ratio = examples / earlier if earlier else math.inf
    for member, type_, relation, wrong in (
        ("max_fraction_threshold", "COMPARATOR_HIGH_NUM_EXAMPLES", "<=", ratio > compared.max_fraction_threshold),
        ("min_fraction_threshold", "COMPARATOR_LOW_NUM_EXAMPLES", ">=", ratio < compared.min_fraction_threshold),
    ):
        if compared.HasField(member) and wrong:
            bound = getattr(compared, member)
            if math.isfinite(ratio):
                setattr(compared, member, ratio)
            else:
                compared.ClearField(member)
            yield _of_dataset(
                type_,
                f"There are {examples:,} examples and were {earlier:,}: {ratio:.4g} times as many, which should be "
                f"{relation} {bound:.4g}.",
                "Look for input that is missing or was delivered twice, or change the bound.",
                (ratio, bound, relation),
                dataset,
                wanted,
            )


def _of_dataset(
    type_: str,
    text: str,
    advice: str,
    held: tuple[float, float, Any],
    dataset: statistics_pb2.DatasetFeatureStatistics,
    wanted: schema_pb2.DatasetConstraints | None,
) -> Anomaly:
    suggested: tuple[Entry, ...] = ()
    if wanted is not None:
        copy = schema_pb2.DatasetConstraints()
        copy.CopyFrom(wanted)
        suggested = (copy,)
    observed, bound, relation = held
    title = "Too few examples" if "LOW" in type_ else "Too many examples"
    n = int(dataset.num_examples)
    return Anomaly(
        type_, "size", title, text, advice, observed=observed, bound=bound, relation=relation, n=n, suggested=suggested
    )


def missing_column(wanted: schema_pb2.Feature, examples: int) -> Anomaly:
    """A required column that is not there."""
    return Anomaly(
        "SCHEMA_MISSING_COLUMN",
        "columns",
        "Column missing",
        f"There is no such column, though the schema requires it ({type_name(wanted.type)}).",
        "Restore it at the source; if it is gone for good, mark it in the schema with lifecycle_stage: DEPRECATED.",
        feature=wanted.name,
        n=examples,
        suggested=(_deprecated(wanted),),
    )


def new_column(found: Observed, suggested: tuple[Entry, ...]) -> Anomaly:
    """A column that the schema does not know."""
    return Anomaly(
        "SCHEMA_NEW_COLUMN",
        "columns",
        "New column",
        f"The column ({type_name(found.type)}) is not in the schema.",
        "Add the feature to the schema, or take the column out at the source.",
        feature=found.name,
        n=found.examples,
        suggested=suggested,
    )


def no_values(wanted: schema_pb2.Feature, found: Observed) -> Anomaly:
    """A required column without a single value."""
    return Anomaly(
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
        suggested=(_deprecated(wanted),),
    )


def environment(case: Case) -> Iterator[Anomaly]:
    """A column where the schema says that this environment has none."""
    if case.environment and not case.in_environment:
        kept = [name for name in case.wanted.not_in_environment if name != case.environment]
        del case.wanted.not_in_environment[:]
        case.wanted.not_in_environment.extend(kept)
        case.wanted.in_environment.append(case.environment)
        yield case.anomaly(
            "SCHEMA_NEW_COLUMN",
            "columns",
            "New column",
            f"The column is there, and by the schema it is not one of the environment {case.environment!r}.",
            "Add the environment to the feature, or take the column out at the source.",
        )


def type_mismatch(case: Case) -> Iterator[Anomaly]:
    """Values of another type than the schema says."""
    if case.found.type != case.wanted.type:
        has, wants = type_name(case.found.type), type_name(case.wanted.type)
        sample = list(case.found.counts)[:SAMPLES]
        shown = f", such as {quoted(sample)}" if sample else ""
        case.wanted.lifecycle_stage = schema_pb2.DEPRECATED
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
        least, wanted.min_count = wanted.min_count, found.present
        yield case.anomaly(
            "FEATURE_TYPE_LOW_NUMBER_PRESENT",
            "presence",
            "Too few values",
            f"{found.present:,} examples have a value; at least {least:,} are expected.",
            "Look for what empties the column at the source, or lower min_count.",
            observed=found.present,
            bound=least,
            relation=">=",
        )
    if found.share_present < wanted.min_fraction:
        share, wanted.min_fraction = wanted.min_fraction, found.share_present
        yield case.anomaly(
            "FEATURE_TYPE_LOW_FRACTION_PRESENT",
            "presence",
            "Missing values",
            f"{found.missing:,} of {found.examples:,} examples ({percent(found.missing, found.examples)}) have no "
            f"value; at least {100 * share:.6g} % are expected to have one.",
            "Look for what empties the column at the source, or lower min_fraction.",
            observed=found.share_present,
            bound=share,
            relation=">=",
        )


def number_of_values(case: Case) -> Iterator[Anomaly]:
    """Another number of values in an example, at any level of nested lists, than the schema wants."""
    wanted, levels = case.wanted, case.found.levels
    member = wanted.WhichOneof("shape_type")
    if member == "shape":
        yield from _shape(case)
    if member not in ("value_count", "value_counts"):
        return
    counts = [wanted.value_count] if member == "value_count" else list(wanted.value_counts.value_count)
    if len(counts) != len(levels):
        wanted.ClearField(member)
        set_value_count(wanted, case.found)
        yield case.anomaly(
            "VALUE_NESTEDNESS_MISMATCH",
            "presence",
            "Other nesting",
            f"The values are lists nested {len(levels)} deep; the schema counts values {len(counts)} deep ({member}).",
            "Find what changed at the source, or write value_counts with one value_count for each level.",
        )
        return
    for level, (count, (least, most)) in enumerate(zip(counts, levels, strict=True)):
        where = f" at level {level}" if len(levels) > 1 else ""
        if count.HasField("min") and least < count.min:
            bound = count.min
            count.min = least
            if not least:
                count.ClearField("min")
            yield case.anomaly(
                "FEATURE_TYPE_LOW_NUMBER_VALUES",
                "presence",
                "Too few values in an example",
                f"Some examples have {least} values{where}; at least {bound} are expected.",
                f"Look at the source, or lower {member}.min.",
                observed=least,
                bound=bound,
                relation=">=",
            )
        if count.HasField("max") and most > count.max:
            bound, count.max = count.max, most
            yield case.anomaly(
                "FEATURE_TYPE_HIGH_NUMBER_VALUES",
                "presence",
                "Too many values in an example",
                f"Some examples have {most} values{where}; at most {bound} are expected.",
                f"Look at the source, or raise {member}.max.",
                observed=most,
                bound=bound,
                relation="<=",
            )


def _shape(case: Case) -> Iterator[Anomaly]:
    found = case.found
    size = math.prod(dim.size for dim in case.wanted.shape.dim)
    missing = any(found.missing_nested or (found.missing,))
    fixed = all(least == most for least, most in found.levels)
    if missing or not fixed or math.prod(least for least, _ in found.levels) != size:
        case.wanted.ClearField("shape")
        yield case.anomaly(
            "INVALID_FEATURE_SHAPE",
            "presence",
            "Shape does not fit",
            f"The schema gives the feature a fixed shape of {size} values, but {found.missing:,} examples have "
            f"none and the others from {found.min_values} to {found.max_values}.",
            "Take the shape out of the schema, or fill in the missing values at the source.",
        )


def unique_values(case: Case) -> Iterator[Anomaly]:
    """Fewer or more distinct values than the schema wants."""
    if not case.wanted.HasField("unique_constraints"):
        return
    wanted, unique = case.wanted.unique_constraints, case.found.unique
    if not case.found.counted:
        case.wanted.ClearField("unique_constraints")
        yield case.anomaly(
            "FEATURE_TYPE_NO_UNIQUE",
            "domains",
            "Not counted",
            "The schema bounds the number of distinct values, which are only counted of strings.",
            "Take unique_constraints out of the schema.",
        )
        return
    for member, type_, wrong in (
        ("min", "FEATURE_TYPE_LOW_UNIQUE", unique < wanted.min),
        ("max", "FEATURE_TYPE_HIGH_UNIQUE", wanted.HasField("max") and unique > wanted.max),
    ):
        if wrong:
            bound = getattr(wanted, member)
            setattr(wanted, member, unique)
            yield case.anomaly(
                type_,
                "domains",
                "Other number of distinct values",
                f"There are {unique:,} distinct values; at {'least' if member == 'min' else 'most'} {bound:,} are "
                "expected.",
                f"Look at the source, or change unique_constraints.{member}.",
                observed=unique,
                bound=bound,
                relation=">=" if member == "min" else "<=",
            )


def derived(case: Case) -> Iterator[Anomaly]:
    """A feature that is made of others, of which the schema does not say so."""
    wanted = case.wanted
    if case.found.derived_source and not wanted.HasField("validation_derived_source"):
        text_format.Parse(case.found.derived_source, wanted.validation_derived_source)
        wanted.lifecycle_stage = schema_pb2.VALIDATION_DERIVED
        yield case.anomaly(
            "DERIVED_FEATURE_INVALID_SOURCE",
            "columns",
            "Derived feature",
            "The feature is derived from others, which the schema does not say.",
            "Add validation_derived_source to the feature.",
        )
    if wanted.HasField("validation_derived_source") and wanted.lifecycle_stage != schema_pb2.VALIDATION_DERIVED:
        wanted.lifecycle_stage = schema_pb2.VALIDATION_DERIVED
        yield case.anomaly(
            "DERIVED_FEATURE_BAD_LIFECYCLE",
            "columns",
            "Derived feature",
            "The feature is derived from others, and its lifecycle_stage is not VALIDATION_DERIVED.",
            "Set the stage in the schema.",
        )


def _deprecated(wanted: schema_pb2.Feature) -> schema_pb2.Feature:
    feature = schema_pb2.Feature()
    feature.CopyFrom(wanted)
    feature.lifecycle_stage = schema_pb2.DEPRECATED
    return feature
