"""Drift between two datasets of one feature, held against a bound: `compare`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from penstock.data_validation.anomaly import percent
from penstock.data_validation.bounds import DriftBound
from penstock.data_validation.distances import align_histograms, jensen_shannon, l_infinity
from penstock.data_validation.observed import Observed

__all__ = ["Measurement", "compare"]


@dataclass(frozen=True)
class Measurement:
    """A distance between a feature's values now and then.

    Attributes:
        distance: Which: ``linf`` or ``jensen_shannon``.
        bound: What it may be at most.
        observed: What it is; nothing if it cannot be told.
        message: What moved, or why it cannot be told.
        n: The smaller number of values of the two.
    """

    distance: str
    bound: float
    observed: float | None
    message: str
    n: int = 0

    @property
    def within(self) -> bool:
        """Whether the distance is known and no greater than the bound."""
        return self.observed is not None and self.observed <= self.bound


def compare(
    now: Observed | None, then: Observed | None, bound: DriftBound, *, names: tuple[str, str]
) -> Iterator[Measurement]:
    """Measures each distance that has a bound.

    Args:
        now: The feature in the data at hand; nothing if it is not there.
        then: The feature in the data to compare with; nothing if there is none.
        bound: The bounds.
        names: What to call the two in messages.
    """
    for distance, limit in (("linf", bound.linf), ("jensen_shannon", bound.jensen_shannon)):
        if limit is None:
            continue
        reason = _why_not(now, then, distance, names)
        if reason is not None or now is None or then is None:
            yield Measurement(distance, limit, None, reason or "")
            continue
        n = min(now.values, then.values)
        if distance == "linf":
            value, observed = l_infinity(now.counts, then.counts)
            shares = [percent(each.counts.get(value, 0), sum(each.counts.values())) for each in (then, now)]
            moved = f"the share of {value!r} is {shares[0]} in {names[1]} and {shares[1]} in {names[0]}"
        else:
            observed = _jensen_shannon(now, then)
            moved = f"the values in {names[0]} are distributed otherwise than in {names[1]}"
        text = f"{moved}: {_TITLES[distance]} {observed:.4g}, at most {limit:.4g} allowed."
        yield Measurement(distance, limit, observed, text, n)


_TITLES = {"linf": "L-infinity distance", "jensen_shannon": "Jensen-Shannon divergence"}


def _why_not(now: Observed | None, then: Observed | None, distance: str, names: tuple[str, str]) -> str | None:
    for each, name in ((now, names[0]), (then, names[1])):
        if each is None or not each.present:
            return f"there are no values in {name} to compare."
    assert now is not None
    assert then is not None
    if now.type != then.type:
        return f"the values in {names[0]} are of another type than those in {names[1]}."
    if distance == "linf" and not now.counts:
        return "the L-infinity distance is one between strings; bound numbers with jensen_shannon."
    if not (now.counts and then.counts) and (now.histogram is None or then.histogram is None):
        return "the statistics have no histogram to compare."
    return None


def _jensen_shannon(now: Observed, then: Observed) -> float:
    if now.counts and then.counts:
        values = list({**now.counts, **then.counts})
        ones, others = (np.array([each.counts.get(value, 0.0) for value in values]) for each in (now, then))
    else:
        assert now.histogram is not None
        assert then.histogram is not None
        ones, others = align_histograms(now.histogram, then.histogram)
    return jensen_shannon(ones, others)
