"""Checks of what values mean: images, natural language, and domains that were found in the values."""

from __future__ import annotations

from collections.abc import Iterator

from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2, statistics_pb2

from penstock.data_validation.anomaly import Anomaly, Case
from penstock.data_validation.observed import Observed

__all__ = ["found_domain", "image_domain", "natural_language", "semantic_update"]


def found_domain(found: Observed) -> schema_pb2.Feature | None:
    """A feature with the semantic domain that the statistics found, their ``domain_info``, if they found one."""
    texts = [custom.str for custom in found.custom if custom.name == "domain_info" and custom.str]
    if len(texts) != 1:
        return None
    try:
        feature = text_format.Parse(texts[0], schema_pb2.Feature())
    except text_format.ParseError:
        return None
    fields = [field for field, _ in feature.ListFields()]
    of_domain = len(fields) == 1 and fields[0].containing_oneof is not None
    return feature if of_domain and fields[0].containing_oneof.name == "domain_info" else None


def semantic_update(case: Case) -> Iterator[Anomaly]:
    """A semantic domain found in the values of a feature that has no domain."""
    domain = found_domain(case.found) if case.wanted.WhichOneof("domain_info") is None else None
    if domain is not None:
        case.wanted.MergeFrom(domain)
        name = domain.WhichOneof("domain_info")
        yield case.anomaly(
            "SEMANTIC_DOMAIN_UPDATE",
            "domains",
            "Meaning found",
            f"The values look like those of a {name}, which the schema does not say.",
            f"Add {name} to the feature if that is what they are.",
        )


def image_domain(case: Case) -> Iterator[Anomaly]:
    """Values that are no images, or too large ones."""
    domain = case.wanted.image_domain
    formats = [one.rank_histogram.buckets for one in case.found.custom if one.name == "image_format_histogram"]
    if domain.HasField("minimum_supported_image_fraction") and formats:
        total = sum(bucket.sample_count for bucket in formats[0])
        known = sum(bucket.sample_count for bucket in formats[0] if bucket.label != "UNKNOWN")
        least, share = domain.minimum_supported_image_fraction, known / total if total else 0.0
        if share < least:
            domain.minimum_supported_image_fraction = share
            yield case.anomaly(
                "LOW_SUPPORTED_IMAGE_FRACTION",
                "domains",
                "Too few images",
                f"{100 * share:.3g} % of the values are images of a known format; at least {100 * least:.3g} % should.",
                "Look for what else is in the column, or lower minimum_supported_image_fraction.",
                observed=share,
                bound=least,
                relation=">=",
            )
    if domain.HasField("max_image_byte_size") and case.found.max_bytes > domain.max_image_byte_size:
        most, domain.max_image_byte_size = domain.max_image_byte_size, case.found.max_bytes
        yield case.anomaly(
            "MAX_IMAGE_BYTE_SIZE_EXCEEDED",
            "domains",
            "Image too large",
            f"The largest image has {case.found.max_bytes:,} bytes; at most {most:,} are expected.",
            "Scale images down at the source, or raise max_image_byte_size.",
            observed=case.found.max_bytes,
            bound=most,
            relation="<=",
        )


def natural_language(case: Case) -> Iterator[Anomaly]:
    """Texts whose tokens are not those that the domain expects."""
    domain = case.wanted.natural_language_domain
    coverage, constraints = domain.coverage, domain.token_constraints
    statistics = next((one.any for one in case.found.custom if one.name == "nl_statistics"), None)
    asked = coverage.HasField("min_coverage") or coverage.HasField("min_avg_token_length") or len(constraints) > 0
    found = statistics_pb2.NaturalLanguageStatistics()
    if statistics is None or not statistics.Unpack(found):
        if asked:
            yield _without_statistics(case)
        return
    if coverage.HasField("min_coverage") and coverage.min_coverage > found.feature_coverage:
        least, coverage.min_coverage = coverage.min_coverage, found.feature_coverage
        yield _below(case, "FEATURE_COVERAGE_TOO_LOW", "share of known tokens", found.feature_coverage, least)
    if coverage.HasField("min_avg_token_length") and found.avg_token_length < coverage.min_avg_token_length:
        least, coverage.min_avg_token_length = coverage.min_avg_token_length, found.avg_token_length
        type_ = "FEATURE_COVERAGE_TOO_SHORT_AVG_TOKEN_LENGTH"
        yield _below(case, type_, "average length of a token", found.avg_token_length, least)
    tokens = {_token(one, "int_token", "string_token"): one for one in found.token_statistics}
    for constraint in constraints:
        token = _token(constraint, "int_value", "string_value")
        if token is None:
            continue
        if token not in tokens:
            yield _without_statistics(case)
            return
        yield from _token_constraint(case, constraint, tokens[token], token)


def _token(message: object, *members: str) -> int | str | None:
    return next((getattr(message, member) for member in members if message.HasField(member)), None)  # type: ignore[attr-defined]


def _token_constraint(
    case: Case,
    constraint: schema_pb2.SequenceValueConstraints,
    found: statistics_pb2.NaturalLanguageStatistics.TokenStatistics,
    token: int | str,
) -> Iterator[Anomaly]:
    for member, value, type_, words in (
        ("min_fraction_of_sequences", found.fraction_of_sequences, "TOO_SMALL_FRACTION", "share of texts with"),
        ("max_fraction_of_sequences", found.fraction_of_sequences, "TOO_LARGE_FRACTION", "share of texts with"),
        ("min_per_sequence", found.per_sequence_min_frequency, "TOO_FEW_OCCURRENCES", "least number in a text of"),
        ("max_per_sequence", found.per_sequence_max_frequency, "TOO_MANY_OCCURRENCES", "greatest number in a text of"),
    ):
        bound, low = getattr(constraint, member), member.startswith("min")
        if constraint.HasField(member) and (value < bound if low else value > bound):
            setattr(constraint, member, value)
            yield _below(case, f"SEQUENCE_VALUE_{type_}", f"{words} the token {token!r}", value, bound, low=low)


def _below(case: Case, type_: str, what: str, value: float, bound: float, *, low: bool = True) -> Anomaly:
    return case.anomaly(
        type_,
        "domains",
        "Other texts than expected",
        f"The {what} is {value:.4g}; at {'least' if low else 'most'} {bound:.4g} is expected.",
        "Look for texts of another kind at the source, or change the bound in natural_language_domain.",
        observed=value,
        bound=bound,
        relation=">=" if low else "<=",
    )


def _without_statistics(case: Case) -> Anomaly:
    case.wanted.ClearField("natural_language_domain")
    return case.anomaly(
        "STATS_NOT_AVAILABLE",
        "domains",
        "Not counted",
        "The natural_language_domain has bounds on tokens, which the statistics did not count.",
        "Take them out of the schema: StatisticsGen has no vocabulary to count by.",
    )
