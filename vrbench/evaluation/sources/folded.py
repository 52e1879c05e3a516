"""What all blocks of a grid add up to, read twice, in one order wherever they are read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrbench.alignments.engine.driver import PairProgress
from vrbench.evaluation.sources.blocks import Counting, Folding, Looked, Looking, Score
from vrbench.evaluation.sources.grid import Grid, Place
from vrbench.metrics.blocks import Counted, Known
from vrbench.metrics.diagnostics import Occurrences, ProbabilitySums, Representation
from vrbench.metrics.metric import Read
from vrbench.metrics.places import Places
from vrbench.metrics.ranking import Counts
from vrbench.runtime.backend import Backend, Tasks, in_order
from vrbench.sims.kept import Keeping, Kept
from vrbench.sims.sim import DIRECTIONS, Direction
from vrbench.sims.truth import Queries

Parts = dict[Direction, list[Known]]
"""What is known of the queries, by part of their side."""


@dataclass(frozen=True, eq=False)
class Folded:
    """The measures of a grid of blocks.

    Attributes:
        grid: the blocks.
        score: how a block is scored.
        queries: of each direction; their similarities are not read.
        backend: where blocks are read.
        progress: called as pairs are read for the first time.
        keeping: opens what keeps similarities between the reads, where blocks are read.
        key: under which those of a block are kept.
    """

    grid: Grid
    score: Score
    queries: Mapping[Direction, Queries]
    backend: Backend
    progress: PairProgress | None
    keeping: Callable[[], AbstractContextManager[Keeping]] = Kept
    key: Callable[[Place], Any] = tuple

    def read(self, gamma: float | None, ties: str, bounded: bool = False) -> dict[Direction, Read]:
        """Measure both directions.

        Args:
            gamma: temperature of the normalization error; None: not asked for.
            ties: the tie rule.
            bounded: whether only some pairs are known, those that decide ranks and first places.
        """
        several = tuple(d for d, queries in self.queries.items() if queries.several)
        gamma = None if bounded else gamma
        totals = {d: _Total.of(queries, gamma) for d, queries in self.queries.items()}
        with self.keeping() as kept:
            folding = Folding(self.score, kept, gamma, several)
            known, solved = self._look(folding)
            for place, found in self._count(folding, known):
                for direction, part in zip(DIRECTIONS, place, strict=True):
                    slices = self.grid.slices(place, direction)
                    totals[direction].add(part, *slices, found[direction])
        share = solved / (len(self.grid.text) * len(self.grid.video)) if bounded else None
        return {d: self._read(d, totals[d], known[d], ties, share) for d in DIRECTIONS}

    def _read(
        self,
        direction: Direction,
        total: _Total,
        known: list[Known],
        ties: str,
        solved: float | None,
    ) -> Read:
        """Return the measures; what depends on all pairs is unknown where ``solved`` is given."""
        counts, queries = total.counts, self.queries[direction]
        near = total.near if solved is None else None
        width = queries.rows.width
        if not queries.several:
            places = Places.of_single(counts.has_positive, counts.better, counts.tied, width)
        else:
            places = _places(queries, self.grid.parts[direction], known, total)
        return Read(counts, total.votes, total.sums, near, places, ties, solved=solved)

    def _look(self, folding: Folding) -> tuple[Parts, int]:
        """Read all blocks; return what is known of the queries, and how many pairs are."""
        known: dict[Direction, dict[int, Known]] = {d: {} for d in DIRECTIONS}
        solved = 0
        for place, found in in_order(self.grid, self._looking(folding)):
            for direction, part in zip(DIRECTIONS, place, strict=True):
                before, now = known[direction].get(part), found.known[direction]
                known[direction][part] = before.join(now) if before else now
            solved += found.solved
        return {d: [parts[i] for i in sorted(parts)] for d, parts in known.items()}, solved

    def _looking(self, folding: Folding) -> Iterator[tuple[Place, Looked]]:
        done, total = 0, len(self.grid.text) * len(self.grid.video)
        tasks = Tasks(list(self.grid), lambda place: Looking(self.grid[place], self.key(place)))
        for place, found in self.backend.map(folding.look, tasks):
            text, video = self.grid.slices(place, "t2v")
            done += (text.stop - text.start) * (video.stop - video.start)
            if self.progress:
                self.progress(done, total)
            yield place, found

    def _count(
        self, folding: Folding, known: Parts
    ) -> Iterator[tuple[Place, dict[Direction, Counted]]]:
        """Read all blocks again."""

        def task(place: Place) -> Counting:
            asking = {d: known[d][i] for d, i in zip(DIRECTIONS, place, strict=True)}
            return Counting(self.grid[place], self.key(place), asking)

        return in_order(self.grid, self.backend.map(folding.count, Tasks(list(self.grid), task)))


@dataclass(frozen=True, eq=False)
class _Total:
    """What the blocks of one direction add up to."""

    counts: Counts
    votes: Representation
    near: Occurrences
    sums: ProbabilitySums | None
    above: dict[int, NDArray[np.int64]] = field(default_factory=dict)
    level: dict[int, NDArray[np.int64]] = field(default_factory=dict)

    @classmethod
    def of(cls, queries: Queries, gamma: float | None) -> _Total:
        """Nothing is counted yet."""
        counts = Counts(queries.has_positive, *np.zeros((2, len(queries.rows)), np.int64))
        sums = None if gamma is None else ProbabilitySums(queries, gamma)
        return cls(counts, Representation(queries), Occurrences(queries), sums)

    def add(self, part: int, asking: slice, gallery: slice, found: Counted) -> None:
        """Add a block of a part of the queries and gallery items, in the order of the grid."""
        self.counts.better[asking] += found.better
        self.counts.tied[asking] += found.tied
        self.votes.votes[gallery] += found.votes
        self.near.counts[gallery] += found.near
        if self.sums is not None and found.sums is not None:
            self.sums.extend(gallery.start, found.sums)
        if found.above is not None and found.level is not None:
            self.above[part] = self.above.get(part, 0) + found.above
            self.level[part] = self.level.get(part, 0) + found.level


def _places(queries: Queries, parts: list[slice], known: list[Known], total: _Total) -> Places:
    """Return where all positives stand, from the counts of each part of the queries."""
    found = [one.positives for one in known]
    pairs = [
        (one.query + part.start, one.item) for one, part in zip(found, parts, strict=True) if one
    ]
    query, item = (np.concatenate(side) for side in zip(*pairs, strict=True))
    order = np.lexsort((item, query))
    above, level = (
        np.concatenate([counts[part] for part in sorted(counts)])[order]
        for counts in (total.above, total.level)
    )
    same = np.lexsort((queries.item, queries.query))
    gain = np.ones(len(order)) if queries.gain is None else queries.gain[same]
    competes = np.ones(len(order), dtype=bool)
    shape = len(queries.rows), queries.rows.width
    return Places(query[order], above, level, competes, gain, *shape)
