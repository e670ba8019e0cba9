"""A schema: what every feature must be, the domains of strings, the environments."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from tensorflow_metadata.proto.v0 import schema_pb2

from penstock.artifacts import Artifact, Schema
from penstock.data_validation.files import read_schema
from penstock.views.view import Cell, Row, Table, View, cut, shown, url_of

__all__ = ["features_of", "make"]

MOST_FEATURES: Final = 2000
MOST_VALUES: Final = 50

_TOLD: Final = {
    "name", "type", "deprecated", "lifecycle_stage", "presence", "shape", "value_count", "value_counts", "domain",
    "in_environment", "not_in_environment", "skew_comparator", "drift_comparator", "annotation",
}  # fmt: skip
"""Fields of a feature that have a column; domains and the like are told of in words."""


def make(artifact: Artifact, links: Mapping[str, str]) -> View:
    """The view of a `Schema`."""
    assert isinstance(artifact, Schema)
    schema = read_schema(artifact)
    features = features_of(schema)
    domains = [
        {
            "name": domain.name,
            "count": len(domain.value),
            "values": [cut(value, 120) for value in domain.value[:MOST_VALUES]],
            "used_by": [feature.name for feature in schema.feature if feature.domain == domain.name],
        }
        for domain in schema.string_domain
    ]
    environments = list(schema.default_environment)
    data = {"features": features[:MOST_FEATURES], "domains": domains, "default_environments": environments}
    notes = (f"Default environments: {', '.join(environments)}.",) if environments else ()
    return View("schema", "Schema", data, tuple(_tables(features, domains, links)), notes)


def features_of(schema: schema_pb2.Schema) -> list[dict[str, Any]]:
    """What a schema says of each feature, those inside of others after them."""
    domains = {domain.name: domain for domain in schema.string_domain}
    return [_told(name, feature, domains) for name, feature in _features(schema.feature)]


def _features(features: Iterable[schema_pb2.Feature], inside: str = "") -> Iterator[tuple[str, schema_pb2.Feature]]:
    for feature in features:
        name = f"{inside}{feature.name}"
        yield name, feature
        yield from _features(feature.struct_domain.feature, f"{name}.")


def _told(name: str, feature: schema_pb2.Feature, domains: Mapping[str, schema_pb2.StringDomain]) -> dict[str, Any]:
    stage = schema_pb2.LifecycleStage.Name(feature.lifecycle_stage)
    return {
        "name": name,
        "type": schema_pb2.FeatureType.Name(feature.type),
        "stage": "deprecated" if feature.deprecated else ("" if stage == "UNKNOWN_STAGE" else stage.lower()),
        "presence": _presence(feature),
        "values": _number_of_values(feature),
        "domain": _domain(feature, domains),
        "environments": ", ".join([*feature.in_environment, *(f"not {one}" for one in feature.not_in_environment)]),
        "bounds": "; ".join(_bounds(feature)),
    }


def _presence(feature: schema_pb2.Feature) -> str:
    presence = feature.presence
    if not feature.HasField("presence"):
        return ""
    told = []
    if presence.min_fraction:
        told.append("required" if presence.min_fraction == 1 else f"in {100 * presence.min_fraction:.4g} % of rows")
    if presence.min_count:
        told.append(f"in {presence.min_count:,} rows or more" if presence.min_count > 1 else "")
    return ", ".join(filter(None, told)) or "optional"


def _number_of_values(feature: schema_pb2.Feature) -> str:
    if feature.HasField("shape"):
        return f"shape ({', '.join(str(one.size) for one in feature.shape.dim)})" if feature.shape.dim else "scalar"
    counts = list(feature.value_counts.value_count) or (
        [feature.value_count] if feature.HasField("value_count") else []
    )
    return ", each ".join(_between(count.min or None, count.max or None) for count in counts)


def _between(low: float | None, high: float | None) -> str:
    if low is not None and high is not None:
        return shown(low) if low == high else f"{shown(low)} to {shown(high)}"
    if low is None and high is None:
        return "any"
    return f"{shown(low)} or more" if high is None else f"up to {shown(high)}"


def _domain(feature: schema_pb2.Feature, domains: Mapping[str, schema_pb2.StringDomain]) -> str:
    kind = feature.WhichOneof("domain_info")
    if kind is None:
        return ""
    if kind in ("domain", "string_domain"):
        domain = domains.get(feature.domain) if kind == "domain" else feature.string_domain
        values = list(domain.value) if domain is not None else []
        name = f"{feature.domain}: " if kind == "domain" else ""
        listed = ", ".join(repr(cut(value, 40)) for value in values[:6])
        return f"{name}{listed}{f' and {len(values) - 6:,} more' if len(values) > 6 else ''}"
    domain = getattr(feature, kind)
    if kind in ("int_domain", "float_domain"):
        bounds = [getattr(domain, one) if domain.HasField(one) else None for one in ("min", "max")]
        flags = ["categorical"] if domain.is_categorical else []
        flags += [
            text
            for one, text in (("disallow_nan", "no NaN"), ("disallow_inf", "no infinity"))
            if getattr(domain, one, False)
        ]
        return ", ".join([_between(*bounds), *flags])
    text = " ".join(str(domain).split())
    name = kind.removesuffix("_domain").replace("_", " ")
    return f"{name}: {cut(text, 200)}" if text and kind != "struct_domain" else name


def _bounds(feature: schema_pb2.Feature) -> Iterator[str]:
    for what in ("drift", "skew"):
        comparator = getattr(feature, f"{what}_comparator")
        for one, text in (
            ("infinity_norm", "L-infinity"),
            ("jensen_shannon_divergence", "Jensen-Shannon"),
            ("normalized_abs_difference", "normalised difference"),
        ):
            if one in comparator.DESCRIPTOR.fields_by_name and comparator.HasField(one):
                yield f"{what} {text} <= {getattr(comparator, one).threshold:g}"
    for field, value in feature.ListFields():
        if field.name not in _TOLD and not field.name.endswith("_domain"):
            yield f"{field.name} {' '.join(str(value).split())}"


def _tables(features: list[dict[str, Any]], domains: list[dict[str, Any]], links: Mapping[str, str]) -> Iterator[Table]:
    optional = [
        one for one in ("stage", "values", "domain", "environments", "bounds") if any(row[one] for row in features)
    ]
    titles = {"values": "values each", "bounds": "held to"}
    rows: list[Row] = [
        (
            Cell(one["name"], link=url_of(links, "statistics", one["name"])),
            one["type"],
            one["presence"],
            *(one[name] for name in optional),
        )
        for one in features[:MOST_FEATURES]
    ]
    headers = ("feature", "type", "presence", *(titles.get(one, one) for one in optional))
    yield Table("Features", headers, tuple(rows), left_out=max(0, len(features) - MOST_FEATURES))
    if domains:
        yield Table(
            "Domains of strings",
            ("domain", "values", "first values", "used by"),
            tuple(
                (one["name"], one["count"], ", ".join(map(repr, one["values"])), ", ".join(one["used_by"]))
                for one in domains
            ),
            ("values",),
        )
