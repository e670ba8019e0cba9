"""What a config says of confidence intervals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

__all__ = ["ConfidenceIntervals"]

Method = Literal["analytic", "poisson_bootstrap", "jackknife"]


@dataclass(frozen=True)
class ConfidenceIntervals:
    """How the 95 % intervals of metrics are found.

    Attributes:
        method: ``analytic``: formulas, for the metrics that have one and rows of weight 1. ``poisson_bootstrap`` and
            ``jackknife`` resample the rows, for any metric and with weights.
        replicates: How many samples the bootstrap takes, or groups the jackknife leaves out in turn; 200 and 20 if not
            given.
        seed: Other samples for another seed.
    """

    # Read by pydantic, which validates parameters: an unknown key is an error.
    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid"}

    method: Method = "analytic"
    replicates: int | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        if self.replicates is not None and not 2 <= self.replicates <= 10_000:
            raise ValueError("replicates of confidence_intervals must be between 2 and 10,000")

    @property
    def samples(self) -> int:
        """How many replicates are made."""
        return self.replicates or (20 if self.method == "jackknife" else 200)
