"""Similarities of which no matrix is kept: measured from blocks, each scored once if it can be."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrbench.alignments import Method
from vrbench.alignments.emd import EarthMover
from vrbench.alignments.engine.driver import PairProgress
from vrbench.alignments.engine.emd_positives import contenders
from vrbench.evaluation.sources.folded import Folded
from vrbench.evaluation.sources.grid import Grid
from vrbench.evaluation.sources.scorer import Score
from vrbench.evaluation.sources.spread import Spread, check_sendable, task_pairs
from vrbench.features import Features, Tokens
from vrbench.metrics.measure import Unkept
from vrbench.runtime.backend import Here
from vrbench.sims.scored import ScoredMatrix
from vrbench.sims.sim import DIRECTIONS, Direction, Sim, as_matrix
from vrbench.sims.truth import Truth, queries_of

FOLDED = 16_000_000
"""Bytes, as float64, of the similarities that are scored at once."""
READ = 16_000_000
"""Bytes of the tokens of the items that ask at once, where single rows are read."""


@dataclass(frozen=True)
class Flat:
    """Scoring of a block: both directions, alignment levels averaged."""

    score: Score
    method: Method

    def __call__(self, text: Tokens, video: Tokens) -> Sim:
        """Score two sides."""
        pending = 32 * len(text) * len(video)  # both directions, and what is made of one of them
        return self.score(self.method, text, video, "both", None, pending).flat()


def fold(
    score: Score,
    method: Method,
    exact: EarthMover | None,
    features: Features,
    truth: Truth,
    progress: PairProgress | None,
) -> Unkept:
    """Return what is measured without a matrix.

    ``emd`` gets its exact ranks from bounds (``emd_bounds.py``), and has no probabilities.

    Args:
        score: how to score; blocks are read where it does that.
        method: the alignment.
        exact: it again, if it is to be ranked by bounds.
        features: the items.
        truth: the right pairs.
        progress: called as pairs are finished.
    """
    text, video = features.text, features.video
    if exact is not None:
        method = Method(((1.0, contenders(text, video, truth, exact)),))
    t2v = _when_read(score, method, text, video, "t2v")
    v2t = _when_read(score, method, video, text, "v2t").T
    sims = {"t2v": as_matrix(t2v), "v2t": as_matrix(v2t)}
    queries = {d: queries_of(sims[d], truth, d) for d in DIRECTIONS}
    if isinstance(score, Spread):
        grid = Grid(text, video, truth, task_pairs(text, video, score.backend))
        check_sendable([method])
        flat = Flat(score.score, method)
        name = score.naming(grid, method, "flat")
        folded = Folded(grid, flat, queries, score.backend, progress, score.keeping, name)
    else:
        grid = Grid(text, video, truth, FOLDED // 8)
        folded = Folded(grid, Flat(score, method), queries, Here(), progress)
    return Unkept(t2v, v2t, partial(folded.read, bounded=exact is not None), exact is not None)


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
    score: Score, method: Method, items: Tokens, gallery: Tokens, keep: Direction
) -> ScoredMatrix:
    def rows(start: int, stop: int) -> NDArray[Any]:
        some = items.block(start, stop)
        sides = (some, gallery) if keep == "t2v" else (gallery, some)
        found = score(method, *sides, keep, None, FOLDED + READ).flat().levels(keep)[0]
        return np.ascontiguousarray(found)

    size = min(FOLDED, 8 * len(gallery) * readable(items))
    return ScoredMatrix(rows, len(items), len(gallery), size)
