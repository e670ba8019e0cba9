"""What a validation compares with what: drift with an earlier span, skew with data as it is served."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from tensorflow_metadata.proto.v0 import schema_pb2, statistics_pb2

from penstock.artifacts import ExampleStatistics
from penstock.data_validation.bounds import DriftBound
from penstock.data_validation.files import read_statistics
from penstock.data_validation.observed import observed_features
from penstock.data_validation.validation import Comparison
from penstock.errors import UsageError, did_you_mean

__all__ = ["baselines", "bounds_of", "comparisons", "environments_of"]

Datasets = Mapping[str, statistics_pb2.DatasetFeatureStatistics]


def comparisons(
    datasets: Datasets,
    schema: schema_pb2.Schema,
    drift: Mapping[str, DriftBound],
    skew: Mapping[str, DriftBound],
    baseline: ExampleStatistics | None,
    serving: ExampleStatistics | None,
    serving_split: str,
    node: str,
) -> list[Comparison]:
    """The comparisons that bounds ask for; those of the schema count where none are given for a feature.

    Args:
        datasets: Statistics of the splits at hand.
        schema: The schema; a bounded feature is in it or in the data.
        drift: Bounds on drift, by feature.
        skew: Bounds on skew, by feature.
        baseline: Statistics of an earlier span or run.
        serving: Statistics of data as it is served.
        serving_split: The split that holds data as it is served, there or here.
        node: The node's id, for messages.

    Raises:
        UsageError: A bound is on a feature that neither the schema nor the data has.
    """
    _check_features(datasets, schema, drift, "drift", node)
    _check_features(datasets, schema, skew, "skew", node)
    set_by = {what: bounds_of(schema, f"{what}_comparator") for what in ("drift", "skew")}
    found = [
        *_drift(datasets, {**set_by["drift"], **drift}, baseline),
        *_skew(datasets, {**set_by["skew"], **skew}, serving, serving_split),
    ]
    configured = {"drift": drift, "skew": skew}
    return [replace(one, in_schema=frozenset(set_by[one.what]) - configured[one.what].keys()) for one in found]


def bounds_of(schema: schema_pb2.Schema, member: str) -> dict[str, DriftBound]:
    """The bounds that a schema sets, by feature; ``member`` is ``drift_comparator`` or ``skew_comparator``."""
    found = {feature.name: DriftBound.of(getattr(feature, member)) for feature in schema.feature}
    return {name: bound for name, bound in found.items() if bound is not None}


def _drift(
    datasets: Datasets, bounds: Mapping[str, DriftBound], baseline: ExampleStatistics | None
) -> Iterator[Comparison]:
    if not bounds:
        return
    if baseline is None:
        why_not = "there is no earlier span or run to compare with yet."
        yield Comparison("drift", tuple(datasets), bounds, None, "", why_not)
        return
    for split in datasets:
        if split in baseline.splits:
            yield Comparison("drift", (split,), bounds, read_statistics(baseline, split), f"the earlier {split}")
        else:
            why_not = f"the earlier statistics have no split {split!r} to compare with."
            yield Comparison("drift", (split,), bounds, None, "", why_not)


def _skew(
    datasets: Datasets, bounds: Mapping[str, DriftBound], serving: ExampleStatistics | None, serving_split: str
) -> Iterator[Comparison]:
    if not bounds:
        return
    trained = next(split for split in datasets if split != serving_split or len(datasets) == 1)
    other, name = datasets.get(serving_split) if trained != serving_split else None, serving_split
    if serving is not None:
        name = serving_split if serving_split in serving.splits or not serving.splits else serving.splits[0]
        other = read_statistics(serving, name)
        name = f"the served {name}"
    why_not = "" if other is not None else f"there is no split {serving_split!r} of served data to compare with."
    yield Comparison("skew", (trained,), bounds, other, name, why_not)


def baselines(
    datasets: Datasets, baseline: ExampleStatistics | None
) -> dict[str, statistics_pb2.DatasetFeatureStatistics]:
    """The statistics of the same splits of earlier data, of those that it has."""
    if baseline is None:
        return {}
    return {split: read_statistics(baseline, split) for split in datasets if split in baseline.splits}


def environments_of(environments: Mapping[str, str], schema: schema_pb2.Schema, node: str) -> Mapping[str, str]:
    """The environments of splits, each of which the schema knows.

    Raises:
        UsageError: The schema does not have an environment.
    """
    named = {name for one in schema.feature for name in (*one.in_environment, *one.not_in_environment)}
    known = {*schema.default_environment, *named}
    for split, environment in environments.items():
        if environment not in known:
            raise UsageError(
                f"Node {node} takes the split {split!r} to be of the environment {environment!r}, which the schema "
                "does not have.",
                hint=did_you_mean(environment, known) or f"Add default_environment: {environment!r} to the schema.",
                node=node,
                argument="environments",
            )
    return environments


def _check_features(
    datasets: Datasets, schema: schema_pb2.Schema, bounds: Mapping[str, DriftBound], argument: str, node: str
) -> None:
    known = {feature.name for feature in schema.feature}
    for dataset in datasets.values():
        known.update(observed_features(dataset))
    for feature in bounds:
        if feature not in known:
            raise UsageError(
                f"Node {node} bounds the {argument} of {feature!r}, which neither the schema nor the data has.",
                hint=did_you_mean(feature, known),
                node=node,
                argument=argument,
            )
