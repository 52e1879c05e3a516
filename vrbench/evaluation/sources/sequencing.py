"""Applying a sequence alignment: captions x clips -> paragraphs x long videos, both directions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from vrbench.sequences import SequenceAlignment, SequenceScores, score_matrix
from vrbench.sequences.engine.grouping import Grouping
from vrbench.sims.sim import (
    DIRECTIONS,
    Direction,
    Rows,
    SequenceAbout,
    SequenceByDirection,
    Sim,
    check_finite,
)

ClipSim = Callable[[NDArray[np.int64]], Sim]
"""Maps rows of captions to their similarities with all clips; a direction may be missing."""


@dataclass(frozen=True, eq=False)
class Sequencing:
    """A sequence alignment as a stage.

    Attributes:
        method: the sequence alignment.
        longest: captions of the longest paragraph and clips of the longest video of the test set.
        matched: by direction, the matched similarities that the method's quantile is taken of.
        matched_of: kind of bank that those are of; ``test``: of the test set.
        chunk: captions whose similarities are in memory at once.
        windows: whether the clips are windows of whole videos; None: that is not known.
    """

    method: SequenceAlignment
    longest: tuple[int, int]
    matched: Mapping[Direction, NDArray[Any]]
    matched_of: str | None
    chunk: int
    windows: bool | None = None

    def apply(self, texts: Grouping, videos: Grouping, clips: ClipSim) -> Sim:
        """Score every paragraph against every video, each direction on its own similarities.

        Raises:
            InputError: a similarity is not finite.
        """
        scored: dict[Direction, list[SequenceScores]] = {"t2v": [], "v2t": []}
        symmetric = True
        for part in texts.chunks(self.chunk):
            sim = clips(part.order).flat()
            symmetric = sim.v2t is sim.t2v
            for direction in DIRECTIONS[:1] if symmetric else DIRECTIONS:
                if getattr(sim, direction) is not None:
                    matrix = getattr(sim, direction)
                    scored[direction].append(self._score(matrix, part, videos, direction))
        whole = {direction: _joined(parts) for direction, parts in scored.items() if parts}
        if symmetric:
            whole["v2t"] = whole["t2v"]
        matrices = (whole[d].matrix if d in whole else None for d in DIRECTIONS)
        info: SequenceByDirection = {}
        for direction, scores in whole.items():
            known = {} if self.windows is None else {"windows": self.windows}
            said = {**scores.about, "bucket_of": self.matched_of, **known}
            info[direction] = cast(SequenceAbout, said)
        return Sim(*matrices, info=info)

    def _score(
        self, matrix: NDArray[Any], texts: Grouping, videos: Grouping, direction: Direction
    ) -> SequenceScores:
        check_finite(Rows(matrix), "t2v")
        in_order = np.array_equal(videos.order, np.arange(len(videos.order)))
        return score_matrix(
            matrix if in_order else matrix[:, videos.order],
            texts.lengths,
            videos.lengths,
            self.method,
            matched=self.matched.get(direction),
            longest=self.longest,
        )


def _joined(parts: Sequence[SequenceScores]) -> SequenceScores:
    """Put the paragraphs of several parts below each other."""
    matrix = np.concatenate([part.matrix for part in parts])
    about = parts[0].about.copy()
    if about["negative"] is not None:
        weights = [part.captions for part in parts]
        shares = [part.about["negative"] or 0.0 for part in parts]
        about["negative"] = float(np.average(shares, weights=weights))
    return SequenceScores(matrix, about, sum(part.captions for part in parts))


def joined(captions: NDArray[Any], texts: Grouping) -> NDArray[Any]:
    """(paragraphs,) the captions of each in order, joined by spaces."""
    words = [str(caption) for caption in captions[texts.order]]
    ends = np.cumsum(texts.lengths)
    return np.array(
        [" ".join(words[end - n : end]) for end, n in zip(ends, texts.lengths, strict=True)]
    )
