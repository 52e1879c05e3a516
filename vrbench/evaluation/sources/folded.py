"""What all blocks of a grid add up to, read twice, in one order wherever they are read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain

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
from vrbench.runtime.backend import Backend, Here, Tasks, in_order
from vrbench.sims.kept import Keeping, Kept
from vrbench.sims.sim import DIRECTIONS, Direction, Sim
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
        keeping: where similarities are kept between the reads.
    """

    grid: Grid
    score: Score
    queries: Mapping[Direction, Queries]
    backend: Backend
    progress: PairProgress | None
    keeping: Callable[[], Keeping] = Kept

    def read(self, gamma: float | None, ties: str, bounded: bool = False) -> dict[Direction, Read]:
        """Measure both directions.

        Args:
            gamma: temperature of the normalization error; None: not asked for.
            ties: the tie rule.
            bounded: whether only some pairs are known, those that decide ranks and first places.
        """
        several = tuple(d for d, queries in self.queries.items() if queries.several)
        folding = Folding(self.score, None if bounded else gamma, several)
        totals = {d: _Total.of(queries, folding.gamma) for d, queries in self.queries.items()}
        with self.keeping() as kept:
            known, solved = self._look(folding, kept)
            for place, found in self._count(folding, kept, known):
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

    def _look(self, folding: Folding, kept: Keeping) -> tuple[Parts, int]:
        """Read all blocks; return what is known of the queries, and how many pairs are."""
        known: dict[Direction, dict[int, Known]] = {d: {} for d in DIRECTIONS}
        solved = 0
        for place, found in in_order(self.grid, self._looking(folding, kept)):
            for direction, part in zip(DIRECTIONS, place, strict=True):
                before, now = known[direction].get(part), found.known[direction]
                known[direction][part] = before.join(now) if before else now
            solved += found.solved
        return {d: [parts[i] for i in sorted(parts)] for d, parts in known.items()}, solved

    def _looking(self, folding: Folding, kept: Keeping) -> Iterator[tuple[Place, Looked]]:
        """Read all blocks: here those that an earlier run has left, the others elsewhere."""
        done, total = 0, len(self.grid.text) * len(self.grid.video)
        here, there = self._divided(kept)
        left = Tasks(here, lambda place: Looking(self.grid[place], kept.take(place)))
        new = Tasks(there, lambda place: Looking(self.grid[place]))
        for place, (found, sim) in chain(
            Here().map(folding.look, left), self.backend.map(folding.look, new)
        ):
            if place not in kept:
                kept.keep(place, sim)
            done += sim.t2v.size
            if self.progress:
                self.progress(done, total)
            yield place, found

    def _count(
        self, folding: Folding, kept: Keeping, known: Parts
    ) -> Iterator[tuple[Place, dict[Direction, Counted]]]:
        """Read all blocks again: here those that are kept, the others where they are scored."""

        def task(place: Place, sim: Sim | None = None) -> Counting:
            asking = {d: known[d][i] for d, i in zip(DIRECTIONS, place, strict=True)}
            return Counting(self.grid[place], sim, asking)

        here, there = self._divided(kept)
        held = Tasks(here, lambda place: task(place, kept.take(place)))
        done = Here().map(folding.count, held)
        again = self.backend.map(folding.count, Tasks(there, task))
        yield from in_order(self.grid, chain(done, again))

    def _divided(self, kept: Keeping) -> tuple[list[Place], list[Place]]:
        """Return the blocks that are kept, and those that are not."""
        here = {place: place in kept for place in self.grid}
        return [p for p, found in here.items() if found], [p for p, f in here.items() if not f]


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
