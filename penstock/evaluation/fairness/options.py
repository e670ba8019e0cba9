"""What a config says of fairness: groups, gaps between them, and what would have been predicted of others."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from penstock.errors import did_you_mean
from penstock.evaluation.slices import Scalar, SliceValue

__all__ = ["GAPS", "RATES", "Counterfactual", "Fairness", "measured_fairness"]

# TFMA's names; precision is the positive predictive value.
RATES = (
    "false_negative_rate",
    "false_positive_rate",
    "true_positive_rate",
    "true_negative_rate",
    "positive_rate",
    "negative_rate",
    "false_discovery_rate",
    "false_omission_rate",
    "precision",
)
GAPS = ("equalized_odds", "equal_opportunity", "demographic_parity", "calibration", *RATES)
"""What the gap of two groups may be of."""


@dataclass(frozen=True)
class Counterfactual:
    """Rows that are scored again with one column changed.

    Attributes:
        column: The column; the model must read it.
        values: What each of its values becomes; rows with other values are left alone.
        max_flip_rate: No larger share of the changed rows may change sides of the threshold.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid"}

    column: str
    values: dict[str, Scalar]
    max_flip_rate: float | None = None

    def __post_init__(self) -> None:
        if not self.values:
            raise ValueError(f"the counterfactual of {self.column} changes no value")
        if self.max_flip_rate is not None and not 0 <= self.max_flip_rate <= 1:
            raise ValueError(f"max_flip_rate of the counterfactual of {self.column} must be between 0 and 1")


@dataclass(frozen=True)
class Fairness:
    """Rates of groups, and how far they may be apart.

    Attributes:
        groups: Slice specs as in ``slices``: the slices of each are held against one another.
        thresholds: Predictions above each are positive.
        baseline: The group that others are held against; of a spec that it is none of, the largest group.
        max_gap: By ``equalized_odds``, ``equal_opportunity``, ``demographic_parity``, ``calibration`` or the name of a
            rate how far a group may be from the baseline, either way.
        min_examples: Groups of fewer rows are undefined.
        by: ``point`` or ``interval``, as in a threshold.
        counterfactual: Rows that are scored again with one column changed.
    """

    # Read by pydantic, which validates parameters: an unknown key is an error.
    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid"}

    groups: tuple[SliceValue, ...] = ()
    thresholds: tuple[float, ...] = (0.5,)
    baseline: dict[str, Scalar] = field(default_factory=dict)
    max_gap: dict[str, float] = field(default_factory=dict)
    min_examples: int = 1
    by: Literal["point", "interval"] = "point"
    counterfactual: tuple[Counterfactual, ...] = ()

    def __post_init__(self) -> None:
        for name, bound in self.max_gap.items():
            if name not in GAPS:
                raise ValueError(f"there is no gap {name!r}. {did_you_mean(name, GAPS)}".rstrip())
            if bound < 0:
                raise ValueError(f"max_gap of {name} is a distance and cannot be negative")
        if not self.thresholds:
            raise ValueError("fairness needs a threshold")
        if not self.groups and (self.max_gap or not self.counterfactual):
            raise ValueError("fairness needs groups")


def measured_fairness(value: dict[str, Any]) -> dict[str, Any]:
    """The part of a fairness section that decides what is computed: without bounds."""
    judging = ("max_gap", "min_examples", "by")
    changed = [{**one, "max_flip_rate": None} for one in value.get("counterfactual") or ()]
    return {**{name: one for name, one in value.items() if name not in judging}, "counterfactual": changed}
