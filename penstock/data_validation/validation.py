"""A whole validation: each split against the schema, and against what it is to be compared with.

Gives what the two readers want: verdicts for the gate, and ``tensorflow_metadata``'s Anomalies for its tools.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal

from tensorflow_metadata.proto.v0 import anomalies_pb2, schema_pb2, statistics_pb2

from penstock.artifacts import Examples
from penstock.data_validation.anomalies import find_anomalies
from penstock.data_validation.anomaly import KINDS, Anomaly
from penstock.data_validation.bounds import ANOMALY_OF, MEMBERS, DriftBound
from penstock.data_validation.changes import Entry, apply, diff_lines, diff_regions, text_of
from penstock.data_validation.drift import Measurement, compare
from penstock.data_validation.observed import observed_features
from penstock.data_validation.offenders import Offender, offenders
from penstock.data_validation.severity import Policy, severity_of
from penstock.gates import Verdict

__all__ = ["Comparison", "Validation", "validate"]

_MEASURED: Final = {
    "linf": anomalies_pb2.DriftSkewInfo.Measurement.L_INFTY,
    "jensen_shannon": anomalies_pb2.DriftSkewInfo.Measurement.JENSEN_SHANNON_DIVERGENCE,
    "normalized_abs_difference": anomalies_pb2.DriftSkewInfo.Measurement.NORMALIZED_ABSOLUTE_DIFFERENCE,
}

_CHANGED_LINES: Final = 40
_ROWS: Final = 3


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
        in_schema: Features whose bounds are those of the schema, not of the config.
    """

    what: Literal["drift", "skew"]
    splits: tuple[str, ...]
    bounds: Mapping[str, DriftBound]
    other: statistics_pb2.DatasetFeatureStatistics | None
    other_name: str
    why_not: str = ""
    in_schema: frozenset[str] = frozenset()


@dataclass
class Validation:
    """What was found.

    Attributes:
        anomalies: What does not fit the schema, by split.
        measurements: Distances as (comparison, feature, measurement).
        examples: Number of examples by split.
        policy: How serious each type of anomaly is.
    """

    schema: schema_pb2.Schema
    anomalies: dict[str, list[Anomaly]] = field(default_factory=dict)
    measurements: list[tuple[Comparison, str, Measurement]] = field(default_factory=list)
    examples: dict[str, int] = field(default_factory=dict)
    policy: Policy = field(default_factory=dict)

    def verdicts(self) -> Iterator[Verdict]:
        """One verdict for each anomaly, for each kind of check that found none, and for each distance with a bound.

        An anomaly that several splits share is one verdict.
        """
        shared: dict[tuple[str, str], dict[str, Anomaly]] = {}
        for split, anomalies in self.anomalies.items():
            for anomaly in anomalies:
                shared.setdefault((anomaly.feature, anomaly.type), {})[split] = anomaly
        for by_split in shared.values():
            yield self._failed(by_split)
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
            severity = severity_of(self.policy, ANOMALY_OF[measurement.distance], feature)
            if severity != "ignore":
                verdict = self._of_distance(comparison, feature, measurement)
                yield replace(verdict, severity="warning") if severity == "warning" else verdict

    def to_proto(self, split: str) -> anomalies_pb2.Anomalies:
        """The anomalies and distances of one split in TensorFlow Data Validation's format."""
        result = anomalies_pb2.Anomalies(
            baseline=self.schema,
            anomaly_name_format=anomalies_pb2.Anomalies.SERIALIZED_PATH,
            data_missing=self.examples[split] == 0,
        )
        for anomaly in self.anomalies[split]:
            info = result.anomaly_info[anomaly.feature] if anomaly.feature else result.dataset_anomaly_info
            text = f"{anomaly.message} {anomaly.advice}"
            severity = severity_of(self.policy, anomaly.type, anomaly.feature)
            _add_reason(info, anomaly.feature, anomaly.type, anomaly.title, text, warning=severity == "warning")
        infos: dict[str, anomalies_pb2.DriftSkewInfo] = {}
        for comparison, feature, measurement in self.measurements:
            if comparison.splits != (split,):
                continue
            if measurement.control_missing:
                type_, title = "COMPARATOR_CONTROL_DATA_MISSING", f"Nothing to compare with ({comparison.what})"
                _add_reason(result.anomaly_info[feature], feature, type_, title, measurement.message, warning=True)
            if measurement.observed is None:
                continue
            if feature not in infos:
                infos[feature] = result.drift_skew_info.add()
                infos[feature].path.step.append(feature)
            type_, distance = ANOMALY_OF[measurement.distance], _MEASURED[measurement.distance]
            getattr(infos[feature], f"{comparison.what}_measurements").add(
                type=distance, value=measurement.observed, threshold=measurement.bound
            )
            if measurement.beyond:
                title = f"High {measurement.distance} ({comparison.what})"
                severity = severity_of(self.policy, type_, feature)
                if severity != "ignore":
                    info, warning = result.anomaly_info[feature], severity == "warning"
                    _add_reason(info, feature, type_, title, measurement.message, warning=warning)
        self._suggest(split, result)
        return result

    def _suggest(self, split: str, result: anomalies_pb2.Anomalies) -> None:
        """Writes the schema changes that each feature's anomalies, and those of the whole, would need."""
        before: list[str] = []
        wanted = {anomaly.feature: anomaly.suggested for anomaly in self.anomalies[split]}
        for comparison, feature, measurement in self.measurements:
            if comparison.splits == (split,) and self._may_raise(comparison, feature, measurement):
                wanted[feature] = self._raised(comparison, feature, measurement, wanted.get(feature, ()))
        for feature, suggested in wanted.items():
            if suggested:
                before = before or text_of(self.schema)
                info = result.anomaly_info[feature] if feature else result.dataset_anomaly_info
                info.diff_regions.extend(diff_regions(before, text_of(apply(self.schema, suggested))))

    def _may_raise(self, comparison: Comparison, feature: str, measurement: Measurement) -> bool:
        """Whether a bound was exceeded that the schema sets."""
        severity = severity_of(self.policy, ANOMALY_OF[measurement.distance], feature)
        return measurement.beyond and feature in comparison.in_schema and severity != "ignore"

    def _raised(
        self, comparison: Comparison, feature: str, measurement: Measurement, entries: tuple[Entry, ...] = ()
    ) -> tuple[Entry, ...]:
        """The entries, with that of the feature among them, in which the bound is what was observed."""
        found = next((one for one in entries if isinstance(one, schema_pb2.Feature) and one.name == feature), None)
        raised = schema_pb2.Feature()
        raised.CopyFrom(found or next(one for one in self.schema.feature if one.name == feature))
        comparator = getattr(raised, f"{comparison.what}_comparator")
        getattr(comparator, MEMBERS[measurement.distance]).threshold = measurement.raised
        return (*(one for one in entries if one is not found), raised)

    def point_out(self, examples: Examples) -> None:
        """Adds to each anomaly the first rows and values it is about, as its evidence ``rows``."""
        for split, anomalies in self.anomalies.items():
            rows = offenders(examples, split, anomalies, self.schema) if split in examples.splits else {}
            self.anomalies[split] = [
                replace(one, message=f"{one.message} {_where(found)}", evidence={**one.evidence, "rows": found})
                if (found := rows.get((one.feature, one.type)))
                else one
                for one in anomalies
            ]

    def _failed(self, by_split: Mapping[str, Anomaly]) -> Verdict:
        split, first = next(iter(by_split.items()))
        others = [other for other in by_split if other != split]
        also = f" Likewise in {_listed(others)}." if others else ""
        about = f"{first.feature} in {split}" if first.feature else f"In {split}"
        evidence: dict[str, Any] = {**first.evidence, "splits": list(by_split)}
        if change := diff_lines(self.schema, first.suggested):
            evidence["schema_change"] = change[:_CHANGED_LINES]
        return Verdict(
            first.type,
            "fail",
            subject=first.feature,
            observed=first.observed,
            bound=first.bound,
            relation=first.relation,
            n=first.n,
            message=f"{about}: {first.message}{also} {first.advice}",
            evidence=evidence,
            severity="warning" if severity_of(self.policy, first.type, first.feature) == "warning" else "",
        )

    def _of_distance(self, comparison: Comparison, feature: str, measurement: Measurement) -> Verdict:
        outcome: Literal["pass", "fail", "undefined"] = "pass" if measurement.within else "fail"
        advice, evidence = "", dict[str, Any](splits=list(comparison.splits))
        if measurement.observed is None or measurement.too_small:
            outcome = "undefined"
        elif outcome == "fail":
            advice = " Find out what changed; if it is right so, raise the bound."
            if feature in comparison.in_schema:
                evidence["schema_change"] = diff_lines(self.schema, self._raised(comparison, feature, measurement))
            else:
                raised = f"{comparison.what}: {{{feature}: {{{measurement.distance}: {measurement.raised:g}}}}}"
                evidence["config_change"] = raised
        return Verdict(
            f"{comparison.what} {measurement.distance}",
            outcome,
            subject=feature,
            observed=measurement.observed,
            bound=measurement.bound,
            relation="<=",
            n=measurement.n or None,
            message=f"{feature} in {_listed(comparison.splits)}: {measurement.message}{advice}",
            evidence=evidence,
        )

    @property
    def count(self) -> int:
        """How many of the verdicts failed."""
        return sum(verdict.outcome == "fail" for verdict in self.verdicts())


def validate(
    splits: Mapping[str, statistics_pb2.DatasetFeatureStatistics],
    schema: schema_pb2.Schema,
    comparisons: list[Comparison],
    *,
    environments: Mapping[str, str] | None = None,
    before: Mapping[str, statistics_pb2.DatasetFeatureStatistics] | None = None,
    policy: Policy | None = None,
) -> Validation:
    """Holds the statistics of each split against the schema, and of those to compare against the other dataset's.

    Args:
        splits: The statistics of each split.
        schema: What they must fit.
        comparisons: What is compared with what.
        environments: The schema's environment that a split is of, where it is of one.
        before: Statistics of the same splits of earlier data.
        policy: How serious each type of anomaly is; an error where it says nothing.
    """
    found = Validation(schema, policy=policy or {})
    for split, dataset in splits.items():
        environment, earlier = (environments or {}).get(split, ""), (before or {}).get(split)
        found.anomalies[split] = [
            anomaly
            for anomaly in find_anomalies(dataset, schema, environment=environment, before=earlier)
            if severity_of(found.policy, anomaly.type, anomaly.feature) != "ignore"
        ]
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


def _where(rows: list[Offender]) -> str:
    """The first rows, for a message."""
    listed = ", ".join(f"{one['row']} ({one['value']!r})" for one in rows[:_ROWS])
    return f"First in {'row' if len(rows) == 1 else 'rows'} {listed}."


def _add_reason(  # what a reason has
    info: anomalies_pb2.AnomalyInfo, feature: str, type_: str, title: str, text: str, *, warning: bool
) -> None:
    if feature and not info.HasField("path"):
        info.path.step.append(feature)
    info.severity = max(
        info.severity, anomalies_pb2.AnomalyInfo.WARNING if warning else anomalies_pb2.AnomalyInfo.ERROR
    )
    info.reason.add(type=anomalies_pb2.AnomalyInfo.Type.Value(type_), short_description=title, description=text)
    info.short_description = title if len(info.reason) == 1 else "Multiple errors"
    info.description = " ".join(reason.description for reason in info.reason)


def _listed(names: Sequence[str]) -> str:
    return " and ".join(names)
