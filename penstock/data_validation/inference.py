"""A schema from statistics, by the rules that TensorFlow Data Validation has for flat features."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from typing import Final

from tensorflow_metadata.proto.v0 import schema_pb2, statistics_pb2

from penstock.data_validation.observed import Observed, observed_features, type_name
from penstock.errors import DataError

__all__ = ["MAX_STRING_DOMAIN", "infer_schema"]

MAX_STRING_DOMAIN: Final = 100
"""A string feature with at most so many distinct values gets a domain of them."""

_TRUE: Final = ("TRUE", "true", "SET", "set", "1", "")
_FALSE: Final = ("FALSE", "false", "CLEAR", "clear", "0")

_INT64: Final = re.compile(r"\s*[+-]?[0-9]+\s*")


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
        added = schema.feature.add(name=feature.name, type=feature.type)
        _presence(feature, added, infer_feature_shape=infer_feature_shape)
        if feature.name in optional:
            added.presence.min_count = 0
        if feature.invalid_utf8:
            continue
        if boolean := _boolean_domain(feature):
            added.bool_domain.CopyFrom(boolean)
        elif _all_integers(feature):
            added.int_domain.SetInParent()
        elif feature.counts and feature.unique <= max_string_domain:
            added.domain = feature.name
            schema.string_domain.add(name=feature.name, value=sorted(feature.counts, key=str.encode))
    return schema


def _presence(feature: Observed, added: schema_pb2.Feature, *, infer_feature_shape: bool) -> None:
    added.presence.min_count = 1 if feature.present else 0
    if not feature.present:
        return
    if not feature.missing:
        added.presence.min_fraction = 1.0
    fixed = feature.min_values == feature.max_values
    if infer_feature_shape and fixed and not feature.missing:
        added.shape.dim.add(size=feature.min_values)
    elif feature.min_values:
        added.value_count.min = feature.min_values if fixed else 1
        if fixed:
            added.value_count.max = feature.max_values


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
    return all(_INT64.fullmatch(value) and -(2**63) <= int(value) < 2**63 for value in feature.counts)


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
        features = observed_features(dataset)
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
    )


def _extreme(choose: Callable[[list[float]], float], one: float, other: float) -> float:
    numbers = [number for number in (one, other) if not math.isnan(number)]
    return choose(numbers) if numbers else math.nan
