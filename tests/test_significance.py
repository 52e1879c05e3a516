"""Paired tests against scipy's, and against all permutations."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
import scipy.stats
from scipy.stats import binomtest

from vrbench.errors import InputError
from vrbench.significance import bootstrap, mcnemar, permutation, statistic_of


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


def test_a_seed_is_not_negative() -> None:
    ranks = np.ones(3)
    for test in (permutation, bootstrap):
        with pytest.raises(InputError, match="seed must be 0 or more, it is -1"):
            test(ranks, ranks, statistic_of("MnR"), seed=-1)


def test_runs_that_agree_differ_by_chance() -> None:
    ranks = np.array([1.0, 2.0, 1.0])
    assert mcnemar(ranks, ranks).p == 1


@pytest.mark.parametrize("metric", ["R@1", "MdR", "MnR"])
def test_sign_flips_come_near_to_all_permutations(metric: str) -> None:
    rng = np.random.default_rng(2)
    before, after = rng.integers(1, 9, 10).astype(float), rng.integers(1, 6, 10).astype(float)
    value = statistic_of(metric)
    observed = abs(value(after) - value(before))
    beyond = []
    for swap in product([False, True], repeat=10):
        a, b = np.where(swap, after, before), np.where(swap, before, after)
        beyond.append(abs(value(b) - value(a)) >= observed - 1e-9)
    exact = float(np.mean(beyond))
    assert permutation(before, after, value, n=9999) == pytest.approx(exact, abs=0.02)


def test_a_difference_that_no_permutation_reaches_has_the_least_p() -> None:
    before, after = np.full(40, 9.0), np.full(40, 1.0)
    assert permutation(before, after, statistic_of("MnR"), n=99) == 1 / 100
    assert permutation(after, after, statistic_of("MnR"), n=99) == 1


def test_the_interval_is_scipys_percentile_interval() -> None:
    rng = np.random.default_rng(3)
    before = rng.geometric(0.1, 200).astype(float)
    after = np.maximum(before + rng.integers(-3, 2, 200), 1)
    value = statistic_of("MnR")
    expected = scipy.stats.bootstrap(
        (after, before),
        lambda a, b, axis: a.mean(axis=axis) - b.mean(axis=axis),
        paired=True,
        vectorized=True,
        method="percentile",
        n_resamples=9999,
        rng=np.random.default_rng(4),
    ).confidence_interval
    low, high = bootstrap(before, after, value)
    assert (low, high) == pytest.approx((expected.low, expected.high), abs=0.03)
    assert low < value(after) - value(before) < high


def test_draws_do_not_depend_on_how_many_are_held_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(5)
    before, after = rng.integers(1, 50, (2, 301)).astype(float)
    value = statistic_of("MdR")
    whole = permutation(before, after, value, 500), bootstrap(before, after, value, 500)
    monkeypatch.setattr("vrbench.significance.BLOCK", 301 * 8)
    assert (permutation(before, after, value, 500), bootstrap(before, after, value, 500)) == whole
