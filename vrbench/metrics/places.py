"""Where all positives of a query stand: what MRR, mAP, nDCG@K and the true recall are taken of."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrbench.metrics.counting import count
from vrbench.sims.sim import Rows
from vrbench.sims.truth import Queries

SEVERAL = 64
"""Positives of a query from which its row is sorted instead of read once for each."""

Vector = NDArray[np.float64]
Index = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Places:
    """How many items stand above each positive and level with it, other positives included.

    Attributes:
        query: (p,) the query of each positive pair, ascending.
        above: (p,) items with a larger similarity.
        level: (p,) items with the same one, itself included.
        found: (p,) whether it competes at all: with candidates, whether it is one.
        gain: (p,) its relevance > 0.
        n: number of rows, with and without a positive.
        width: items of the gallery.
    """

    query: Index
    above: Index
    level: Index
    found: NDArray[np.bool_]
    gain: Vector
    n: int
    width: int

    @classmethod
    def of_single(
        cls, has_positive: NDArray[np.bool_], better: Index, tied: Index, width: int
    ) -> Places:
        """Return those of queries with one positive each, from the counts of its negatives.

        Args:
            has_positive: (n,) whether a row has one.
            better: (n,) negatives above it.
            tied: (n,) negatives level with it.
            width: items of the gallery.
        """
        query = np.flatnonzero(has_positive)
        ones = np.ones(len(query))
        counts = better[query], tied[query] + 1, ones.astype(bool), ones
        return cls(query, *counts, len(has_positive), width)

    @cached_property
    def total(self) -> Index:
        """(n,) positives of each query, whether they compete or not."""
        return np.bincount(self.query, minlength=self.n)

    @cached_property
    def groups(self) -> Groups:
        """The positives that compete, those at one score of a query together."""
        return Groups.of(self)

    def mean_over(self, parts: Vector) -> Vector:
        """(groups,) -> (n,) the sum of each query's; NaN where a row has no positive."""
        found = np.bincount(self.groups.query, weights=parts, minlength=self.n)
        return np.where(self.total > 0, found, np.nan)


@dataclass(frozen=True, eq=False)
class Groups:
    """The positives of a query at one score; groups of a query in order, the best first.

    Attributes:
        query: (g,) whose they are.
        above: (g,) items above them.
        level: (g,) items at the score, the positives included.
        positives: (g,) how many of these are positives.
        before: (g,) positives of the query above them.
        gains: (g,) sum of the positives' gains.
        pair: (p',) the positive pairs that compete, group after group, the most relevant first.
        group: (p',) the group of each.
        place: (p',) its number in the group, from 1.
    """

    query: Index
    above: Index
    level: Index
    positives: Index
    before: Index
    gains: Vector
    pair: Index
    group: Index
    place: Index

    @classmethod
    def of(cls, places: Places) -> Groups:
        """Group the positives that compete."""
        some = np.flatnonzero(places.found)
        pair = some[np.lexsort((-places.gain[some], places.above[some], places.query[some]))]
        query, above = places.query[pair], places.above[pair]
        new = np.ones(len(pair), dtype=bool)
        new[1:] = (np.diff(query) > 0) | (np.diff(above) > 0)
        first, group = np.flatnonzero(new), np.cumsum(new) - 1
        start = np.searchsorted(query, query[first])  # of the query's pairs
        return cls(
            query=query[first],
            above=above[first],
            level=places.level[pair][first],
            positives=np.diff(np.append(first, len(pair))),
            before=first - start,
            gains=np.bincount(group, places.gain[pair], len(first)).astype(np.float64),
            pair=pair,
            group=group,
            place=np.arange(len(pair)) - first[group] + 1,
        )

    @cached_property
    def first(self) -> NDArray[np.bool_]:
        """(g,) whether it is the best group of its query."""
        return np.asarray(self.before == 0)


class PlaceCounter:
    """Counts from the blocks of whole queries that ``fold`` passes on."""

    def __init__(self, queries: Queries) -> None:
        order = np.argsort(queries.query, kind="stable")
        self._query, self._item = queries.query[order], queries.item[order]
        self._gain = np.ones(len(order)) if queries.gain is None else queries.gain[order]
        self._candidates = queries.candidates
        self._above, self._level = np.zeros((2, len(order)), dtype=np.int64)
        self._found = np.ones(len(order), dtype=bool)
        self._shape = len(queries.rows), queries.rows.width

    def add(self, rows: slice, block: NDArray[Any]) -> None:
        """Count the queries ``rows``, whose similarities are ``block`` (rows, gallery)."""
        low, high = np.searchsorted(self._query, [rows.start, rows.stop])
        pairs, query = slice(low, high), self._query[low:high] - rows.start
        if self._candidates is not None:
            some = self._candidates[rows]
            self._found[pairs] = some[query, self._item[pairs]]
            block = np.where(some, block, -np.inf)
        value = block[query, self._item[pairs]]
        self._above[pairs], self._level[pairs] = count_pairs(block, query, value)

    @property
    def places(self) -> Places:
        """What was counted."""
        counts = self._above, self._level, self._found, self._gain
        return Places(self._query, *counts, *self._shape)


def count_pairs(block: NDArray[Any], query: Index, value: NDArray[Any]) -> tuple[Index, Index]:
    """Count the items above each positive and level with it; parts of a gallery add up.

    Args:
        block: (rows, items) similarities.
        query: (p,) the row of each positive, ascending.
        value: (p,) its similarity, which need not be in the block.

    Returns:
        (p,) above, (p,) level.
    """
    several = np.bincount(query).max(initial=0) > SEVERAL
    return (_sorted if several else _one_by_one)(block, query, value)


def _one_by_one(block: NDArray[Any], query: Index, value: NDArray[Any]) -> tuple[Index, Index]:
    """Count for the first positive of each query, then for the second of those that have one."""
    place = np.arange(len(query)) - np.searchsorted(query, query)
    above, level = np.zeros((2, len(query)), dtype=np.int64)
    for i in range(int(place.max(initial=-1)) + 1):
        some = np.flatnonzero(place == i)
        part = block if len(some) == len(block) else block[query[some]]
        above[some], level[some], _ = count(Rows(part), value[some])
    return above, level


def _sorted(block: NDArray[Any], query: Index, value: NDArray[Any]) -> tuple[Index, Index]:
    above, level = np.zeros((2, len(query)), dtype=np.int64)
    for row in np.unique(query):
        some = slice(*np.searchsorted(query, [row, row + 1]))
        ascending = np.sort(block[row])
        upto = np.searchsorted(ascending, value[some], side="right")
        above[some] = len(ascending) - upto
        level[some] = upto - np.searchsorted(ascending, value[some], side="left")
    return above, level
