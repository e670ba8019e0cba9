"""How far two distributions may be apart: `DriftBound`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

if TYPE_CHECKING:
    from tensorflow_metadata.proto.v0 import schema_pb2

__all__ = ["ANOMALY_OF", "MEMBERS", "DriftBound"]


MEMBERS: Final = {
    "linf": "infinity_norm",
    "jensen_shannon": "jensen_shannon_divergence",
    "normalized_abs_difference": "normalized_abs_difference",
}
"""What each distance is called in a schema's comparator."""

ANOMALY_OF: Final = {
    "linf": "COMPARATOR_L_INFTY_HIGH",
    "jensen_shannon": "COMPARATOR_JENSEN_SHANNON_DIVERGENCE_HIGH",
    "normalized_abs_difference": "COMPARATOR_NORMALIZED_ABSOLUTE_DIFFERENCE_HIGH",
}
"""The type of anomaly that each distance is when it exceeds its bound."""


@dataclass(frozen=True)
class DriftBound:
    """Bounds on the distance between a feature's values now and its values then; at least one is given.

    Attributes:
        linf: L-infinity distance of strings: the greatest change of one value's share, from 0 to 1.
        jensen_shannon: Jensen-Shannon divergence (base 2) of strings or numbers, from 0 to 1.
        normalized_abs_difference: Of strings: the greatest change of one value's count, as a share of all values of
            both, from 0 to 1. Unlike ``linf`` it grows when there is more or less data of the same kind.
    """

    linf: float | None = None
    jensen_shannon: float | None = None
    normalized_abs_difference: float | None = None

    # Read by pydantic when a mapping from pipeline.yaml becomes this class: a mistyped bound must not go unnoticed.
    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    def __post_init__(self) -> None:
        given = [bound for _, bound in self.given()]
        if not given:
            raise ValueError("give linf, jensen_shannon or normalized_abs_difference")
        for bound in given:
            if not 0 <= bound <= 1:
                raise ValueError(f"a bound lies between 0 and 1, not at {bound}")

    def given(self) -> Iterator[tuple[str, float]]:
        """The name of each distance that has a bound, and the bound."""
        for name in ("linf", "normalized_abs_difference", "jensen_shannon"):
            bound: float | None = getattr(self, name)
            if bound is not None:
                yield name, bound

    @classmethod
    def of(cls, comparator: schema_pb2.FeatureComparator) -> DriftBound | None:
        """The bounds that a schema's ``drift_comparator`` or ``skew_comparator`` sets, if it sets any."""
        given = {
            name: getattr(comparator, member).threshold
            for name, member in MEMBERS.items()
            if getattr(comparator, member).HasField("threshold")
        }
        return cls(**given) if given else None
