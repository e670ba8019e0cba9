"""Drift between two datasets of one feature, held against a bound: `compare`."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from penstock.data_validation.anomaly import percent
from penstock.data_validation.bounds import DriftBound
from penstock.data_validation.distances import align_histograms, jensen_shannon, l_infinity, normalized_difference
from penstock.data_validation.noise import noise
from penstock.data_validation.observed import Observed

__all__ = ["Measurement", "compare"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Measurement:
    """A distance between a feature's values now and then.

    Attributes:
        distance: Which: a member of `DriftBound`.
        bound: What it may be at most.
        observed: What it is; nothing if it cannot be told.
        message: What moved, or why it cannot be told.
        n: The smaller number of values of the two.
        noise: What two samples of these sizes are apart by chance; see `penstock.data_validation.noise`.
        control_missing: Whether the other dataset does not have the feature at all.
    """

    distance: str
    bound: float
    observed: float | None
    message: str
    n: int = 0
    noise: float = 0.0
    control_missing: bool = False

    @property
    def too_small(self) -> bool:
        """Whether chance alone exceeds the bound and may explain the distance: then nothing can be told."""
        return self.observed is not None and self.noise > self.bound and self.observed <= self.bound + self.noise

    @property
    def beyond(self) -> bool:
        """Whether the distance is known, greater than the bound, and not by chance."""
        return self.observed is not None and not self.within and not self.too_small

    @property
    def raised(self) -> float:
        """The bound that would let the distance pass: its next number of three decimals, which a person can read."""
        return min(1.0, math.ceil((self.observed or 0.0) * 1000) / 1000)

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
    for distance, limit in bound.given():
        reason = _why_not(now, then, distance, names)
        if reason is not None or now is None or then is None:
            yield Measurement(distance, limit, None, reason or "", control_missing=now is not None and then is None)
            continue
        if now.counts and then.counts:
            values = list({**now.counts, **then.counts})
            ones, others = (np.array([each.counts.get(value, 0.0) for value in values]) for each in (now, then))
        else:
            assert now.histogram is not None
            assert then.histogram is not None
            ones, others = align_histograms(now.histogram, then.histogram)
        observed, moved = _measure(distance, now, then, ones, others, names)
        chance = noise(distance, ones, others, (now.values, then.values))
        text = f"{moved}: {_TITLES[distance]} {observed:.4g}, at most {limit:.4g} allowed."
        measured = Measurement(distance, limit, observed, text, min(now.values, then.values), chance)
        if measured.too_small:
            text = (
                f"{now.values:,} values in {names[0]} and {then.values:,} in {names[1]} are too few to tell: chance "
                f"alone gives a {_TITLES[distance]} up to {chance:.2g} (observed {observed:.4g}, allowed {limit:.4g})."
            )
            measured = Measurement(distance, limit, observed, text, measured.n, chance)
        yield measured


_TITLES: Final = {
    "linf": "L-infinity distance",
    "jensen_shannon": "Jensen-Shannon divergence",
    "normalized_abs_difference": "normalised absolute difference",
}


def _why_not(now: Observed | None, then: Observed | None, distance: str, names: tuple[str, str]) -> str | None:
    for each, name in ((now, names[0]), (then, names[1])):
        if each is None or not each.present:
            return f"there are no values in {name} to compare."
    assert now is not None
    assert then is not None
    if now.type != then.type:
        return f"the values in {names[0]} are of another type than those in {names[1]}."
    if distance != "jensen_shannon" and not now.counts:
        return f"the {_TITLES[distance]} is one between strings; bound numbers with jensen_shannon."
    if not (now.counts and then.counts) and (now.histogram is None or then.histogram is None):
        return "the statistics have no histogram to compare."
    return None


def _measure(
    distance: str, now: Observed, then: Observed, ones: Floats, others: Floats, names: tuple[str, str]
) -> tuple[float, str]:
    """The distance, and what moved."""
    if distance == "jensen_shannon":
        moved = f"the values in {names[0]} are distributed otherwise than in {names[1]}"
        return jensen_shannon(ones, others), moved
    if distance == "linf":
        value, observed = l_infinity(now.counts, then.counts)
        before, after = (percent(each.counts.get(value, 0), sum(each.counts.values())) for each in (then, now))
        return observed, f"the share of {value!r} is {before} in {names[1]} and {after} in {names[0]}"
    value, observed = normalized_difference(now.counts, then.counts)
    before, after = (f"{each.counts.get(value, 0):,.10g}" for each in (then, now))
    return observed, f"{value!r} is there {before} times in {names[1]} and {after} times in {names[0]}"
