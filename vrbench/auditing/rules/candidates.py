"""Rules on which items compete: reranked candidates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrbench.auditing.rules import rules
from vrbench.auditing.rules.base import Audited, Reported, Rule, reported
from vrbench.errors import InputError
from vrbench.metrics.ranking import RankCounter
from vrbench.sims.sim import Direction

FILLED = -100.0
"""Score of what is no candidate, in the released code."""


@rules.register("reranked")
@dataclass(frozen=True)
class Reranked(Rule):
    """Only each query's k best keep their score; all others get -100 before a softmax.

    ``out[q] = softmax_g(s[q, g] if g is one of the k best of q, else -100)`` in float32, where
    differences above about 104 vanish. Items that are no candidates tie: R@K up to k stay, MdR and
    MnR and R@K beyond k rest on the tie rule. Of items that tie for place k the first come in.

    Deviation: the released code gives candidates the scores of a second model; here they keep
    their own, so that the row shows what filling alone changes.

    Attributes:
        k: candidates of a query.

    Raises:
        InputError: ``k`` is below 1.
    """

    k: int = 128
    changes = "candidates"
    source = "Singularity, UMT, InternVideo2 (retrieval_utils.py, k_test=128)"

    def __post_init__(self) -> None:
        if self.k < 1:
            raise InputError(f"k must be at least 1, it is {self.k}.")

    def report(self, audited: Audited, direction: Direction) -> Reported | None:
        """Report the ranks among the filled scores; None where every item is a candidate."""
        queries = audited.queries(direction)
        if self.k >= queries.rows.width:
            return None
        counter = RankCounter(queries)
        for rows in queries.rows.slices():
            counter.add(rows, self._filled(queries.rows.block(rows)))
        return reported(counter.counts.ranks()[queries.has_positive], audited.ks)

    def _filled(self, block: NDArray[Any]) -> NDArray[np.float32]:
        """(rows, gallery) scores -> their softmax where only candidates have one."""
        best = np.argsort(-block, axis=1, kind="stable")[:, : self.k]
        kept = np.take_along_axis(block, best, axis=1).astype(np.float32)
        filled = np.full(block.shape, FILLED, dtype=np.float32)
        np.put_along_axis(filled, best, kept, axis=1)
        filled -= filled.max(axis=1, keepdims=True)
        np.exp(filled, out=filled)
        filled /= filled.sum(axis=1, keepdims=True)
        return filled
