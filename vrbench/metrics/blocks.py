"""Measuring similarities of which only blocks exist, in two reads that can be made anywhere.

The first read learns of each query what all of the gallery decides: its best positive, its largest
similarities, the sum of its softmax. The second counts by that. What blocks give is joined, and
has the same bits however texts and videos are divided into blocks.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrbench.metrics.diagnostics import (
    HUB_K,
    among,
    firsts,
    largest,
    logits_of,
    probabilities,
    votes,
)
from vrbench.metrics.places import count_places
from vrbench.metrics.ranking import best_of, count_negatives
from vrbench.runtime.sums import RowSum, Tree, exp_sums
from vrbench.sims.truth import Queries

Mass = Tree[tuple[NDArray[np.float64], NDArray[np.float64]]]

PART = 2_000_000
"""Bytes, as float64, of the similarities that are read at once: more leave the cache."""


@dataclass(frozen=True, eq=False)
class Found:
    """The positives of some queries, with their similarities.

    Attributes:
        query: (p,) whose each is.
        item: (p,) its place in the gallery.
        value: (p,) its similarity.
    """

    query: NDArray[np.int64]
    item: NDArray[np.int64]
    value: NDArray[Any]

    def join(self, later: Found) -> Found:
        """Join with those of the next part of the gallery."""
        pairs = zip(self.all, later.all, strict=True)
        return Found(*(np.concatenate(pair) for pair in pairs))

    @property
    def all(self) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
        """All three."""
        return self.query, self.item, self.value


@dataclass(frozen=True, eq=False)
class Known:
    """What is known of n queries from their similarities to the gallery, or to a part of it.

    Attributes:
        best: (n,) the best positive; -inf where there is none.
        top: (n,) the largest similarity.
        among: (n,) how many are equal to it.
        near: (n, k) the ``HUB_K`` largest, as far as there are so many, the smallest first.
        mass: a largest logit and the sum of ``exp(logit - largest)``; None: not asked for.
        positives: where a query has several; else None.
    """

    best: NDArray[Any]
    top: NDArray[Any]
    among: NDArray[np.int64]
    near: NDArray[Any]
    mass: Mass | None
    positives: Found | None

    def join(self, later: Known) -> Known:
        """Join with what is known from the next part of the gallery."""
        top = np.maximum(self.top, later.top)
        among = self.among * (self.top == top) + later.among * (later.top == top)
        near = largest(np.concatenate([self.near, later.near], axis=1), HUB_K)
        if self.mass is not None and later.mass is not None:
            self.mass.extend(later.mass)
        positives = self.positives
        if positives is not None and later.positives is not None:
            positives = positives.join(later.positives)
        return Known(np.maximum(self.best, later.best), top, among, near, self.mass, positives)


@dataclass(frozen=True, eq=False)
class Counted:
    """What a block adds: to its n queries their ranks, to its m gallery items the diagnostics.

    Attributes:
        better: (n,) negatives above a query's best positive.
        tied: (n,) negatives level with it.
        votes: (m,) queries that retrieve an item first.
        near: (m,) queries that have it among their nearest.
        sums: (m,) retrieval probabilities; None: not asked for.
        above: (p,) items above each of ``Known.positives``; None: there are none.
        level: (p,) items level with it.
    """

    better: NDArray[np.int64]
    tied: NDArray[np.int64]
    votes: NDArray[np.float64]
    near: NDArray[np.int64]
    sums: RowSum | None
    above: NDArray[np.int64] | None
    level: NDArray[np.int64] | None


def look(block: Queries, start: int, gamma: float | None, several: bool) -> Known:
    """Read a block for the first time.

    Args:
        block: (n, m) similarities with the positives in them.
        start: the place of its first item in the gallery, a multiple of ``LEAF``.
        gamma: temperature of the softmax; None: there is none.
        several: whether some query has several positives in the gallery.
    """
    rows, values = block.rows.block(slice(0, len(block.rows))), block.positives()
    best = best_of(block.query, values, len(rows))
    positives = Found(block.query, block.item + start, values) if several else None
    mass = None if gamma is None else _mass(rows, start, gamma)
    found = [(*firsts(rows[part]), largest(rows[part], HUB_K)) for part in _parts(rows)]
    top, among, near = map(np.concatenate, zip(*found, strict=True))
    return Known(best, top, among, near, mass, positives)


def _parts(rows: NDArray[Any]) -> Iterator[slice]:
    """Yield the rows that are read at once."""
    step = max(1, PART // (8 * rows.shape[1]))
    return (slice(i, min(i + step, len(rows))) for i in range(0, len(rows), step))


def _mass(rows: NDArray[Any], start: int, gamma: float) -> Mass:
    trees = [exp_sums(logits_of(rows[part], gamma), start) for part in _parts(rows)]
    first, *_ = trees
    for i, (level, number, _) in enumerate(first.parts):
        tops, sums = zip(*(tree.parts[i][2] for tree in trees), strict=True)
        first.parts[i] = level, number, (np.concatenate(tops), np.concatenate(sums))
    return first


def count_block(
    block: Queries, start: int, gallery: int, known: Known, gamma: float | None
) -> Counted:
    """Read a block for the second time.

    Positives have the similarities of the first read, also where another worker makes other ones.

    Args:
        block: (n, m) similarities with the positives in them.
        start: the place of its first query among all, a multiple of ``LEAF``.
        gallery: the place of its first item in the gallery.
        known: what all of the gallery shows of its queries.
        gamma: temperature of the softmax; None: there is none.
    """
    rows = block.rows.block(slice(0, len(block.rows)))
    better, tied, _ = count_negatives(block, known.best, block.positives())
    asks = ~np.isneginf(known.best)
    sums = None
    if gamma is not None and known.mass is not None:
        top, total = known.mass.total
        top = np.where(asks, top, np.inf)  # of the others all probabilities are 0
        sums = RowSum(block.rows.width)
        for part in _parts(rows):
            logits = logits_of(rows[part], gamma)
            sums.add(start + part.start, probabilities(logits, top[part], total[part]))
    places = (None, None) if known.positives is None else _places(rows, gallery, known.positives)
    rows, top, near = rows[asks], known.top[asks], known.near[asks, 0]
    first = votes(rows, top, known.among[asks])
    return Counted(better, tied, first, among(rows, near), sums, *places)


def _places(
    rows: NDArray[Any], start: int, positives: Found
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Count above each positive and level with it, in the order of ``positives``."""
    here = (positives.item >= start) & (positives.item < start + rows.shape[1])
    rows = rows.copy()
    rows[positives.query[here], positives.item[here] - start] = positives.value[here]
    order = np.argsort(positives.query, kind="stable")
    counts = np.empty((2, len(order)), dtype=np.int64)
    counts[:, order] = count_places(rows, positives.query[order], positives.value[order])
    return counts[0], counts[1]
