"""Statistics held against a schema: `find_anomalies`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Final

from tensorflow_metadata.proto.v0 import schema_pb2, statistics_pb2

from penstock.data_validation import schema_checks, semantic_checks, structure_checks, value_checks
from penstock.data_validation.anomaly import Anomaly, Case
from penstock.data_validation.changes import Entry
from penstock.data_validation.composite_checks import composite
from penstock.data_validation.inference import add_feature
from penstock.data_validation.observed import Observed, observed_features

__all__ = ["find_anomalies"]

_Check = Callable[[Case], Iterator[Anomaly]]

_CHECKS: Final[tuple[_Check, ...]] = (
    structure_checks.environment,
    structure_checks.number_of_values,
    structure_checks.presence,
    structure_checks.type_mismatch,
    value_checks.bytes_domain,
    value_checks.string_domain,
    value_checks.bool_domain,
    value_checks.not_finite,
    value_checks.numeric_range,
    semantic_checks.semantic_update,
    semantic_checks.image_domain,
    semantic_checks.natural_language,
    structure_checks.unique_values,
    structure_checks.derived,
)

_UNCHECKED: Final = frozenset(
    {schema_pb2.DEPRECATED, schema_pb2.PLANNED, schema_pb2.ALPHA, schema_pb2.DEBUG_ONLY, schema_pb2.DISABLED}
)
"""Stages of a feature's life in which the data need not fit."""


def find_anomalies(
    dataset: statistics_pb2.DatasetFeatureStatistics,
    schema: schema_pb2.Schema,
    *,
    environment: str = "",
    before: statistics_pb2.DatasetFeatureStatistics | None = None,
) -> Iterator[Anomaly]:
    """Every way in which a dataset's statistics do not fit the schema, in the order of the schema's features.

    An empty dataset is one anomaly, and nothing more is looked at.

    Args:
        dataset: The statistics.
        schema: What they must fit.
        environment: The environment that the data is of: which features must be there depends on it. Empty for data
            that must have them all.
        before: Statistics of earlier data, whose number of examples the schema may set bounds by.
    """
    yield from structure_checks.dataset_size(dataset, schema, before)
    if dataset.num_examples == 0:
        return
    features = observed_features(dataset)
    domains = {domain.name: domain for domain in schema.string_domain}
    for wanted in schema.feature:
        if not (wanted.deprecated or wanted.lifecycle_stage in _UNCHECKED):
            yield from _feature(_case(wanted, features.get(wanted.name), domains, schema, environment), features)
    yield from composite(schema, features, _UNCHECKED)
    for name, found in features.items():
        if name not in _names(schema):
            yield structure_checks.new_column(found, _described(found, schema))


def _names(schema: schema_pb2.Schema) -> set[str]:
    return {one.name for kind in (schema.feature, schema.sparse_feature, schema.weighted_feature) for one in kind}


def _case(
    wanted: schema_pb2.Feature,
    found: Observed | None,
    domains: dict[str, schema_pb2.StringDomain],
    schema: schema_pb2.Schema,
    environment: str,
) -> Case:
    draft = schema_pb2.Feature()
    draft.CopyFrom(wanted)
    domain = draft.string_domain if draft.HasField("string_domain") else None
    if wanted.HasField("domain"):
        domain = schema_pb2.StringDomain()
        domain.CopyFrom(domains[wanted.domain])
    belongs = not environment or environment in (*wanted.in_environment, *schema.default_environment)
    if environment in wanted.not_in_environment and environment not in wanted.in_environment:
        belongs = False
    return Case(draft, found or Observed(wanted.name, wanted.type, 0), domain, environment, belongs)


def _feature(case: Case, features: dict[str, Observed]) -> Iterator[Anomaly]:
    wanted, found = case.wanted, features.get(case.wanted.name)
    yield from _drafted(case, schema_checks.consistent)
    presence = wanted.presence
    required = case.in_environment and (presence.min_count > 0 or presence.min_fraction > 0)
    if found is None or not found.present:
        if required:
            examples = next(iter(features.values())).examples if features else 0
            yield (
                structure_checks.missing_column(wanted, examples)
                if found is None
                else structure_checks.no_values(wanted, found)
            )
        return
    for check in _CHECKS:
        yield from _drafted(case, check)


def _drafted(case: Case, check: _Check) -> Iterator[Anomaly]:
    """What a check finds, each with the schema's entries as the check has left them then."""
    for anomaly in check(case):
        yield replace(anomaly, suggested=case.entries)


def _described(found: Observed, schema: schema_pb2.Schema) -> tuple[Entry, ...]:
    """The entries that inference would make of a column."""
    grown = schema_pb2.Schema(string_domain=schema.string_domain)
    add_feature(grown, found)
    return *grown.feature, *grown.string_domain[len(schema.string_domain) :]
