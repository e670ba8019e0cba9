"""Statistics held against a schema: `find_anomalies`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from tensorflow_metadata.proto.v0 import schema_pb2, statistics_pb2

from penstock.data_validation import structure_checks, value_checks
from penstock.data_validation.anomaly import Anomaly, Case
from penstock.data_validation.observed import observed_features

__all__ = ["find_anomalies"]

_Check = Callable[[Case], Iterator[Anomaly]]

_STRUCTURE: Final[tuple[_Check, ...]] = (
    structure_checks.type_mismatch,
    structure_checks.presence,
    structure_checks.number_of_values,
)
_VALUES: Final[tuple[_Check, ...]] = (
    value_checks.string_domain,
    value_checks.bool_domain,
    value_checks.utf8,
    value_checks.numeric_range,
    value_checks.not_finite,
)

_UNCHECKED: Final = frozenset(
    {schema_pb2.DEPRECATED, schema_pb2.PLANNED, schema_pb2.ALPHA, schema_pb2.DEBUG_ONLY, schema_pb2.DISABLED}
)
"""Stages of a feature's life in which the data need not fit."""


def find_anomalies(dataset: statistics_pb2.DatasetFeatureStatistics, schema: schema_pb2.Schema) -> Iterator[Anomaly]:
    """Every way in which a dataset's statistics do not fit the schema, in the order of the schema's features.

    An empty dataset is one anomaly, and nothing more is looked at. What the values of a feature are is only looked at
    when they are of the schema's type.
    """
    yield from structure_checks.dataset_size(dataset, schema)
    if dataset.num_examples == 0:
        return
    features = observed_features(dataset)
    domains = {domain.name: frozenset(domain.value) for domain in schema.string_domain}
    for wanted in schema.feature:
        if wanted.deprecated or wanted.lifecycle_stage in _UNCHECKED:
            continue
        found = features.get(wanted.name)
        if found is None:
            yield from structure_checks.missing_column(wanted, int(dataset.num_examples))
        elif not found.present:
            yield from structure_checks.no_values(wanted, found)
        else:
            case = Case(wanted, found, _domain(wanted, domains))
            for check in (*_STRUCTURE, *(_VALUES if found.type == wanted.type else ())):
                yield from check(case)
    known = {feature.name for feature in schema.feature}
    for name, found in features.items():
        if name not in known:
            yield structure_checks.new_column(found)


def _domain(wanted: schema_pb2.Feature, domains: Mapping[str, frozenset[str]]) -> frozenset[str] | None:
    if wanted.HasField("domain"):
        return domains[wanted.domain]
    return frozenset(wanted.string_domain.value) if wanted.HasField("string_domain") else None
