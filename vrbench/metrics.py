"""Ranks by counting, and what is folded over them: R@K, MdR, MnR."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vrbench.errors import InputError
from vrbench.sim import Direction, Sim, as_matrix
from vrbench.truth import Protocol, Queries, Truth, queries, v2t_queries

Ties = Literal["mean", "optimistic", "pessimistic"]
_TIE_SHARE = {"mean": 0.5, "optimistic": 0.0, "pessimistic": 1.0}


class RankCounter:
    """Counts, for each query, the foreign items that beat or tie its best right item.

    Competitors are the items that are not the query's own: the rank is 1 + better ones + a share
    of the tied ones. Nothing is sorted.

    Attributes:
        better: (n,) foreign items strictly above the best own one.
        tied: (n,) foreign items equal to it.
    """

    def __init__(self, asking: Queries) -> None:
        n = len(asking.rows)
        self.asked = asking.asked
        self.better = np.zeros(n, dtype=np.int64)
        self.tied = np.zeros(n, dtype=np.int64)
        order = np.argsort(asking.query, kind="stable")
        self._query, self._item = asking.query[order], asking.item[order]

    def add(self, rows: slice, block: NDArray[Any]) -> None:
        """Count the queries ``rows``, whose similarities are ``block`` (rows, gallery)."""
        low, high = np.searchsorted(self._query, [rows.start, rows.stop])
        query, item = self._query[low:high] - rows.start, self._item[low:high]
        own = block[query, item]
        best = np.full(len(block), np.inf, dtype=block.dtype)
        if len(own):
            asking, first = np.unique(query, return_index=True)
            best[asking] = np.maximum.reduceat(own, first)
        own_ties = np.bincount(query, weights=own == best[query], minlength=len(block))
        self.better[rows] = _count(block > best[:, None])
        self.tied[rows] = _count(block == best[:, None]) - own_ties.astype(np.int64)

    def ranks(self, ties: str = "mean") -> NDArray[np.float64]:
        """(n,) 1-based ranks; NaN where a query was not asked.

        Raises:
            InputError: the tie rule is unknown.
        """
        if ties not in get_args(Ties):
            raise InputError(f"Unknown tie rule '{ties}': use {', '.join(get_args(Ties))}.")
        rank = 1 + self.better + _TIE_SHARE[ties] * self.tied
        return np.where(self.asked, rank, np.nan)

    @property
    def tied_share(self) -> float:
        """Share of the asked queries with a foreign tie."""
        return float((self.tied[self.asked] > 0).mean())


def _count(hits: NDArray[np.bool_]) -> NDArray[np.int64]:
    """(n,) hits in each row; eight at a time, since numpy sums bools one by one."""
    return np.asarray(np.bitwise_count(np.packbits(hits, axis=1)).sum(axis=1, dtype=np.int64))


def ranks(
    sim: Any,
    text_video: ArrayLike | None = None,
    direction: Direction = "t2v",
    ties: Ties = "mean",
    v2t: str = "best-caption",
    positives: ArrayLike | None = None,
) -> NDArray[np.float64]:
    """Rank each query's right item among the foreign ones.

    ``rank = 1 + #(foreign > best own) + share * #(foreign == best own)``, the share being 1/2
    (``mean``), 0 (``optimistic``) or 1 (``pessimistic``).

    Args:
        sim: (n_text, n_video) in both directions, or a Sim.
        text_video: (n_text,) column of each text's video; default: row i belongs to column i.
        direction: ``t2v`` or ``v2t``.
        ties: the tie rule.
        v2t: protocol where a video has several texts: ``best-caption``, ``group-max`` or
            ``each-caption``.
        positives: (n_text, n_video) boolean, instead of ``text_video``.

    Returns:
        t2v: (n_text,). v2t: (n_video,) with NaN where a video has no text; under
        ``each-caption`` (n_text,).

    Raises:
        InputError: shapes do not fit, a value is NaN or infinite, or a word is unknown.
    """
    if direction not in ("t2v", "v2t"):
        raise InputError(f"Unknown direction '{direction}': use t2v or v2t.")
    matrix = as_matrix(getattr(sim, direction) if isinstance(sim, Sim) else sim)
    truth = Truth.of(matrix.shape, text_video, positives)
    if v2t not in get_args(Protocol):
        raise InputError(f"Unknown v2t protocol '{v2t}': use {', '.join(get_args(Protocol))}.")
    if direction == "t2v":
        asking = queries(matrix, truth, "t2v")
    else:
        asking = v2t_queries(matrix, truth, v2t)
    counter = RankCounter(asking)
    fold(asking, [counter])
    return counter.ranks(ties)


def fold(asking: Queries, accumulators: Sequence[Any]) -> None:
    """Read the similarities once, block by block, and hand each block to all accumulators."""
    for rows in asking.rows.slices():
        block = asking.rows.block(rows)
        for accumulator in accumulators:
            accumulator.add(rows, block)


def summary(values: NDArray[np.float64], ks: Sequence[int] = (1, 5, 10)) -> dict[str, float]:
    """R@K in percent (share of queries with rank <= K), median and mean rank; NaN is left out."""
    asked = values[~np.isnan(values)]
    recalls = {f"R@{k}": 100 * int((asked <= k).sum()) / len(asked) for k in ks}
    return {**recalls, "MdR": float(np.median(asked)), "MnR": float(asked.mean())}
