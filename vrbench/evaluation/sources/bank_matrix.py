"""The similarities of a bank's queries to the gallery, in memory or on disk."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from vrbench.alignments import Method
from vrbench.alignments.engine.driver import PairProgress
from vrbench.evaluation.sources.scorer import Score
from vrbench.evaluation.sources.sizes import Sizes
from vrbench.evaluation.sources.without_matrix import readable
from vrbench.features import Tokens
from vrbench.runtime.memory import spare
from vrbench.sims.levels import Levels
from vrbench.sims.sim import Direction
from vrbench.sims.stored import spool

SPOOLED = 50_000_000
"""Bytes of a bank's similarities that are scored at once, where they go to disk."""


def bank_matrix(
    score: Score,
    sizes: Sizes,
    method: Method | None,
    queries: Tokens,
    gallery: Tokens,
    keep: Direction,
    progress: PairProgress | None,
) -> Any:
    """(bank queries, gallery) similarities: in memory, or on disk where they do not fit.

    Of a method with alignment levels they are ``Levels``, each scored by itself.

    Args:
        score: how to score.
        sizes: of the matrices of the test set.
        method: the alignment.
        queries: of the bank.
        gallery: the items that they ask for.
        keep: the direction in which they ask.
        progress: called as pairs are finished.
    """
    if method is not None and method.levels:
        sides = queries, gallery, keep, progress
        return Levels(tuple(bank_matrix(score, sizes, one, *sides) for one in method.levels))
    row = len(gallery) * sizes.width
    whole = spare(len(queries) * row, sizes.normalized) == len(queries) * row

    def rows(start: int, stop: int) -> NDArray[Any]:
        some = queries.block(start, stop) if stop - start < len(queries) else queries
        sides = (some, gallery) if keep == "t2v" else (gallery, some)
        pending = (stop - start) * row + sizes.normalized
        return score(method, *sides, keep, progress, pending).levels(keep)[0]

    if whole:
        return rows(0, len(queries))
    step = max(1, min(SPOOLED // row, readable(queries)))
    return spool(
        rows(start, min(start + step, len(queries))) for start in range(0, len(queries), step)
    )
