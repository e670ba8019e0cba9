"""Confidence intervals in closed form, at 95 %."""

from __future__ import annotations

import numpy as np

from penstock.evaluation.histogram import Floats

__all__ = ["Z", "logit_interval", "wilson_interval"]

Z = 1.959963984540054
"""The standard normal's 0.975 quantile."""


def wilson_interval(part: Floats, whole: Floats) -> tuple[Floats, Floats]:
    """Bounds of a share ``part / whole`` of independent rows, [slices]; not a number where ``whole`` is 0.

    Wilson, Probable inference, the law of succession, and statistical inference, JASA 22 (1927).
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        share = part / whole
        centre = share + Z**2 / (2 * whole)
        spread = Z * np.sqrt(np.maximum(share * (1 - share), 0) / whole + Z**2 / (4 * whole**2))
        scale = 1 + Z**2 / whole
        low, high = (centre - spread) / scale, (centre + spread) / scale
    return np.clip(low, 0, 1), np.clip(high, 0, 1)


def logit_interval(value: Floats, error: Floats) -> tuple[Floats, Floats]:
    """Bounds of a value in (0, 1) from its standard error, symmetric on the logit scale, so that they stay within.

    Not a number where the value is 0 or 1 or the error is 0: the error's estimate says nothing there.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        usable = (value > 0) & (value < 1) & (error > 0)
        logit = np.log(value / (1 - value))
        spread = Z * error / (value * (1 - value))
        low, high = (1 / (1 + np.exp(-(logit + sign * spread))) for sign in (-1, 1))
    return np.where(usable, low, np.nan), np.where(usable, high, np.nan)
