"""Verdicts: what a gate observed, what it was held against, and how it came out.

A *gate* is a node that may hold a run back: data anomalies, drift, model thresholds. It writes one verdict for
each check. Undefined (no baseline, too few examples, one class only) is neither pass nor fail, and always says why.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

__all__ = ["Gate", "Outcome", "Verdict", "blocks"]

Outcome = Literal["pass", "fail", "undefined"]
Gate = Literal["off", "warn", "block"]


@dataclass(frozen=True)
class Verdict:
    """One check of a gate.

    Attributes:
        check: What was checked: ``auc``, ``drift linf``, an anomaly's type.
        outcome: ``pass``, ``fail`` or ``undefined``.
        subject: What it was checked on: a feature, or a slice as ``trip_start_hour=4``; empty for the whole.
        observed: The value found, if it is a number.
        bound: The value it was held against.
        relation: How the two must relate for a pass: ``>=`` or ``<=``.
        baseline: The baseline's value where the check compares with one.
        interval: Lower and upper confidence bound of ``observed``.
        n: Number of examples behind it.
        message: One sentence for a person: what is wrong, or why it is undefined.
        evidence: What else is known of it: samples, rows.
        severity: ``warning`` if it holds nothing back even when it fails.
    """

    check: str
    outcome: Outcome
    subject: str = ""
    observed: float | None = None
    bound: float | None = None
    relation: Literal["<=", ">=", ""] = ""
    baseline: float | None = None
    interval: tuple[float, float] | None = None
    n: int | None = None
    message: str = ""
    evidence: dict[str, Any] = field(default_factory=dict)
    severity: Literal["", "warning"] = ""

    def to_json(self) -> dict[str, Any]:
        """As a JSON value without empty members; numbers that JSON lacks (NaN, infinities) become strings."""
        return {name: _jsonable(value) for name, value in asdict(self).items() if value not in (None, "", {})}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Verdict:
        """The verdict that `to_json` wrote."""
        numbers: dict[str, Any] = {
            name: float(value[name]) for name in ("observed", "bound", "baseline") if name in value
        }
        interval = value.get("interval")
        numbers["interval"] = tuple(map(float, interval)) if interval else None
        return cls(**{**value, **numbers})


def _jsonable(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, (list, tuple)):
        return [_jsonable(item) for item in value]
    return value


def blocks(gate: Gate, verdicts: Iterable[Verdict]) -> bool:
    """Whether a gate holds the run back: it is set to ``block``, and a verdict that is no mere warning failed."""
    return gate == "block" and any(verdict.outcome == "fail" and not verdict.severity for verdict in verdicts)
