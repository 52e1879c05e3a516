"""Similarities of which no matrix is kept: for ranks, and what else is folded over rows."""

from __future__ import annotations

from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from vrbench.alignments import Method
from vrbench.alignments.driver import Progress
from vrbench.alignments.emd import EarthMover
from vrbench.alignments.emd_bounds import contenders
from vrbench.alignments.emd_kernels import DROPPED
from vrbench.features import Features, Tokens
from vrbench.sims.scored import ScoredMatrix
from vrbench.sims.sim import Direction, Sim
from vrbench.truth import Truth

FOLDED = 32_000_000
"""Bytes, as float64, of the similarities that are scored at once."""


class Score(Protocol):
    """How to score two sides, leaving room for ``pending`` bytes of matrices still to come."""

    def __call__(
        self,
        method: Method | None,
        text: Tokens,
        video: Tokens,
        keep: Literal["both", "t2v", "v2t"],
        progress: Progress | None,
        pending: int,
    ) -> Sim:
        """Return the similarities that ``keep`` names."""


def fold(
    score: Score,
    method: Method,
    features: Features,
    truth: Truth,
    bounded: bool,
    progress: Progress | None,
) -> Sim:
    """Return what ranks need, but nothing that takes all pairs at once.

    ``emd`` gets its exact ranks from bounds (``emd_bounds.py``). Any other method is scored when
    rows are read, each direction on its own.

    Args:
        score: how to score.
        method: the alignment.
        features: the items.
        truth: the right pairs.
        bounded: whether bounds may be used: they are for float32 products on the CPU.
        progress: called as pairs are finished.
    """
    text, video = features.text, features.video
    (weight, part), *others = method.parts
    if isinstance(part, EarthMover) and weight == 1 and not others and bounded:
        some = Method(((1.0, contenders(text, video, truth, part)),))
        pending = 4 * len(text) * len(video)
        matrix = score(some, text, video, "t2v", progress, pending).t2v
        return Sim(matrix, matrix, solved=float((matrix > DROPPED).mean()))
    t2v = _when_read(score, method, text, video, "t2v", progress)
    v2t = _when_read(score, method, video, text, "v2t", progress)
    return Sim(t2v, v2t.T)


def _when_read(
    score: Score,
    method: Method,
    asking: Tokens,
    gallery: Tokens,
    keep: Direction,
    progress: Progress | None,
) -> ScoredMatrix:
    def rows(start: int, stop: int) -> NDArray[Any]:
        some = asking.block(start, stop)
        sides = (some, gallery) if keep == "t2v" else (gallery, some)
        found = score(method, *sides, keep, None, FOLDED).levels(keep)[0]
        if progress:
            progress(stop * len(gallery), len(asking) * len(gallery))
        return np.ascontiguousarray(found)

    return ScoredMatrix(rows, len(asking), len(gallery), FOLDED)
