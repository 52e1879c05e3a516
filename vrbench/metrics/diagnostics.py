"""Fairness of a similarity matrix: normalization error, representation, hubs."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vrbench.errors import InputError
from vrbench.metrics.ranking import fold
from vrbench.runtime.sums import RowSum, exp_sums
from vrbench.sims.sim import DIRECTIONS, Direction, Sim, as_matrix
from vrbench.sims.truth import Queries, Truth, queries_of

HUB_K = 10
"""Neighbours counted for hub skewness (clipped to the gallery size)."""


def firsts(block: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """(n,) the largest similarity of each row of (n, m), and how many are equal to it."""
    top = block.max(axis=1, initial=-np.inf)
    return top, np.count_nonzero(block == top[:, None], axis=1)


def largest(block: NDArray[Any], k: int) -> NDArray[Any]:
    """(n, min(k, m)) the largest similarities of each row of (n, m), the smallest of them first."""
    k = min(k, block.shape[1])
    return np.partition(block, -k, axis=1)[:, -k:]


def logits_of(block: NDArray[Any], gamma: float) -> NDArray[np.float64]:
    """Similarities over a temperature, as a new contiguous array."""
    wide = np.array(block, dtype=np.float64, order="C")
    wide /= gamma
    return wide


def probabilities(
    logits: NDArray[np.float64], top: NDArray[np.float64], total: NDArray[np.float64]
) -> NDArray[np.float64]:
    """``exp(logits - top) / total``, a query in each row, in the place of the logits."""
    logits -= top[:, None]
    np.exp(logits, out=logits)
    logits *= (1 / total)[:, None]
    return logits


class ProbabilitySums:
    """Sums over the queries of each item's retrieval probability.

    ``P(g | q) = softmax_g(sim[q, g] / gamma)``, NCL eq. 2 and 3. The bits do not depend on how
    queries and gallery are divided (``runtime/sums.py``).

    Attributes:
        parts: the sums of P(g | q) over the queries that have a positive, by the place of their
            first item in the gallery.
    """

    def __init__(self, queries: Queries, gamma: float) -> None:
        self.has_positive, self.expected = queries.has_positive, queries.expected
        self.gamma = gamma
        self.parts: dict[int, RowSum] = {}

    def add(self, rows: slice, block: NDArray[Any]) -> None:
        """Add the queries ``rows``, in order."""
        logits = logits_of(block, self.gamma)
        top, total = exp_sums(logits, 0).total
        top[~self.has_positive[rows]] = np.inf  # then all probabilities are 0
        whole = self.parts.setdefault(0, RowSum(block.shape[1]))
        whole.add(rows.start, probabilities(logits, top, total))

    def extend(self, start: int, later: RowSum) -> None:
        """Add the sum over the next queries for the gallery items from ``start`` on."""
        if start in self.parts:
            self.parts[start].extend(later)
        else:
            self.parts[start] = later

    @property
    def sums(self) -> NDArray[np.float64]:
        """(gallery,) the sums so far."""
        return np.concatenate([self.parts[start].total for start in sorted(self.parts)])

    @property
    def error(self) -> float:
        """Normalization error: mean over items of ``|1 - sum / expected sum|``."""
        some, sums = self.expected > 0, self.sums
        return float(np.abs(1 - sums[some] / self.expected[some]).mean())


def votes(block: NDArray[Any], top: NDArray[Any], among: NDArray[np.int64]) -> NDArray[np.float64]:
    """(m,) a vote of each row for its largest similarities ``top``, divided ``among`` so many."""
    return np.asarray((1 / among) @ (block >= top[:, None]))


def among(block: NDArray[Any], least: NDArray[Any]) -> NDArray[np.int64]:
    """(m,) for how many rows an item's similarity is at least the row's ``least``."""
    return np.asarray(np.count_nonzero(block >= least[:, None], axis=0))


class Representation:
    """How often each item is retrieved first. Items tied for the first place share the vote.

    Attributes:
        votes: (gallery,) queries won.
    """

    def __init__(self, queries: Queries) -> None:
        self.has_positive = queries.has_positive
        self.votes = np.zeros(queries.rows.width)

    def add(self, rows: slice, block: NDArray[Any]) -> None:
        """Add the queries ``rows``."""
        block = block[self.has_positive[rows]]
        self.votes += votes(block, *firsts(block))

    def shares(self) -> dict[str, float]:
        """Shares of the items never retrieved first, once, and twice or more (UCoFiA Figure 5)."""
        under, over = self.votes == 0, self.votes > 2 - 1e-9  # a vote may be a sum of thirds
        once = ~under & ~over
        return {"under": under.mean(), "once": once.mean(), "over": over.mean()}

    def newly(self, before: Representation) -> int:
        """Count the items retrieved first here, and never before."""
        return int(np.count_nonzero((self.votes > 0) & (before.votes == 0)))


class Occurrences:
    """How many queries have each item among their k nearest; a tie for place k counts.

    Attributes:
        counts: (gallery,) N_k of each item.
    """

    def __init__(self, queries: Queries, k: int = HUB_K) -> None:
        self.has_positive = queries.has_positive
        self.k = min(k, queries.rows.width)
        self.counts = np.zeros(queries.rows.width, dtype=np.int64)

    def add(self, rows: slice, block: NDArray[Any]) -> None:
        """Add the queries ``rows``."""
        block = block[self.has_positive[rows]]
        self.counts += among(block, largest(block, self.k)[:, 0])

    @property
    def skewness(self) -> float:
        """Skewness of N_k (Radovanovic et al., JMLR 2010); 0 where all are equal."""
        deviation = self.counts - self.counts.mean()
        spread = float((deviation**2).mean()) ** 1.5
        return float((deviation**3).mean()) / spread if spread else 0.0


def normalization_error(
    sim: Any,
    text_video: ArrayLike | None = None,
    direction: Direction = "t2v",
    gamma: float = 0.01,
    positives: ArrayLike | None = None,
) -> float:
    """Mean deviation of the summed retrieval probabilities from the expected sums.

    t2v: mean over videos with c_j > 0 texts of ``|1 - 1/c_j sum_i P(v_j | t_i)|``; v2t: mean over
    texts i of ``|1 - c_v(i) sum_j P(t_i | v_j)|`` over videos j with a text. With one text a video
    this is NCL eq. 5.

    Args:
        sim: (n_text, n_video) in both directions, or a Sim.
        text_video: (n_text,) column of each text's video; default: row i belongs to column i.
        direction: ``t2v`` or ``v2t``.
        gamma: temperature on the scale of ``sim``, > 0.
        positives: (n_text, n_video) boolean, instead of ``text_video``.

    Raises:
        InputError: shapes do not fit, or a value is NaN or infinite.
    """
    if direction not in DIRECTIONS:
        raise InputError(f"Unknown direction '{direction}': use t2v or v2t.")
    if not 0 < gamma < np.inf:
        raise InputError(f"gamma must be positive, it is {gamma}.")
    matrix = as_matrix(getattr(sim, direction) if isinstance(sim, Sim) else sim)
    queries = queries_of(matrix, Truth.of(matrix.shape, text_video, positives), direction)
    sums = ProbabilitySums(queries, gamma)
    fold(queries, [sums])
    return sums.error
