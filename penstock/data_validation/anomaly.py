"""One way in which data does not fit its schema: `Anomaly`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from tensorflow_metadata.proto.v0 import schema_pb2

from penstock.data_validation.changes import Entry
from penstock.data_validation.observed import Observed

__all__ = ["KINDS", "SAMPLES", "Anomaly", "Case", "percent", "quoted"]

SAMPLES: Final = 5
"""So many offending values are named in a message."""

KINDS: Final[Mapping[str, str]] = {
    "schema": "the schema says what can be meant",
    "size": "the number of examples is as expected",
    "columns": "the columns are those of the schema",
    "types": "every column has the type that the schema says",
    "presence": "no more values are missing than the schema allows",
    "domains": "every value is one that the schema knows",
    "ranges": "every number lies in the schema's range",
}
"""The kinds of checks against a schema, each with what holds when it finds nothing."""


@dataclass(frozen=True)
class Anomaly:
    """One way in which data does not fit the schema.

    Attributes:
        type: Its name in ``tensorflow_metadata``'s ``AnomalyInfo.Type``.
        kind: Which of `KINDS` found it.
        title: A few words.
        message: What was found and what was expected.
        advice: What to do.
        feature: The feature; empty for the dataset as a whole.
        observed: The number found, if it is one.
        bound: The number it was held against.
        relation: How the two must relate.
        n: Number of examples behind it.
        evidence: Offending values and the like.
        suggested: The schema's entries as they would have to be for this anomaly, and those of the feature before it,
            to be none; see `penstock.data_validation.changes`.
    """

    type: str
    kind: str
    title: str
    message: str
    advice: str
    feature: str = ""
    observed: float | None = None
    bound: float | None = None
    relation: Literal["<=", ">=", ""] = ""
    n: int | None = None
    evidence: Mapping[str, Any] = field(default_factory=dict)
    suggested: tuple[Entry, ...] = ()


@dataclass(frozen=True)
class Case:
    """What a check of one feature sees: what the schema wants, what the data has, and the values it may have.

    A check changes ``wanted`` and ``domain``, which are copies, to what the data would fit, and yields the anomaly.
    """

    wanted: schema_pb2.Feature
    found: Observed
    domain: schema_pb2.StringDomain | None
    environment: str = ""
    in_environment: bool = True

    @property
    def entries(self) -> tuple[Entry, ...]:
        """The schema's entries as they are now; a domain that several features share is one of its own."""
        feature = schema_pb2.Feature()
        feature.CopyFrom(self.wanted)
        if not self.wanted.HasField("domain") or self.domain is None:
            return (feature,)
        domain = schema_pb2.StringDomain()
        domain.CopyFrom(self.domain)
        return feature, domain

    def anomaly(self, type_: str, kind: str, title: str, message: str, advice: str, **more: Any) -> Anomaly:
        """An anomaly of this feature; ``more`` are members of `Anomaly`."""
        more = {"n": self.found.examples, **more}
        return Anomaly(type_, kind, title, message, advice, feature=self.found.name, **more)


def quoted(values: Iterable[str]) -> str:
    """Values for a message."""
    return ", ".join(repr(value) for value in values)


def percent(count: float, total: float) -> str:
    """A share for a message."""
    share = count / total if total else 0.0
    return "under 0.1 %" if 0 < share < 0.001 else f"{100 * share:.1f} %"
