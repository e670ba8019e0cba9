"""Checks of the schema itself: what it says of a feature that cannot be meant."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from tensorflow_metadata.proto.v0 import schema_pb2

from penstock.data_validation.anomaly import Anomaly, Case
from penstock.data_validation.observed import type_name

__all__ = ["consistent"]

_TYPES: Final = {
    "domain": ("BYTES",),
    "string_domain": ("BYTES",),
    "bool_domain": ("INT", "BYTES", "FLOAT"),
    "int_domain": ("INT", "BYTES"),
    "float_domain": ("FLOAT", "BYTES"),
    "struct_domain": ("STRUCT",),
    "natural_language_domain": ("BYTES", "INT"),
    "image_domain": ("BYTES",),
    "mid_domain": ("BYTES",),
    "url_domain": ("BYTES",),
    "time_domain": ("INT", "BYTES"),
}
"""The types that a feature of a domain may have."""

_CONSTRAINED: Final = ("domain", "string_domain")
"""The domains that distribution constraints are for."""


def consistent(case: Case) -> Iterator[Anomaly]:
    """Numbers that are out of their own bounds, and domains that are not ones of the feature's type."""
    for title, text in _numbers(case.wanted):
        yield case.anomaly("INVALID_SCHEMA_SPECIFICATION", "schema", title, text, "Correct it in the schema.")
    domain = case.wanted.WhichOneof("domain_info")
    allowed = _TYPES.get(domain or "")
    if allowed and type_name(case.wanted.type) not in allowed:
        case.wanted.ClearField(domain)
        yield case.anomaly(
            "DOMAIN_INVALID_FOR_TYPE",
            "schema",
            "Domain of another type",
            f"The schema gives a feature of type {type_name(case.wanted.type)} a {domain}, which is for "
            f"{' and '.join(allowed)}.",
            "Correct the type or the domain in the schema.",
        )
        domain = None
    if case.wanted.HasField("distribution_constraints") and domain not in _CONSTRAINED:
        case.wanted.ClearField("distribution_constraints")
        yield case.anomaly(
            "INVALID_SCHEMA_SPECIFICATION",
            "schema",
            "Constraint without a domain",
            "The schema has distribution_constraints, which are for a domain of strings, and the feature has none.",
            "Take them out of the schema, or give the feature a string_domain.",
        )
    if domain == "string_domain":
        values = list(case.wanted.string_domain.value)
        if len(set(values)) < len(values):  # TFDV corrects it too, but says nothing
            del case.wanted.string_domain.value[:]
            case.wanted.string_domain.value.extend(dict.fromkeys(values))


def _numbers(wanted: schema_pb2.Feature) -> Iterator[tuple[str, str]]:
    presence = wanted.presence
    if presence.min_fraction < 0:
        text = f"presence.min_fraction is {presence.min_fraction:g}; it lies between 0 and 1."
        presence.ClearField("min_fraction")
        yield "min_fraction is negative", text
    elif presence.min_fraction > 1:
        text = f"presence.min_fraction is {presence.min_fraction:g}; it lies between 0 and 1."
        presence.min_fraction = 1.0
        yield "min_fraction is greater than 1", text
    counts = [wanted.value_count] if wanted.HasField("value_count") else list(wanted.value_counts.value_count)
    for level, count in enumerate(counts):
        where = f"value_counts, level {level}" if wanted.HasField("value_counts") else "value_count"
        if count.min < 0:
            count.ClearField("min")
            yield "Negative number of values", f"{where}: min is negative."
        if count.HasField("max") and count.max < count.min:
            count.max = count.min
            yield "Greatest below least", f"{where}: max is less than min."
    if any(dim.size <= 0 for dim in wanted.shape.dim):
        wanted.ClearField("shape")
        yield "Shape without a size", "Each dim of a shape has a size of at least 1."
