"""Paired tests over rank vectors: scipy's exact test and bootstrap, and intervals that agree."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrbench.metrics.table import named
from vrbench.runtime.seeds import seeded

Statistic = Callable[[NDArray[Any]], Any]
"""A metric of ranks along the last axis."""

BLOCK = 2_000_000
"""Ranks that are resampled at once."""


@dataclass(frozen=True)
class McNemar:
    """Which queries hit within K before and after, and how likely that is by chance.

    Attributes:
        gained: queries that hit only after.
        lost: queries that hit only before.
        p: two-sided exact p-value of as uneven a split, were both equally good.
    """

    gained: int
    lost: int
    p: float


def mcnemar(before: NDArray[np.float64], after: NDArray[np.float64], k: int = 1) -> McNemar:
    """Exact McNemar test of R@K between two runs over the same queries.

    ``p = min(1, 2 P(X <= min(gained, lost)))`` with X binomial over the discordant queries at 1/2;
    1 where there is none.

    Args:
        before: (n,) ranks; a query with NaN in either is left out.
        after: (n,) ranks of the same queries.
        k: a query hits if its rank is at most this.
    """
    from scipy.stats import binomtest

    asked = ~(np.isnan(before) | np.isnan(after))
    was, now = before[asked] <= k, after[asked] <= k
    gained, lost = int((now & ~was).sum()), int((was & ~now).sum())
    p = float(binomtest(gained, gained + lost, 0.5).pvalue) if gained + lost else 1.0
    return McNemar(gained, lost, p)


def recall_interval(test: McNemar, n: int, level: float = 0.95) -> tuple[float, float]:
    """Interval of the difference of R@K, in points, that leaves 0 out just where the test does.

    The percentile interval of the bootstrap over all its draws: queries gained and lost are
    multinomial, so that the distribution of their difference is known and nothing is drawn. Where
    the exact test, which is the more careful of the two, gives p > 1 - ``level``, the interval is
    widened to 0; where it does not, the percentiles leave 0 out by themselves.

    Args:
        test: queries gained and lost, and their p-value.
        n: queries in all.
        level: share of the draws inside the interval.
    """
    turns = np.exp(2j * np.pi * np.arange(2 * n + 1) / (2 * n + 1))
    equal = (n - test.gained - test.lost) / n
    one = equal + (test.gained * turns + test.lost / turns) / n  # a query's characteristic function
    chance = np.fft.fftshift(np.fft.fft(one**n).real) / (2 * n + 1)  # of -n, ..., n
    outside = (1 - level) / 2
    low = int(np.argmax(np.cumsum(chance) >= outside)) - n
    high = n - int(np.argmax(np.cumsum(chance[::-1]) >= outside))
    if test.p > 1 - level:
        low, high = min(low, 0), max(high, 0)
    return 100 * low / n, 100 * high / n


def resampled(
    ranks: NDArray[np.float64], statistics: Sequence[Statistic], n: int = 9999, seed: int = 0
) -> NDArray[np.float64]:
    """Bootstrap: metrics of queries drawn with replacement, the same draws for every result.

    Args:
        ranks: (n_results, m) ranks of the same queries, without NaN.
        statistics: metrics of (rows, m) ranks along the last axis.
        n: draws of m queries each.
        seed: of the draws.

    Returns:
        (metrics, n_results, n).

    Raises:
        InputError: the seed is negative.
    """
    from scipy import stats

    rng, m = seeded(seed), ranks.shape[1]

    def values(drawn: NDArray[np.int64], axis: int = -1) -> NDArray[np.float64]:
        parts = [one[drawn] for one in ranks]
        return np.array([[statistic(part) for part in parts] for statistic in statistics])

    if m == 1 or not statistics:  # every draw is the same, which scipy refuses
        once = values(np.zeros(1, dtype=np.int64))
        return np.repeat(once.reshape(len(statistics), len(ranks), 1), n, axis=2)
    found = stats.bootstrap(
        (np.arange(m),),
        values,
        n_resamples=max(n, 2),  # of one draw there is no spread, which scipy looks at
        batch=max(1, BLOCK // m),
        vectorized=True,
        method="percentile",
        rng=rng,
    )
    return np.asarray(found.bootstrap_distribution)[..., :n]


def bootstrap(
    differences: NDArray[np.float64], level: float = 0.95
) -> tuple[tuple[float, float], float]:
    """Percentile interval of a difference, and the two-sided p-value that belongs to it.

    Both count the same values, the drawn differences and 0 itself as one more: p is twice the
    share of them on the side of 0 where fewer are, 0 included, and the interval cuts off
    ``(1 - level) / 2`` of them at each end. So the interval leaves 0 out just where
    ``p <= 1 - level``.

    Args:
        differences: (n,) of a metric, in each draw.
        level: share of the values inside the interval.

    Returns:
        The interval, and p.
    """
    values = np.sort(np.append(differences, 0.0))
    n = len(values)
    fewer = min(int((values <= 0).sum()), int((values >= 0).sum()))
    cut = math.floor((1 - level) / 2 * n + 1e-9)  # of a product that may fall short of 250
    return (float(values[cut]), float(values[n - 1 - cut])), min(1.0, 2 * fewer / n)


def statistic_of(metric: str) -> Statistic:
    """Return a metric of ranks, such as ``R@10`` or ``MdR``, as a function of them."""
    return named(metric).over
