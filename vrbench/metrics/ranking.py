"""Ranks by counting, and what is folded over them: R@K, MdR, MnR."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vrbench.errors import InputError
from vrbench.metrics.counting import count
from vrbench.metrics.table import of_ranks
from vrbench.sims.sim import Direction, Rows, as_sim, check_finite, is_finite
from vrbench.sims.truth import Protocol, Queries, Truth, queries, v2t_queries

Ties = Literal["mean", "optimistic", "pessimistic"]
_TIE_SHARE = {"mean": 0.5, "optimistic": 0.0, "pessimistic": 1.0}


@dataclass(frozen=True, eq=False)
class Counts:
    """For each query, the foreign items that beat or tie its best right item.

    Competitors are the items that are not the query's own: the rank is 1 + better ones + a share
    of the tied ones. Nothing is sorted.

    Attributes:
        asked: (n,) whether a query has a right item.
        better: (n,) foreign items strictly above the best own one.
        tied: (n,) foreign items equal to it.
    """

    asked: NDArray[np.bool_]
    better: NDArray[np.int64]
    tied: NDArray[np.int64]

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


def count_ranks(asking: Queries) -> Counts:
    """Count what beats and what ties each query's best right item, in one read.

    Raises:
        InputError: a similarity is NaN or infinite.
    """
    own = asking.own()
    if not np.isfinite(own).all():
        check_finite(asking.rows, asking.direction)
    best = np.full(len(asking.rows), -np.inf, dtype=own.dtype)
    np.maximum.at(best, asking.query, own)
    ties = np.bincount(asking.query, weights=own == best[asking.query], minlength=len(best))
    asked = asking.asked
    best[~asked] = np.inf  # no similarity is above it
    better, equal, finite = count(asking.rows, best)
    if not finite:
        check_finite(asking.rows, asking.direction)
    return Counts(asked, better, np.where(asked, equal - ties.astype(np.int64), 0))


class RankCounter:
    """The same counts from blocks of whole queries, as ``fold`` hands them out."""

    def __init__(self, asking: Queries) -> None:
        n = len(asking.rows)
        order = np.argsort(asking.query, kind="stable")
        self._query, self._item = asking.query[order], asking.item[order]
        self._direction = asking.direction
        self.counts = Counts(asking.asked, *np.zeros((2, n), dtype=np.int64))

    def add(self, rows: slice, block: NDArray[Any]) -> None:
        """Count the queries ``rows``, whose similarities are ``block`` (rows, gallery)."""
        low, high = np.searchsorted(self._query, [rows.start, rows.stop])
        query = self._query[low:high] - rows.start
        part = Queries(Rows(block), query, self._item[low:high], self._direction)
        found = count_ranks(part)
        self.counts.better[rows], self.counts.tied[rows] = found.better, found.tied


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
        sim: (n_text, n_video) in both directions, or an object or dict with ``t2v`` and ``v2t``.
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
    matrix = getattr(as_sim(sim), direction)
    if matrix is None:
        raise InputError(f"There are no similarities for {direction} to rank by.")
    truth = Truth.of(matrix.shape, text_video, positives)
    if v2t not in get_args(Protocol):
        raise InputError(f"Unknown v2t protocol '{v2t}': use {', '.join(get_args(Protocol))}.")
    if direction == "t2v":
        asking = queries(matrix, truth, "t2v")
    else:
        asking = v2t_queries(matrix, truth, v2t)
    return count_ranks(asking).ranks(ties)


def fold(asking: Queries, accumulators: Sequence[Any]) -> None:
    """Read the similarities once, block by block, and hand each block to all accumulators.

    Raises:
        InputError: a similarity is NaN or infinite.
    """
    for rows in asking.rows.slices():
        block = asking.rows.block(rows)
        if not is_finite(block):
            check_finite(asking.rows, asking.direction)
        for accumulator in accumulators:
            accumulator.add(rows, block)


def summary(values: NDArray[np.float64], ks: Sequence[int] = (1, 5, 10)) -> dict[str, float]:
    """R@K in percent (share of queries with rank <= K), median and mean rank; NaN is left out.

    And whatever else the table of metrics folds over ranks.
    """
    asked = values[~np.isnan(values)]
    return {one.name: float(one.over(asked)) for one in of_ranks(ks)}
