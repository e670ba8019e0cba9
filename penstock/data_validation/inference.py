"""A schema from statistics, by the rules that TensorFlow Data Validation has for features and lists of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Final

from tensorflow_metadata.proto.v0 import schema_pb2, statistics_pb2

from penstock.data_validation.observed import Observed, observed_features, type_name
from penstock.data_validation.semantic_checks import found_domain
from penstock.data_validation.value_checks import parsed_integer
from penstock.data_validation.value_counts import set_shape, set_value_count
from penstock.errors import DataError

__all__ = ["MAX_STRING_DOMAIN", "add_feature", "infer_schema"]

MAX_STRING_DOMAIN: Final = 100
"""A string feature with at most so many distinct values gets a domain of them."""

_TRUE: Final = ("TRUE", "true", "SET", "set", "1", "")
_FALSE: Final = ("FALSE", "false", "CLEAR", "clear", "0")


def infer_schema(
    datasets: Iterable[statistics_pb2.DatasetFeatureStatistics],
    *,
    infer_feature_shape: bool = False,
    max_string_domain: int = MAX_STRING_DOMAIN,
) -> schema_pb2.Schema:
    """The narrowest schema of the usual form that all the datasets fit.

    A feature that every example has is required everywhere (``min_fraction: 1``), another one must be there at least
    once, unless one of the datasets does without it. Features with a fixed number of values say so. Strings get the
    domain of their values if these are few, are called boolean if they are words for true and false, and integers if
    all of them read as one; an INT feature of 0 and 1 is boolean.

    Args:
        datasets: Statistics of the splits, each as a whole.
        infer_feature_shape: Give a feature that every example has a fixed shape, which turns it into a dense tensor.
        max_string_domain: See `MAX_STRING_DOMAIN`.

    Raises:
        DataError: A feature is of one type in one dataset and of another in the next; names both.
    """
    schema = schema_pb2.Schema()
    known = list(datasets)
    optional = _absent_somewhere(known)
    for feature in _joined(known):
        add_feature(schema, feature, infer_feature_shape=infer_feature_shape, max_string_domain=max_string_domain)
        if feature.name in optional:
            schema.feature[-1].presence.min_count = 0
    return schema


def add_feature(
    schema: schema_pb2.Schema,
    feature: Observed,
    *,
    infer_feature_shape: bool = False,
    max_string_domain: int = MAX_STRING_DOMAIN,
) -> None:
    """Adds a feature to the schema as what was observed of it, and the domain of its values; see `infer_schema`."""
    added = schema.feature.add(name=feature.name, type=feature.type)
    _presence(feature, added, infer_feature_shape=infer_feature_shape)
    if (meant := found_domain(feature)) is not None:
        added.MergeFrom(meant)
    elif feature.invalid_utf8 or feature.is_bytes:
        return
    elif boolean := _boolean_domain(feature):
        added.bool_domain.CopyFrom(boolean)
    elif _all_integers(feature):
        added.int_domain.SetInParent()
    elif feature.counts and feature.unique <= max_string_domain:
        taken = {domain.name for domain in schema.string_domain}
        names = (feature.name, *(f"{feature.name}{number}" for number in range(2, len(taken) + 3)))
        added.domain = next(name for name in names if name not in taken)
        schema.string_domain.add(name=added.domain, value=sorted(feature.counts, key=str.encode))


def _presence(feature: Observed, added: schema_pb2.Feature, *, infer_feature_shape: bool) -> None:
    added.presence.min_count = 1 if feature.present else 0
    if not feature.present:
        return
    if not feature.missing:
        added.presence.min_fraction = 1.0
    if not (infer_feature_shape and set_shape(added, feature)):
        set_value_count(added, feature)


def _boolean_domain(feature: Observed) -> schema_pb2.BoolDomain | None:
    if feature.type == schema_pb2.INT:
        return schema_pb2.BoolDomain() if feature.low >= 0 and feature.high == 1 else None
    if not feature.counts or feature.unique > 2:
        return None
    true, false = ([value for value in feature.counts if value in words] for words in (_TRUE, _FALSE))
    if len(true) > 1 or len(false) > 1 or len(true) + len(false) < feature.unique:
        return None
    domain = schema_pb2.BoolDomain()
    if true:
        domain.true_value = true[0]
    if false:
        domain.false_value = false[0]
    return domain


def _all_integers(feature: Observed) -> bool:
    if feature.type != schema_pb2.BYTES or not feature.counts:
        return False
    return all(parsed_integer(value) is not None for value in feature.counts)


def _absent_somewhere(datasets: list[statistics_pb2.DatasetFeatureStatistics]) -> set[str]:
    """Features without any value in a dataset that has examples: a rare value may fall into one split only."""
    present = [
        {name for name, feature in observed_features(dataset).items() if feature.present}
        for dataset in datasets
        if dataset.num_examples
    ]
    return {name for names in present for name in names if not all(name in others for others in present)}


def _joined(datasets: list[statistics_pb2.DatasetFeatureStatistics]) -> list[Observed]:
    """The features of all datasets as if these were one, in the order of first appearance."""
    joined: dict[str, Observed] = {}
    origin: dict[str, str] = {}
    seen = 0
    for dataset in datasets:
        features = {name: one for name, one in observed_features(dataset).items() if not one.composite}
        for name in [*joined, *(name for name in features if name not in joined)]:
            before = joined.get(name) or Observed(name, features[name].type, seen, missing=seen)
            now = features.get(name) or Observed(
                name, before.type, int(dataset.num_examples), missing=int(dataset.num_examples)
            )
            if before.present and now.present and before.type != now.type:
                raise DataError(
                    f"The feature {name!r} is {type_name(before.type)} in the split {origin[name]!r} "
                    f"and {type_name(now.type)} in {dataset.name!r}.",
                    hint="Ingest the splits together, so that a column has one type.",
                    column=name,
                )
            joined[name] = _join(before, now)
            if now.present:
                origin.setdefault(name, dataset.name)
        seen += int(dataset.num_examples)
    return list(joined.values())


def _join(one: Observed, other: Observed) -> Observed:
    if not (one.present and other.present):
        known = one if one.present else other
        least, most = known.min_values, known.max_values
    else:
        known = one
        least, most = min(one.min_values, other.min_values), max(one.max_values, other.max_values)
    counts = {value: one.counts.get(value, 0) + other.counts.get(value, 0) for value in {**one.counts, **other.counts}}
    return Observed(
        name=one.name,
        type=known.type,
        examples=one.examples + other.examples,
        present=one.present + other.present,
        missing=one.missing + other.missing,
        values=one.values + other.values,
        min_values=least,
        max_values=most,
        # Exact while both rankings are complete; otherwise only known to be at least this many.
        unique=max(len(counts), one.unique, other.unique),
        counts=counts,
        low=_extreme(min, one.low, other.low),
        high=_extreme(max, one.high, other.high),
        nan=one.nan + other.nan,
        invalid_utf8=one.invalid_utf8 + other.invalid_utf8,
        nested=_nested(one, other),
        missing_nested=tuple(map(sum, zip(one.missing_nested, other.missing_nested, strict=False)))
        if one.present and other.present
        else known.missing_nested,
        counted=one.counted or other.counted,
        is_bytes=one.is_bytes or other.is_bytes,
        max_bytes=max(one.max_bytes, other.max_bytes),
        custom=one.custom or other.custom,
        derived_source=one.derived_source or other.derived_source,
    )


def _nested(one: Observed, other: Observed) -> tuple[tuple[int, int], ...]:
    if not (one.present and other.present):
        return one.nested if one.present else other.nested
    pairs = zip(one.nested, other.nested, strict=False)
    return tuple((min(a[0], b[0]), max(a[1], b[1])) for a, b in pairs)


def _extreme(choose: Callable[[list[float]], float], one: float, other: float) -> float:
    numbers = [number for number in (one, other) if not math.isnan(number)]
    return choose(numbers) if numbers else math.nan
