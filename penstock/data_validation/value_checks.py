"""Checks of what the values are: domains and ranges."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from typing import Final, Literal

import numpy as np
from tensorflow_metadata.proto.v0 import schema_pb2

from penstock.data_validation.anomaly import SAMPLES, Anomaly, Case, percent, quoted

__all__ = ["bool_domain", "bytes_domain", "not_finite", "numeric_range", "parsed_integer", "string_domain"]

_OF_BYTES: Final = (None, "natural_language_domain", "image_domain", "url_domain")


def bytes_domain(case: Case) -> Iterator[Anomaly]:
    """A domain of text or numbers for what is known as bytes."""
    domain = case.wanted.WhichOneof("domain_info")
    if case.found.is_bytes and domain not in _OF_BYTES:
        case.wanted.ClearField(domain)
        yield case.anomaly(
            "DOMAIN_INVALID_FOR_TYPE",
            "schema",
            "Domain of another type",
            f"The values are bytes, which a {domain} is not for.",
            "Take the domain out of the schema, or write text at the source.",
        )


def string_domain(case: Case) -> Iterator[Anomaly]:
    """Strings that the domain does not have, beyond the share that the schema tolerates; and what is not UTF-8."""
    found = case.found
    if case.domain is None or case.wanted.WhichOneof("domain_info") not in ("domain", "string_domain"):
        return
    if found.invalid_utf8:
        case.wanted.ClearField(case.wanted.WhichOneof("domain_info"))
        yield case.anomaly(
            "ENUM_TYPE_INVALID_UTF8",
            "domains",
            "Not UTF-8",
            f"{found.invalid_utf8:,} strings are not UTF-8.",
            "Convert the source to UTF-8.",
        )
        return
    allowed = frozenset(case.domain.value)
    tolerated = 1 - case.wanted.distribution_constraints.min_domain_mass
    unknown = {value: count for value, count in found.counts.items() if value not in allowed}
    share = sum(unknown.values()) / found.values if found.values else 0.0
    if share > tolerated or (unknown and tolerated == 0):
        case.domain.value.extend(sorted(unknown))
        sample = list(unknown)[:SAMPLES]
        listed = ", ".join(f"{value!r} ({percent(unknown[value], found.values)})" for value in sample)
        more = f" and {len(unknown) - len(sample):,} more" if len(unknown) > len(sample) else ""
        known = sorted(allowed)[:SAMPLES]
        dots = ", ..." if len(allowed) > len(known) else ""
        yield case.anomaly(
            "ENUM_TYPE_UNEXPECTED_STRING_VALUES",
            "domains",
            "Unexpected values",
            f"{listed}{more} of {found.values:,} values are not among the {len(allowed):,} that the schema knows "
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
            case.wanted.ClearField("bool_domain")
            yield case.anomaly(
                "BOOL_TYPE_UNEXPECTED_STRING",
                "domains",
                "Not boolean",
                f"There are values such as {quoted(sample)}; only {quoted(sorted(allowed))} are expected.",
                advice,
                evidence={"samples": sample},
            )
        return
    is_float = found.type == schema_pb2.FLOAT
    value = next(_not_boolean(case), None)
    if value is None:
        return
    type_ = "BOOL_TYPE_SMALL_INT" if found.low < 0 else "BOOL_TYPE_BIG_INT"
    range_ = case.wanted.float_domain if is_float else case.wanted.int_domain
    if not math.isnan(found.low):
        range_.min, range_.max = (found.low, found.high) if is_float else (int(found.low), int(found.high))
    else:
        range_.SetInParent()
    text = f"There are numbers such as {value:g}; only 0 and 1 are expected."
    yield case.anomaly("BOOL_TYPE_UNEXPECTED_FLOAT" if is_float else type_, "domains", "Not boolean", text, advice)


def _not_boolean(case: Case) -> Iterator[float]:
    found = case.found
    if found.type == schema_pb2.INT:
        yield from (value for value in (found.low, found.high) if value < 0 or value > 1)
        return
    yield from (value for value in (found.low, found.high) if value not in (0, 1) and not math.isnan(value))
    if found.nan:
        yield math.nan
    for bucket in found.histogram.buckets if found.histogram is not None else ():
        if bucket.sample_count and bucket.low_value > 0 and bucket.high_value < 1:
            yield bucket.low_value


def numeric_range(case: Case) -> Iterator[Anomaly]:
    """Numbers, or strings that read as numbers, outside of the schema's range."""
    found = case.found
    for member, low_type, high_type in (
        ("int_domain", "INT_TYPE_SMALL_INT", "INT_TYPE_BIG_INT"),
        ("float_domain", "FLOAT_TYPE_SMALL_FLOAT", "FLOAT_TYPE_BIG_FLOAT"),
    ):
        if not case.wanted.HasField(member):
            continue
        domain, low, high, whole = getattr(case.wanted, member), found.low, found.high, member == "int_domain"
        if found.type == schema_pb2.BYTES:
            numbers = {value: (parsed_integer if whole else _float)(value) for value in found.counts}
            wrong = [value for value, number in numbers.items() if number is None][:SAMPLES]
            if wrong:
                case.wanted.ClearField(member)
                yield _not_a_number(case, member, wrong)
                continue
            low, high = _extremes(number for number in numbers.values() if number is not None)
        elif found.type != (schema_pb2.INT if whole else schema_pb2.FLOAT):
            continue
        if not whole:  # as precise as the schema's own numbers
            low, high = float(np.float32(low)), float(np.float32(high))
        if domain.HasField("min") and low < domain.min:
            bound, domain.min = domain.min, int(low) if whole else low
            yield _out_of_range(case, low_type, low, bound, ">=")
        if domain.HasField("max") and high > domain.max:
            bound, domain.max = domain.max, int(high) if whole else high
            yield _out_of_range(case, high_type, high, bound, "<=")


def not_finite(case: Case) -> Iterator[Anomaly]:
    """NaN and infinities where the schema does not allow them."""
    if not case.wanted.HasField("float_domain"):
        return
    domain, found = case.wanted.float_domain, case.found
    numbers = [_float(value) for value in found.counts] if found.type == schema_pb2.BYTES else []
    nan = found.nan + sum(number is not None and math.isnan(number) for number in numbers)
    if domain.disallow_nan and nan:
        domain.disallow_nan = False
        yield case.anomaly(
            "FLOAT_TYPE_HAS_NAN",
            "ranges",
            "NaN",
            f"{nan:,} values are NaN, which the schema does not allow.",
            "Write missing values as empty at the source.",
            observed=nan,
            bound=0,
            relation="<=",
        )
    infinite = any(number is not None and math.isinf(number) for number in numbers)
    if domain.disallow_inf and None not in numbers and (infinite or math.isinf(found.low) or math.isinf(found.high)):
        domain.disallow_inf = False
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


def _extremes(numbers: Iterable[float]) -> tuple[float, float]:
    known = [number for number in numbers if not math.isnan(number)]
    return min(known, default=math.nan), max(known, default=math.nan)


def parsed_integer(text: str) -> int | None:
    """The 64-bit integer that a string reads as, if it reads as one."""
    if not re.fullmatch(r"\s*[+-]?[0-9]+\s*", text):
        return None
    return value if -(2**63) <= (value := int(text)) < 2**63 else None


def _float(text: str) -> float | None:
    try:
        return None if "_" in text else float(text)
    except ValueError:
        return None
