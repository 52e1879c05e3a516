"""Paired tests over rank vectors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


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

    ``p = min(1, 2 P(X <= min(gained, lost)))`` with X binomial over the discordant queries at 1/2.

    Args:
        before: (n,) ranks; a query with NaN in either is left out.
        after: (n,) ranks of the same queries.
        k: a query hits if its rank is at most this.
    """
    from scipy.special import bdtr

    asked = ~(np.isnan(before) | np.isnan(after))
    was, now = before[asked] <= k, after[asked] <= k
    gained, lost = int((now & ~was).sum()), int((was & ~now).sum())
    p = min(1.0, 2 * float(bdtr(min(gained, lost), gained + lost, 0.5)))
    return McNemar(gained, lost, p)
