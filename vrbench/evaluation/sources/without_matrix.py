"""Similarities of which no matrix is kept: for ranks, and what else is folded over rows."""

from __future__ import annotations

from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from vrbench.alignments import Method
from vrbench.alignments.emd import EarthMover
from vrbench.alignments.engine.driver import PairProgress
from vrbench.alignments.engine.emd_bounds import contenders
from vrbench.alignments.engine.emd_kernels import DROPPED
from vrbench.features import Features, Tokens
from vrbench.sims.scored import ScoredMatrix
from vrbench.sims.sim import Direction, Sim
from vrbench.sims.truth import Truth

FOLDED = 32_000_000
"""Bytes, as float64, of the similarities that are scored at once."""
READ = 16_000_000
"""Bytes of the tokens of the items that ask at once."""


class Score(Protocol):
    """How to score two sides, leaving room for ``pending`` bytes of matrices still to come."""

    def __call__(
        self,
        method: Method | None,
        text: Tokens,
        video: Tokens,
        keep: Literal["both", "t2v", "v2t"],
        progress: PairProgress | None,
        pending: int,
    ) -> Sim:
        """Return the similarities that ``keep`` names."""


def fold(
    score: Score,
    method: Method,
    exact: EarthMover | None,
    features: Features,
    truth: Truth,
    progress: PairProgress | None,
) -> Sim:
    """Return what ranks need, but nothing that takes all pairs at once.

    ``emd`` gets its exact ranks from bounds (``emd_bounds.py``). Any other method is scored when
    rows are read, each direction on its own.

    Args:
        score: how to score.
        method: the alignment.
        exact: it again, if it is to be ranked by bounds.
        features: the items.
        truth: the right pairs.
        progress: called as pairs are finished.
    """
    text, video = features.text, features.video
    if exact is not None:
        some = Method(((1.0, contenders(text, video, truth, exact)),))
        pending = 4 * len(text) * len(video)
        matrix = score(some, text, video, "t2v", progress, pending).t2v
        return Sim(matrix, matrix, solved=float((matrix > DROPPED).mean()))
    t2v = _when_read(score, method, text, video, "t2v", progress)
    v2t = _when_read(score, method, video, text, "v2t", progress)
    return Sim(t2v, v2t.T)


def emd_alone(method: Method) -> EarthMover | None:
    """Return the alignment where a method is ``emd`` alone, of frames: bounds know no patches."""
    (weight, part), *others = method.parts
    alone = isinstance(part, EarthMover) and weight == 1 and not others and part.level == "frame"
    return part if isinstance(part, EarthMover) and alone else None


def readable(items: Tokens) -> int:
    """Return how many items can be read at once, whichever they are."""
    token: int = items.dim * items.tokens.dtype.itemsize
    return max(1, READ // (token * int(items.lengths.max())))


def _when_read(
    score: Score,
    method: Method,
    items: Tokens,
    gallery: Tokens,
    keep: Direction,
    progress: PairProgress | None,
) -> ScoredMatrix:
    def rows(start: int, stop: int) -> NDArray[Any]:
        some = items.block(start, stop)
        sides = (some, gallery) if keep == "t2v" else (gallery, some)
        found = score(method, *sides, keep, None, FOLDED + READ).flat().levels(keep)[0]
        if progress:
            progress(stop * len(gallery), len(items) * len(gallery))
        return np.ascontiguousarray(found)

    size = min(FOLDED, 8 * len(gallery) * readable(items))
    return ScoredMatrix(rows, len(items), len(gallery), size)
