"""How far apart two samples of one distribution are by chance alone: what a bound on a distance must lie above."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

__all__ = ["CHANCE", "noise"]

CHANCE = 0.05
"""How often two samples of one distribution are further apart than `noise` says, at most."""

Floats = npt.NDArray[np.float64]


def noise(distance: str, ones: Floats, others: Floats, sizes: tuple[int, int]) -> float:
    """The distance that two samples of one distribution exceed with a probability of about 5 %.

    For differences of shares and of counts: the two-sided test of two proportions with the pooled share, at a level
    that Bonferroni's correction (Dunn, Multiple comparisons among means, 1961) divides among the categories. For the
    Jensen-Shannon divergence: 8 ln 2 / (1/n + 1/m) times it is distributed as chi-squared with one degree of freedom
    less than there are categories (Grosse and others, Analysis of symbolic sequences using the Jensen-Shannon
    divergence, Physical Review E 65, 2002), whose quantile is Wilson's and Hilferty's (1931).

    Args:
        distance: ``linf``, ``normalized_abs_difference`` or ``jensen_shannon``.
        ones: Weights of the categories in one sample.
        others: Those in the other, of the same categories.
        sizes: Number of values in each sample.
    """
    n, m = sizes
    pooled = ones + others
    seen = int(np.count_nonzero(pooled))
    if distance == "jensen_shannon":
        return _chi_squared(max(seen - 1, 1)) * (1 / n + 1 / m) / (8 * math.log(2))
    shares = pooled / pooled.sum()
    deviation = math.sqrt(float(np.max(shares * (1 - shares))))
    scale = math.sqrt(1 / n + 1 / m) if distance == "linf" else 1 / math.sqrt(n + m)
    return NormalDist().inv_cdf(1 - CHANCE / (2 * max(seen, 1))) * deviation * scale


def _chi_squared(freedom: int) -> float:
    step = 2 / (9 * freedom)
    return float(freedom * (1 - step + NormalDist().inv_cdf(1 - CHANCE) * math.sqrt(step)) ** 3)
