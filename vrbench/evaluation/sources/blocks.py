"""A block of texts x videos, and what is done with it: functions that can run anywhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from vrbench.alignments.engine.emd_kernels import DROPPED
from vrbench.features import Tokens
from vrbench.metrics.blocks import Counted, Known, count_block, look
from vrbench.sims.kept import Keeping
from vrbench.sims.sim import DIRECTIONS, Direction, Rows, Sim, is_finite, not_finite
from vrbench.sims.truth import Queries


class Score(Protocol):
    """How to score two sides."""

    def __call__(self, text: Tokens, video: Tokens) -> Sim:
        """Return both directions, alignment levels averaged."""


@dataclass(frozen=True, eq=False)
class Block:
    """Some texts against some videos.

    Attributes:
        text: the texts.
        video: the videos.
        start: the places of the first text and of the first video among all.
        pairs: (p,) text and (p,) video of the positives, counted from the block's first ones.
    """

    text: Tokens
    video: Tokens
    start: dict[Direction, int]
    pairs: tuple[NDArray[np.int64], NDArray[np.int64]]

    def __str__(self) -> str:
        """Return what a message calls it."""
        text, video = self.text.ids, self.video.ids
        return (
            f"The block of texts '{text[0]}' to '{text[-1]}' and videos '{video[0]}' to "
            f"'{video[-1]}'"
        )

    def queries(self, sim: Sim, direction: Direction) -> Queries:
        """Return a direction's queries with the positives in the block."""
        if direction == "t2v":
            return Queries(Rows(sim.t2v), *self.pairs, direction)
        return Queries(Rows(np.ascontiguousarray(sim.v2t.T)), *self.pairs[::-1], direction)


@dataclass(frozen=True, eq=False)
class Looking:
    """The task of the first read.

    Attributes:
        block: the block.
        key: under which its similarities are kept.
    """

    block: Block
    key: Any

    def __str__(self) -> str:
        """Return what a message calls it."""
        return str(self.block)


@dataclass(frozen=True, eq=False)
class Counting(Looking):
    """The task of the second read.

    Attributes:
        known: what is known of the block's queries.
    """

    known: dict[Direction, Known]


@dataclass(frozen=True, eq=False)
class Looked:
    """What the first read of a block gives.

    Attributes:
        known: of its queries, by direction.
        solved: how many of its pairs are known.
    """

    known: dict[Direction, Known]
    solved: int


@dataclass(frozen=True)
class Folding:
    """The two reads of a block.

    Attributes:
        score: how its items are scored.
        keeping: keeps similarities between the reads.
        gamma: temperature of the retrieval probabilities; None: they are not asked for.
        several: the directions in which some query has several positives.
    """

    score: Score
    keeping: Keeping
    gamma: float | None
    several: tuple[Direction, ...] = ()

    def look(self, task: Looking) -> Looked:
        """Score a block, unless an earlier run did; return what is to be known of its queries.

        Raises:
            InputError: an item cannot be scored, or a similarity is NaN or infinite.
        """
        block, sim = task.block, self.keeping.take(task.key)
        scored = self.score(block.text, block.video) if sim is None else sim
        for direction in DIRECTIONS:
            if not is_finite(getattr(scored, direction)):
                start = block.start["t2v"], block.start["v2t"]
                raise not_finite(getattr(scored, direction), direction, start)
        if sim is None:
            self.keeping.keep(task.key, scored)
        known = {
            d: look(block.queries(scored, d), block.start[other(d)], self.gamma, d in self.several)
            for d in DIRECTIONS
        }
        return Looked(known, int((scored.t2v > DROPPED).sum()))

    def count(self, task: Counting) -> dict[Direction, Counted]:
        """Count in a block by what is known of its queries; if it is not kept, score it again."""
        block, sim = task.block, self.keeping.take(task.key)
        sim = self.score(block.text, block.video) if sim is None else sim
        return {
            d: count_block(
                block.queries(sim, d),
                block.start[d],
                block.start[other(d)],
                task.known[d],
                self.gamma,
            )
            for d in DIRECTIONS
        }


def other(direction: Direction) -> Direction:
    """Return the direction whose queries are this one's gallery."""
    return "v2t" if direction == "t2v" else "t2v"
