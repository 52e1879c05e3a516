"""McNemar's exact test against scipy's binomial test."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest

from vrbench.significance import mcnemar


@pytest.mark.parametrize("seed", range(8))
def test_p_is_that_of_a_binomial_test_on_the_discordant_queries(seed: int) -> None:
    rng = np.random.default_rng(seed)
    before, after = rng.integers(1, 4, 60).astype(float), rng.integers(1, 3, 60).astype(float)
    before[:5] = np.nan
    found = mcnemar(before, after, k=1)
    asked = ~np.isnan(before)
    gained = int(((after <= 1) & (before > 1) & asked).sum())
    lost = int(((before <= 1) & (after > 1) & asked).sum())
    assert (found.gained, found.lost) == (gained, lost)
    assert found.p == pytest.approx(binomtest(lost, gained + lost, 0.5).pvalue, rel=1e-12)


def test_runs_that_agree_differ_by_chance() -> None:
    ranks = np.array([1.0, 2.0, 1.0])
    assert mcnemar(ranks, ranks).p == 1
