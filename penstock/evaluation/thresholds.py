"""Thresholds: bounds on metrics, on the whole set or on slices, and the verdicts they come to."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from penstock.evaluation.results import BASELINE, EvaluationResult
from penstock.evaluation.slices import OVERALL, SliceKey, SliceValue, parse, slice_text
from penstock.gates import Outcome, Verdict

__all__ = ["Threshold", "blessed", "judge"]

# Bounds are decimal fractions and differences of doubles: a drop from 0.85 to 0.84 is 0.010000000000000009.
_ROUNDING = 1e-12


@dataclass(frozen=True)
class Threshold:
    """Bounds on one metric.

    Attributes:
        metric: Its name; computed even if ``metrics`` does not list it.
        min: Not below this.
        max: Not above this.
        max_drop: Not more than this below the baseline.
        max_rise: Not more than this above the baseline.
        slices: Slice specs as in ``slices``: each slice that occurs is held to the bounds. The whole set if not given.
        min_examples: Slices of fewer rows are undefined.
        by: ``point`` holds the value itself against the bound. ``interval`` holds its 95 % interval: it passes if all
            of it is within the bound, fails if none of it is, and is undefined in between, so that a small slice is
            not held against a model for what may be noise. Each check stands by itself: among 20 slices one may fail by
            chance.
    """

    # Read by pydantic, which validates parameters: an unknown key is an error.
    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid"}

    metric: str
    min: float | None = None
    max: float | None = None
    max_drop: float | None = None
    max_rise: float | None = None
    slices: tuple[SliceValue, ...] = ([],)
    min_examples: int = 1
    by: Literal["point", "interval"] = "point"

    def __post_init__(self) -> None:
        if all(bound is None for bound in (self.min, self.max, self.max_drop, self.max_rise)):
            raise ValueError(f"a threshold on {self.metric} needs one of min, max, max_drop, max_rise")
        for name in ("max_drop", "max_rise"):
            if (getattr(self, name) or 0) < 0:
                raise ValueError(f"{name} of the threshold on {self.metric} is a distance and cannot be negative")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError(f"min of the threshold on {self.metric} is above its max")

    @property
    def compares(self) -> bool:
        """Whether it holds the model against a baseline."""
        return self.max_drop is not None or self.max_rise is not None


Kind = Literal["min", "max", "max_drop", "max_rise"]


def judge(thresholds: Iterable[Threshold], result: EvaluationResult) -> list[Verdict]:
    """A verdict for each bound of each threshold on each slice it names.

    Undefined, with the reason: the metric is not a number there, there are fewer rows than ``min_examples``, or no
    slice of the spec occurs. Where there is no baseline, one verdict says so for all slices of a comparison.
    """
    return [verdict for threshold in thresholds for verdict in _verdicts(threshold, result)]


def _verdicts(threshold: Threshold, result: EvaluationResult) -> Iterator[Verdict]:
    bounds: list[tuple[Kind, float | None]] = [
        ("min", threshold.min),
        ("max", threshold.max),
        ("max_drop", threshold.max_drop),
        ("max_rise", threshold.max_rise),
    ]
    for kind, bound in bounds:
        if bound is None:
            continue
        if kind in ("max_drop", "max_rise") and BASELINE not in result.models:
            # Said once, not for each slice: none of them can be compared.
            specs = [str(spec) for spec in parse(threshold.slices) if spec.columns]
            yield Verdict(
                f"{threshold.metric} {kind}",
                "undefined",
                subject=", ".join(specs),
                message=f"{threshold.metric}: no baseline to compare with.",
                evidence={"metric": threshold.metric, "kind": kind, "threshold": bound},
            )
            continue
        for spec in parse(threshold.slices):
            keys = [OVERALL] if not spec.columns else [one.key for one in result.of(spec)]
            if not keys:
                yield Verdict(
                    f"{threshold.metric} {kind}", "undefined", subject=str(spec), message=f"No slice of {spec} occurs."
                )
            for key in keys:
                yield _verdict(threshold, kind, bound, key, result)


def _verdict(threshold: Threshold, kind: Kind, bound: float, key: SliceKey, result: EvaluationResult) -> Verdict:
    metric, compares = threshold.metric, kind in ("max_drop", "max_rise")
    # With no row left to evaluate there is no slice, not even the whole.
    known = key in result.slices
    n = result.n[result.index(key)] if known else 0
    observed = result.value(metric, key) if known else math.nan
    baseline = result.value(metric, key, BASELINE) if compares and known and BASELINE in result.models else None
    limit = bound
    if compares:
        limit = math.nan if baseline is None else baseline + (bound if kind == "max_rise" else -bound)
    upper = kind in ("max", "max_rise")
    outcome, why = _outcome(observed, limit, n, threshold, baseline, upper=upper, compares=compares)
    change = result.change_interval(metric, key) if compares and known else None
    if threshold.by == "interval" and not math.isnan(observed - limit) and n >= threshold.min_examples:
        # Of a change the interval is the difference's, held against how far it may go.
        held = change if compares else result.interval(metric, key)
        outcome, why = _by_interval(held, (bound if upper else -bound) if compares else bound, n, upper=upper)
    shown = slice_text(key)
    where = f" on {shown}" if shown else ""
    message = f"{metric}{where}: {why}" if why else ""
    return Verdict(
        check=f"{metric} {kind}",
        outcome=outcome,
        subject=shown,
        observed=None if math.isnan(observed) else observed,
        bound=None if math.isnan(limit) else limit,
        relation="<=" if upper else ">=",
        baseline=None if baseline is None or math.isnan(baseline) else baseline,
        interval=result.interval(metric, key) if known else None,
        n=n,
        message=message,
        evidence={
            "metric": metric,
            "kind": kind,
            "threshold": bound,
            "slice": [list(pair) for pair in key],
            **({} if threshold.by == "point" else {"by": "interval"}),
            **({} if change is None else {"change_interval": list(change)}),
        },
    )


def _by_interval(held: tuple[float, float] | None, limit: float, n: int, *, upper: bool) -> tuple[Outcome, str]:
    if held is None:
        return "undefined", f"no interval is known ({n:,} examples); ask for one that fits every metric."
    low, high = held
    best, worst = (low, high) if upper else (high, low)
    if (worst <= limit + _ROUNDING) if upper else (worst >= limit - _ROUNDING):
        return "pass", ""
    shown = f"the 95 % interval {low:.4g} to {high:.4g}"
    if (best > limit + _ROUNDING) if upper else (best < limit - _ROUNDING):
        return "fail", f"{shown} is {'above' if upper else 'below'} {limit:.4g} ({n:,} examples)."
    return "undefined", f"{shown} holds {limit:.4g}: {n:,} examples are too few to tell."


def _outcome(
    observed: float,
    limit: float,
    n: int,
    threshold: Threshold,
    baseline: float | None,
    *,
    upper: bool,
    compares: bool,
) -> tuple[Outcome, str]:
    if compares and baseline is None:
        return "undefined", "no baseline to compare with."
    if n < threshold.min_examples:
        return "undefined", f"{n:,} examples, fewer than the {threshold.min_examples:,} asked for."
    if math.isnan(observed) or math.isnan(limit):
        whose = "the model" if math.isnan(observed) else "the baseline"
        return "undefined", f"not defined for {whose} (one class only, nothing to divide by, or no finite prediction)."
    held = observed <= limit + _ROUNDING if upper else observed >= limit - _ROUNDING
    if held:
        return "pass", ""
    side = "above" if upper else "below"
    against = f"{limit:.4g}" if not compares else f"{limit:.4g}, the bound from the baseline's {baseline:.4g}"
    return "fail", f"{observed:.4g} is {side} {against} ({n:,} examples)."


def blessed(verdicts: Sequence[Verdict]) -> bool:
    """Whether a model with these verdicts is blessed.

    It is not if a verdict failed, nor if it was held to absolute bounds (min, max) and every one of those came out
    undefined: nothing is then known in its favour. A comparison that is undefined, as for the first model of a
    pipeline, which has no baseline, does not hold it back. Without any threshold a model is blessed.
    """
    if any(verdict.outcome == "fail" for verdict in verdicts):
        return False
    absolute = [verdict for verdict in verdicts if not verdict.check.endswith(("max_drop", "max_rise"))]
    return not absolute or any(verdict.outcome == "pass" for verdict in absolute)
