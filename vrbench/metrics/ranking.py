"""Ranks by counting, and their summaries: R@K, MdR, MnR."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vrbench.errors import InputError
from vrbench.metrics.counting import Counted, count
from vrbench.metrics.places import PlaceCounter, Places
from vrbench.metrics.table import of_ranks
from vrbench.sims.sim import Direction, Rows, as_sim, check_finite, is_finite
from vrbench.sims.truth import Protocol, Queries, Truth, queries_of, v2t_queries

Ties = Literal["mean", "optimistic", "pessimistic"]
_TIE_SHARE = {"mean": 0.5, "optimistic": 0.0, "pessimistic": 1.0}


@dataclass(frozen=True, eq=False)
class Counts:
    """For each query, the number of negatives above its best positive, and level with it.

    The rank is 1 + the better negatives + a share of the tied ones. Nothing is sorted. A query
    none of whose positives is a candidate has the last rank of the gallery.

    Attributes:
        has_positive: (n,) whether a query has a positive.
        better: (n,) negatives strictly above the best positive.
        tied: (n,) negatives equal to it.
        missed: (n,) whether no positive is a candidate; None: all items compete.
    """

    has_positive: NDArray[np.bool_]
    better: NDArray[np.int64]
    tied: NDArray[np.int64]
    missed: NDArray[np.bool_] | None = None

    @classmethod
    def of(cls, places: Places) -> Counts:
        """Return what all positives' places say of the best one."""
        groups, has_positive = places.groups, places.total > 0
        missed = has_positive.copy()
        better, tied = np.full(places.n, places.width - 1), np.zeros(places.n, dtype=np.int64)
        better[~has_positive] = 0
        best = groups.query[groups.first]
        better[best] = groups.above[groups.first]
        tied[best] = (groups.level - groups.positives)[groups.first]
        missed[best] = False
        return cls(has_positive, better, tied, missed)

    def ranks(self, ties: str = "mean") -> NDArray[np.float64]:
        """(n,) 1-based ranks; NaN where a query has no positive.

        Raises:
            InputError: the tie rule is unknown.
        """
        if ties not in get_args(Ties):
            raise InputError(f"Unknown tie rule '{ties}': use {', '.join(get_args(Ties))}.")
        rank = 1 + self.better + _TIE_SHARE[ties] * self.tied
        return np.where(self.has_positive, rank, np.nan)

    @property
    def missed_share(self) -> float | None:
        """Share of the queries none of whose positives is a candidate; None: all items compete."""
        return None if self.missed is None else float(self.missed[self.has_positive].mean())

    @property
    def tied_share(self) -> float:
        """Share of the queries with a tied negative."""
        return float((self.tied[self.has_positive] > 0).mean())


def count_ranks(queries: Queries) -> Counts:
    """Count the negatives above and level with each query's best positive, in one read.

    Raises:
        InputError: a similarity is NaN or infinite.
    """
    if queries.candidates is not None:
        places = PlaceCounter(queries)
        fold(queries, [places])
        return Counts.of(places.places)
    positive = queries.positives()
    if not np.isfinite(positive).all():
        check_finite(queries.rows, queries.direction)
    best = best_of(queries.query, positive, len(queries.rows))
    better, tied, finite = count_negatives(queries, best, positive)
    if not finite:
        check_finite(queries.rows, queries.direction)
    return Counts(queries.has_positive, better, tied)


def best_of(query: NDArray[np.int64], positive: NDArray[Any], n: int) -> NDArray[Any]:
    """(n,) the largest of each query's positives; -inf where there is none."""
    best = np.full(n, -np.inf, dtype=positive.dtype)
    np.maximum.at(best, query, positive)
    return best


def count_negatives(queries: Queries, best: NDArray[Any], positive: NDArray[Any]) -> Counted:
    """Count, for each query, the negatives among some similarities above ``best``, and level.

    Which are positives is known by their place: whatever they hold, they are taken out.

    Args:
        queries: (n, m) similarities, all of the gallery or a part, with the positives in it.
        best: (n,) of all the gallery; -inf: a query without a positive, of which none is counted.
        positive: (p,) the positives' similarities in ``queries``.

    Returns:
        (n,) above, (n,) level, and whether all similarities are finite.
    """
    level = np.where(np.isneginf(best), np.asarray(np.inf, best.dtype), best)
    above, equal, finite = count(queries.rows, level)
    own = level[queries.query]
    for counts, hit in ((above, positive > own), (equal, positive == own)):
        counts -= np.bincount(queries.query[hit], minlength=len(counts)).astype(counts.dtype)
    return above, equal, finite


class RankCounter:
    """Makes the same counts from the blocks of whole queries that ``fold`` passes on."""

    def __init__(self, queries: Queries) -> None:
        n = len(queries.rows)
        order = np.argsort(queries.query, kind="stable")
        self._query, self._item = queries.query[order], queries.item[order]
        self._direction = queries.direction
        self.counts = Counts(queries.has_positive, *np.zeros((2, n), dtype=np.int64))

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
    """Rank each query's best positive among the negatives.

    ``rank = 1 + #(negative > best positive) + share * #(negative == best positive)``. The share is
    1/2 (``mean``), 0 (``optimistic``) or 1 (``pessimistic``).

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
        InputError: shapes do not fit, a value is NaN or infinite, or the direction, the tie rule or
            the protocol is unknown.
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
        queries = queries_of(matrix, truth, "t2v")
    else:
        queries = v2t_queries(matrix, truth, v2t)
    return count_ranks(queries).ranks(ties)


def fold(queries: Queries, accumulators: Sequence[Any]) -> None:
    """Read the similarities once, block by block, and pass each block to all accumulators.

    Raises:
        InputError: a similarity is NaN or infinite.
    """
    for rows in queries.rows.slices():
        block = queries.rows.block(rows)
        if not is_finite(block):
            check_finite(queries.rows, queries.direction)
        for accumulator in accumulators:
            accumulator.add(rows, block)


def summary(
    values: NDArray[np.float64],
    ks: Sequence[int] = (1, 5, 10),
    missed: NDArray[np.bool_] | None = None,
) -> dict[str, float]:
    """Return R@K in percent, median and mean rank, and the table's other summaries of ranks.

    Args:
        values: (n,) ranks; NaN is left out.
        ks: the K of R@K.
        missed: (n,) queries that hit at no K, whatever their rank.
    """
    asked = ~np.isnan(values)
    known = values[asked]
    hits = known if missed is None else np.where(missed[asked], np.inf, known)
    return {one.name: float(one.over(hits if one.hits else known)) for one in of_ranks(ks)}
