"""Checks of what the values are: domains and ranges."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Literal

from tensorflow_metadata.proto.v0 import schema_pb2

from penstock.data_validation.anomaly import SAMPLES, Anomaly, Case, percent, quoted

__all__ = ["bool_domain", "not_finite", "numeric_range", "string_domain", "utf8"]


def string_domain(case: Case) -> Iterator[Anomaly]:
    """Strings that the domain does not have, beyond the share that the schema tolerates."""
    found = case.found
    if case.domain is None or found.type != schema_pb2.BYTES:
        return
    tolerated = 1 - case.wanted.distribution_constraints.min_domain_mass
    unknown = {value: count for value, count in found.counts.items() if value not in case.domain}
    share = sum(unknown.values()) / found.values
    if share > tolerated or (unknown and tolerated == 0):
        sample = list(unknown)[:SAMPLES]
        listed = ", ".join(f"{value!r} ({percent(unknown[value], found.values)})" for value in sample)
        more = f" and {len(unknown) - len(sample):,} more" if len(unknown) > len(sample) else ""
        known = sorted(case.domain)[:SAMPLES]
        dots = ", ..." if len(case.domain) > len(known) else ""
        yield case.anomaly(
            "ENUM_TYPE_UNEXPECTED_STRING_VALUES",
            "domains",
            "Unexpected values",
            f"{listed}{more} of {found.values:,} values are not among the {len(case.domain):,} that the schema knows "
            f"({quoted(known)}{dots}).",
            "Correct them at the source, or add them to the domain.",
            observed=share,
            bound=tolerated,
            relation="<=",
            evidence={"samples": {value: unknown[value] for value in sample}, "unexpected": len(unknown)},
        )


def bool_domain(case: Case) -> Iterator[Anomaly]:
    """Values that are neither true nor false."""
    if not case.wanted.HasField("bool_domain"):
        return
    found, domain = case.found, case.wanted.bool_domain
    advice = "Correct them at the source, or give the feature another domain."
    if found.type == schema_pb2.BYTES:
        allowed = {getattr(domain, member) for member in ("true_value", "false_value") if domain.HasField(member)}
        sample = [value for value in found.counts if value not in allowed][:SAMPLES]
        if sample:
            yield case.anomaly(
                "BOOL_TYPE_UNEXPECTED_STRING",
                "domains",
                "Not boolean",
                f"There are values such as {quoted(sample)}; only {quoted(sorted(allowed))} are expected.",
                advice,
                evidence={"samples": sample},
            )
    elif found.low < 0 or found.high > 1:
        type_ = "BOOL_TYPE_SMALL_INT" if found.low < 0 else "BOOL_TYPE_BIG_INT"
        if found.type == schema_pb2.FLOAT:
            type_ = "BOOL_TYPE_UNEXPECTED_FLOAT"
        value = found.low if found.low < 0 else found.high
        text = f"There are numbers such as {value:g}; only 0 and 1 are expected."
        yield case.anomaly(type_, "domains", "Not boolean", text, advice)


def utf8(case: Case) -> Iterator[Anomaly]:
    """Bytes where the schema has a domain of strings."""
    if case.domain is not None and case.found.invalid_utf8:
        yield case.anomaly(
            "ENUM_TYPE_INVALID_UTF8",
            "domains",
            "Not UTF-8",
            f"{case.found.invalid_utf8:,} strings are not UTF-8.",
            "Convert the source to UTF-8.",
        )


def numeric_range(case: Case) -> Iterator[Anomaly]:
    """Numbers, or strings that read as numbers, outside of the schema's range."""
    for member, low_type, high_type in (
        ("int_domain", "INT_TYPE_SMALL_INT", "INT_TYPE_BIG_INT"),
        ("float_domain", "FLOAT_TYPE_SMALL_FLOAT", "FLOAT_TYPE_BIG_FLOAT"),
    ):
        if not case.wanted.HasField(member):
            continue
        domain, low, high = getattr(case.wanted, member), case.found.low, case.found.high
        if case.found.type == schema_pb2.BYTES:
            parse = _integer if member == "int_domain" else _float
            numbers = {value: parse(value) for value in case.found.counts}
            wrong = [value for value, number in numbers.items() if number is None][:SAMPLES]
            if wrong:
                yield _not_a_number(case, member, wrong)
                continue
            parsed = [number for number in numbers.values() if number is not None]
            low, high = min(parsed, default=math.nan), max(parsed, default=math.nan)
        if domain.HasField("min") and low < domain.min:
            yield _out_of_range(case, low_type, low, domain.min, ">=")
        if domain.HasField("max") and high > domain.max:
            yield _out_of_range(case, high_type, high, domain.max, "<=")


def not_finite(case: Case) -> Iterator[Anomaly]:
    """NaN and infinities where the schema does not allow them."""
    domain, found = case.wanted.float_domain, case.found
    if domain.disallow_nan and found.nan:
        yield case.anomaly(
            "FLOAT_TYPE_HAS_NAN",
            "ranges",
            "NaN",
            f"{found.nan:,} values are NaN, which the schema does not allow.",
            "Write missing values as empty at the source.",
            observed=found.nan,
            bound=0,
            relation="<=",
        )
    if domain.disallow_inf and (math.isinf(found.low) or math.isinf(found.high)):
        yield case.anomaly(
            "FLOAT_TYPE_HAS_INF",
            "ranges",
            "Infinite",
            "There are infinite values, which the schema does not allow.",
            "Look for a division by zero at the source.",
        )


def _not_a_number(case: Case, member: str, wrong: list[str]) -> Anomaly:
    whole = member == "int_domain"
    return case.anomaly(
        "INT_TYPE_NOT_INT_STRING" if whole else "FLOAT_TYPE_STRING_NOT_FLOAT",
        "domains",
        "Not a number",
        f"There are values such as {quoted(wrong)}; only {'whole numbers' if whole else 'numbers'} are expected.",
        f"Correct them at the source, or take the {member} out of the schema.",
        evidence={"samples": wrong},
    )


def _out_of_range(case: Case, type_: str, value: float, bound: float, relation: Literal["<=", ">="]) -> Anomaly:
    side = "least" if relation == ">=" else "greatest"
    return case.anomaly(
        type_,
        "ranges",
        "Out of range",
        f"The {side} value is {value:.10g}; it should be {relation} {bound:.10g}.",
        "Look for a wrong unit or a sentinel value at the source, or widen the range in the schema.",
        observed=value,
        bound=bound,
        relation=relation,
    )


def _integer(text: str) -> float | None:
    return float(int(text)) if re.fullmatch(r"\s*[+-]?[0-9]+\s*", text) else None


def _float(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
