"""A whole validation: each split against the schema, and against what it is to be compared with.

Gives what the two readers want: verdicts for the gate, and ``tensorflow_metadata``'s Anomalies for its tools.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from tensorflow_metadata.proto.v0 import anomalies_pb2, schema_pb2, statistics_pb2

from penstock.data_validation.anomalies import find_anomalies
from penstock.data_validation.anomaly import KINDS, Anomaly
from penstock.data_validation.bounds import DriftBound
from penstock.data_validation.drift import Measurement, compare
from penstock.data_validation.observed import observed_features
from penstock.gates import Verdict

__all__ = ["Comparison", "Validation", "validate"]

_ANOMALY_OF: Final = {
    "linf": ("COMPARATOR_L_INFTY_HIGH", anomalies_pb2.DriftSkewInfo.Measurement.L_INFTY),
    "jensen_shannon": (
        "COMPARATOR_JENSEN_SHANNON_DIVERGENCE_HIGH",
        anomalies_pb2.DriftSkewInfo.Measurement.JENSEN_SHANNON_DIVERGENCE,
    ),
    "normalized_abs_difference": (
        "COMPARATOR_NORMALIZED_ABSOLUTE_DIFFERENCE_HIGH",
        anomalies_pb2.DriftSkewInfo.Measurement.NORMALIZED_ABSOLUTE_DIFFERENCE,
    ),
}


@dataclass(frozen=True)
class Comparison:
    """One split to compare with another dataset.

    Attributes:
        what: ``drift`` against data of an earlier time, ``skew`` against data as it is served.
        splits: The split; several where there is nothing to compare any of them with.
        bounds: The bounds by feature.
        other: The other dataset's statistics; nothing if there is none.
        other_name: What to call it in messages.
        why_not: Why there is no other dataset.
    """

    what: Literal["drift", "skew"]
    splits: tuple[str, ...]
    bounds: Mapping[str, DriftBound]
    other: statistics_pb2.DatasetFeatureStatistics | None
    other_name: str
    why_not: str = ""


@dataclass
class Validation:
    """What was found.

    Attributes:
        anomalies: What does not fit the schema, by split.
        measurements: Distances as (comparison, feature, measurement).
        examples: Number of examples by split.
    """

    schema: schema_pb2.Schema
    anomalies: dict[str, list[Anomaly]] = field(default_factory=dict)
    measurements: list[tuple[Comparison, str, Measurement]] = field(default_factory=list)
    examples: dict[str, int] = field(default_factory=dict)

    def verdicts(self) -> Iterator[Verdict]:
        """One verdict for each anomaly, for each kind of check that found none, and for each distance with a bound.

        An anomaly that several splits share is one verdict.
        """
        shared: dict[tuple[str, str], dict[str, Anomaly]] = {}
        for split, anomalies in self.anomalies.items():
            for anomaly in anomalies:
                shared.setdefault((anomaly.feature, anomaly.type), {})[split] = anomaly
        for by_split in shared.values():
            yield _failed(by_split)
        failed = {anomaly.kind for by_split in shared.values() for anomaly in by_split.values()}
        looked_at = [split for split, examples in self.examples.items() if examples]
        for kind, holds in KINDS.items():
            if kind in failed:
                continue
            if looked_at:
                message = f"In {_listed(looked_at)}, {holds}."
                yield Verdict(kind, "pass", n=sum(self.examples.values()), message=message)
            else:
                yield Verdict(kind, "undefined", n=0, message="There are no examples to look at.")
        for comparison, feature, measurement in self.measurements:
            yield _of_distance(comparison, feature, measurement)

    def to_proto(self, split: str) -> anomalies_pb2.Anomalies:
        """The anomalies and distances of one split in TensorFlow Data Validation's format."""
        result = anomalies_pb2.Anomalies(
            baseline=self.schema,
            anomaly_name_format=anomalies_pb2.Anomalies.SERIALIZED_PATH,
            data_missing=self.examples[split] == 0,
        )
        for anomaly in self.anomalies[split]:
            info = result.anomaly_info[anomaly.feature] if anomaly.feature else result.dataset_anomaly_info
            _add_reason(info, anomaly.feature, anomaly.type, anomaly.title, f"{anomaly.message} {anomaly.advice}")
        infos: dict[str, anomalies_pb2.DriftSkewInfo] = {}
        for comparison, feature, measurement in self.measurements:
            if comparison.splits != (split,) or measurement.observed is None:
                continue
            if feature not in infos:
                infos[feature] = result.drift_skew_info.add()
                infos[feature].path.step.append(feature)
            type_, distance = _ANOMALY_OF[measurement.distance]
            getattr(infos[feature], f"{comparison.what}_measurements").add(
                type=distance, value=measurement.observed, threshold=measurement.bound
            )
            if not measurement.within and not measurement.too_small:
                title = f"High {measurement.distance} ({comparison.what})"
                _add_reason(result.anomaly_info[feature], feature, type_, title, measurement.message)
        return result

    @property
    def count(self) -> int:
        """How many of the verdicts failed."""
        return sum(verdict.outcome == "fail" for verdict in self.verdicts())


def validate(
    splits: Mapping[str, statistics_pb2.DatasetFeatureStatistics],
    schema: schema_pb2.Schema,
    comparisons: list[Comparison],
) -> Validation:
    """Holds the statistics of each split against the schema, and of those to compare against the other dataset's."""
    found = Validation(schema)
    for split, dataset in splits.items():
        found.anomalies[split] = list(find_anomalies(dataset, schema))
        found.examples[split] = int(dataset.num_examples)
    for comparison in comparisons:
        now = observed_features(splits[comparison.splits[0]])
        then = None if comparison.other is None else observed_features(comparison.other)
        for feature, bound in comparison.bounds.items():
            if then is None:
                measured = [Measurement(distance, limit, None, comparison.why_not) for distance, limit in bound.given()]
            else:
                names = (comparison.splits[0], comparison.other_name)
                measured = list(compare(now.get(feature), then.get(feature), bound, names=names))
            found.measurements += [(comparison, feature, measurement) for measurement in measured]
    return found


def _failed(by_split: Mapping[str, Anomaly]) -> Verdict:
    split, first = next(iter(by_split.items()))
    others = [other for other in by_split if other != split]
    also = f" Likewise in {_listed(others)}." if others else ""
    about = f"{first.feature} in {split}" if first.feature else f"In {split}"
    return Verdict(
        first.type,
        "fail",
        subject=first.feature,
        observed=first.observed,
        bound=first.bound,
        relation=first.relation,
        n=first.n,
        message=f"{about}: {first.message}{also} {first.advice}",
        evidence={**first.evidence, "splits": list(by_split)},
    )


def _of_distance(comparison: Comparison, feature: str, measurement: Measurement) -> Verdict:
    outcome: Literal["pass", "fail", "undefined"] = "pass" if measurement.within else "fail"
    advice = ""
    if measurement.observed is None or measurement.too_small:
        outcome = "undefined"
    elif outcome == "fail":
        advice = " Find out what changed; if it is right so, raise the bound."
    return Verdict(
        f"{comparison.what} {measurement.distance}",
        outcome,
        subject=feature,
        observed=measurement.observed,
        bound=measurement.bound,
        relation="<=",
        n=measurement.n or None,
        message=f"{feature} in {_listed(comparison.splits)}: {measurement.message}{advice}",
        evidence={"splits": list(comparison.splits)},
    )


def _add_reason(info: anomalies_pb2.AnomalyInfo, feature: str, type_: str, title: str, text: str) -> None:
    if feature and not info.HasField("path"):
        info.path.step.append(feature)
    info.severity = anomalies_pb2.AnomalyInfo.ERROR
    info.reason.add(type=anomalies_pb2.AnomalyInfo.Type.Value(type_), short_description=title, description=text)
    info.short_description = title if len(info.reason) == 1 else "Multiple errors"
    info.description = " ".join(reason.description for reason in info.reason)


def _listed(names: Sequence[str]) -> str:
    return " and ".join(names)
