"""How far two distributions may be apart: `DriftBound`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

__all__ = ["DriftBound"]


@dataclass(frozen=True)
class DriftBound:
    """Bounds on the distance between a feature's values now and its values then; at least one is given.

    Attributes:
        linf: L-infinity distance of strings: the greatest change of one value's share, from 0 to 1.
        jensen_shannon: Jensen-Shannon divergence (base 2) of strings or numbers, from 0 to 1.
    """

    linf: float | None = None
    jensen_shannon: float | None = None

    # Read by pydantic when a mapping from pipeline.yaml becomes this class: a mistyped bound must not go unnoticed.
    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    def __post_init__(self) -> None:
        given = [bound for bound in (self.linf, self.jensen_shannon) if bound is not None]
        if not given:
            raise ValueError("give linf, jensen_shannon or both")
        for bound in given:
            if not 0 <= bound <= 1:
                raise ValueError(f"a bound lies between 0 and 1, not at {bound}")
