"""Paired tests and their intervals: against scipy's, and against each other."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.special import bdtr
from scipy.stats import binomtest

from vrbench.errors import InputError
from vrbench.results.significance import (
    McNemar,
    bootstrap,
    mcnemar,
    recall_interval,
    resampled,
    statistic_of,
)

Ranks = NDArray[np.float64]


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
    with pytest.raises(InputError, match="seed must be 0 or more, it is -1"):
        resampled(np.ones((2, 3)), [statistic_of("MnR")], seed=-1)


def test_runs_that_agree_differ_by_chance() -> None:
    ranks = np.array([1.0, 2.0, 1.0])
    assert mcnemar(ranks, ranks).p == 1


def drawn(before: Ranks, after: Ranks, metric: str, n: int = 9999) -> Ranks:
    first, second = resampled(np.stack([before, after]), [statistic_of(metric)], n)[0]
    return np.asarray(second - first)


def excludes_0(interval: tuple[float, float]) -> bool:
    return interval[0] > 0 or interval[1] < 0


@pytest.mark.slow
@settings(deadline=None, max_examples=200)
@given(
    values=st.lists(st.integers(-4, 9), min_size=1, max_size=300),
    level=st.sampled_from([0.8, 0.9, 0.95, 0.99]),
)
def test_interval_and_p_of_a_bootstrap_say_the_same(values: list[int], level: float) -> None:
    interval, p = bootstrap(np.array(values) / 2, level)
    # p comes in steps of 1 / (draws + 1): 1 - 0.8 is a last bit below 0.2
    assert excludes_0(interval) == (p <= 1 - level + 1e-12)
    assert interval[0] <= interval[1]
    mirrored, same = bootstrap(-np.array(values) / 2, level)
    assert (mirrored, same) == ((-interval[1], -interval[0]), p)


@pytest.mark.parametrize("seed", range(40))
def test_a_median_never_has_an_interval_and_a_p_that_contradict(seed: int) -> None:
    rng = np.random.default_rng(seed)
    before = rng.geometric(0.15, 61).astype(float)
    after = np.maximum(before + rng.integers(-4, 3, 61), 1)
    for metric in ("MdR", "MnR"):
        interval, p = bootstrap(drawn(before, after, metric, 999))
        assert excludes_0(interval) == (p <= 0.05), metric


def test_p_and_interval_cut_off_the_same_share_of_the_draws() -> None:
    draws = np.r_[np.full(249, -1.0), np.full(9750, 2.0)]
    assert bootstrap(draws) == ((2.0, 2.0), 0.05)  # 249 draws and 0 itself, of 10,000, twice
    more = np.r_[np.full(250, -1.0), np.full(9749, 2.0)]
    assert bootstrap(more) == ((0.0, 2.0), 2 * 251 / 10_000)
    assert bootstrap(np.full(9, 3.0)) == ((0.0, 3.0), 0.2)


@pytest.mark.slow
def test_recalls_leave_0_out_just_where_the_exact_test_does() -> None:
    for discordant in (*range(40), *range(40, 90, 7), 150, 500):
        for lost in range(discordant // 2 + 1):
            gained = discordant - lost
            p = min(1.0, 2 * float(bdtr(lost, discordant, 0.5)))
            if p < 0.001:
                continue
            for n in {discordant, discordant + 1, 3 * discordant, 40 * discordant} - {0}:
                low, high = recall_interval(McNemar(gained, lost, p), n)
                assert (low > 0) == (p <= 0.05), (gained, lost, n)
                assert low <= 100 * (gained - lost) / n <= high
                mirrored = recall_interval(McNemar(lost, gained, p), n)
                assert mirrored == (-high, -low)


def test_the_interval_of_a_recall_is_that_of_many_draws() -> None:
    rng = np.random.default_rng(1)
    before, after = rng.integers(1, 4, 300).astype(float), rng.integers(1, 3, 300).astype(float)
    draws = drawn(before, after, "R@1", 40_000)
    expected = np.quantile(draws, [0.025, 0.975])
    found = recall_interval(mcnemar(before, after), 300)
    assert found == pytest.approx(tuple(expected), abs=0.34)  # a query is a third of a point
    assert excludes_0(found)


def test_the_interval_is_scipys_percentile_interval() -> None:
    rng = np.random.default_rng(3)
    before = rng.geometric(0.1, 200).astype(float)
    after = np.maximum(before + rng.integers(-3, 2, 200), 1)
    expected = scipy.stats.bootstrap(
        (after, before),
        lambda a, b, axis: a.mean(axis=axis) - b.mean(axis=axis),
        paired=True,
        vectorized=True,
        method="percentile",
        n_resamples=9999,
        rng=np.random.default_rng(4),
    ).confidence_interval
    (low, high), p = bootstrap(drawn(before, after, "MnR"))
    assert (low, high) == pytest.approx((expected.low, expected.high), abs=0.03)
    assert low < (after - before).mean() < high < 0
    assert p == 2 / 10_000


def test_p_is_near_that_of_a_t_test_where_means_are_normal() -> None:
    rng = np.random.default_rng(8)
    before = rng.uniform(1, 50, 400)
    after = before + rng.normal(0.4, 5, 400)
    expected = scipy.stats.ttest_rel(before, after).pvalue
    assert 0.02 < expected < 0.5
    assert bootstrap(drawn(before, after, "MnR"))[1] == pytest.approx(expected, abs=0.015)


def test_draws_do_not_depend_on_how_many_are_held_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    ranks = np.random.default_rng(5).integers(1, 50, (2, 301)).astype(float)
    metrics = [statistic_of("MdR"), statistic_of("MnR")]
    whole = resampled(ranks, metrics, 500)
    monkeypatch.setattr("vrbench.results.significance.BLOCK", 301 * 8)
    assert np.array_equal(resampled(ranks, metrics, 500), whole)
    assert np.array_equal(resampled(ranks[1:], metrics[:1], 500)[0], whole[0, 1:])


def test_draws_are_those_of_a_plain_loop() -> None:
    ranks = np.random.default_rng(7).integers(1, 50, (3, 40)).astype(float)
    found = resampled(ranks, [statistic_of("MdR"), statistic_of("R@10")], 25, seed=3)
    rng = np.random.default_rng(3)
    for draw in range(25):
        chosen = rng.integers(0, 40, (1, 40))[0]
        for i, row in enumerate(ranks):
            assert found[0, i, draw] == np.median(row[chosen])
            assert found[1, i, draw] == pytest.approx(100 * np.mean(row[chosen] <= 10), rel=1e-14)


@pytest.mark.parametrize("n", [1, 2, 9])
@pytest.mark.parametrize("m", [1, 2, 5])
def test_few_draws_and_few_queries(n: int, m: int) -> None:
    ranks = np.arange(1.0, 2 * m + 1).reshape(2, m)
    found = resampled(ranks, [statistic_of("MnR"), statistic_of("MdR")], n)
    assert found.shape == (2, 2, n)
    assert np.array_equal(
        found, resampled(ranks, [statistic_of("MnR"), statistic_of("MdR")], 40)[..., :n]
    )
    assert resampled(ranks, [], n).shape == (0, 2, n)


def test_a_metric_that_is_not_of_ranks_is_no_statistic() -> None:
    with pytest.raises(KeyError):
        statistic_of("nothing")
