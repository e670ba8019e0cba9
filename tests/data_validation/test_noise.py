from __future__ import annotations

import numpy as np
import pytest

from penstock.data_validation.distances import jensen_shannon
from penstock.data_validation.noise import CHANCE, noise

SHARES = np.array([0.5, 0.3, 0.15, 0.04, 0.01])


@pytest.mark.parametrize("distance", ["linf", "normalized_abs_difference", "jensen_shannon"])
@pytest.mark.parametrize("sizes", [(500, 500), (4000, 300)])
def test_samples_of_one_distribution_exceed_it_as_often_as_said(distance: str, sizes: tuple[int, int]) -> None:
    """Of 2,000 pairs of samples from one distribution about 5 % at most are further apart; not none."""
    random = np.random.default_rng(1)
    beyond = 0
    for _ in range(2000):
        ones, others = (random.multinomial(size, SHARES).astype(float) for size in sizes)
        if distance == "linf":
            observed = np.max(np.abs(ones / ones.sum() - others / others.sum()))
        elif distance == "jensen_shannon":
            observed = jensen_shannon(ones, others)
        else:
            expected = SHARES * (sizes[0] - sizes[1])  # what other sizes alone make of it is no chance
            observed = np.max(np.abs(ones - others - expected)) / sum(sizes)
        beyond += observed > noise(distance, ones, others, sizes)
    assert 0.005 < beyond / 2000 < CHANCE + 0.03  # the divergence is chi-squared only as samples grow


def test_it_falls_with_the_size_of_the_samples() -> None:
    """A hundred times as many values tell a tenth of the difference of shares, a hundredth of the divergence."""
    few, many = (100, 100), (10_000, 10_000)
    pairs = {name: [noise(name, SHARES, SHARES, sizes) for sizes in (few, many)] for name in ("linf", "jensen_shannon")}
    assert pairs["linf"][0] == pytest.approx(10 * pairs["linf"][1])
    assert pairs["jensen_shannon"][0] == pytest.approx(100 * pairs["jensen_shannon"][1])
