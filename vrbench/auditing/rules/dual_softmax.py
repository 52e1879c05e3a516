"""Rules that multiply by a softmax over the test queries before ranking: transductive."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vrbench.auditing.rules import rules
from vrbench.auditing.rules.base import Audited, Reported, Rule, reported
from vrbench.errors import InputError
from vrbench.metrics.ranking import RankCounter
from vrbench.normalizations.base import Bank, Transform
from vrbench.normalizations.dsl import DualSoftmax
from vrbench.sims.sim import Direction, Rows
from vrbench.sims.truth import Queries


def _fitted(rows: Rows, tau: float) -> Transform:
    """Return dual softmax over these queries."""
    bank = Bank(rows, np.ones(len(rows)), np.ones(rows.width))
    return DualSoftmax(tau).fitted(bank).transform


def _ranked(asking: Queries, batches: Iterable[slice], tau: float) -> NDArray[np.float64]:
    """(n,) ranks after dual softmax within batches of queries; those who do not ask stay out."""
    counter, asked = RankCounter(asking), asking.asked
    for batch in batches:
        inside = np.flatnonzero(asked[batch]) + batch.start
        transform = _fitted(Rows(asking.rows.matrix, inside), tau) if len(inside) else np.asarray
        whole = Rows(asking.rows.matrix[batch])
        for part in whole.slices():
            rows = slice(batch.start + part.start, batch.start + part.stop)
            counter.add(rows, transform(whole.block(part)))
    return counter.counts.ranks()[asked]


@rules.register("dual-softmax")
@dataclass(frozen=True)
class WholeSet(Rule):
    """Dual softmax over all queries of the test set, each direction over its own queries.

    Attributes:
        tau: temperature on the scale of the similarities, > 0.
    """

    tau: float = 0.01
    changes = "dual softmax"
    source = "CAMoE, arXiv:2109.04290"

    def __post_init__(self) -> None:
        DualSoftmax(self.tau)

    def report(self, audited: Audited, direction: Direction) -> Reported | None:
        """Report the ranks after it."""
        if audited.norm != "none":
            return None
        asking = audited.asking(direction)
        return reported(_ranked(asking, [slice(0, len(asking.rows))], self.tau), audited.ks)


@rules.register("dual-softmax-batch")
@dataclass(frozen=True)
class Batched(Rule):
    """Dual softmax over the queries of one evaluation batch: the number depends on the batch.

    Attributes:
        batch: queries a batch, in the order of the file.
        tau: temperature on the scale of the similarities, > 0.

    Raises:
        InputError: ``batch`` is below 1 or ``tau`` not positive.
    """

    batch: int = 16
    tau: float = 0.01
    changes = "dual softmax"
    source = "asked about in starmemda/CAMoE issue 7"

    def __post_init__(self) -> None:
        DualSoftmax(self.tau)
        if self.batch < 1:
            raise InputError(f"batch must be at least 1, it is {self.batch}.")

    def report(self, audited: Audited, direction: Direction) -> Reported | None:
        """Report the ranks after it."""
        if audited.norm != "none":
            return None
        asking = audited.asking(direction)
        starts = range(0, len(asking.rows), self.batch)
        batches = (slice(start, min(start + self.batch, len(asking.rows))) for start in starts)
        return reported(_ranked(asking, batches, self.tau), audited.ks)


@rules.register("dual-softmax-texts")
@dataclass(frozen=True)
class OverTexts(Rule):
    """One matrix for both directions, multiplied by its softmax over the texts.

    ``out = sim * softmax(sim / tau, over texts)``, ranked along both axes. In v2t the factor grows
    with the similarity itself within a column, so positive similarities keep their order.

    Attributes:
        tau: temperature on the scale of the similarities, > 0; the code has logits and 1.
    """

    tau: float = 0.01
    changes = "dual softmax"
    source = "TS2-Net (main_task_retrieval.py)"

    def __post_init__(self) -> None:
        DualSoftmax(self.tau)

    def report(self, audited: Audited, direction: Direction) -> Reported | None:
        """Report v2t; t2v is that of ``dual-softmax``."""
        if audited.norm != "none" or direction == "t2v":
            return None
        asking = audited.asking("v2t")
        counter = RankCounter(asking)
        for rows in asking.rows.slices():
            block = asking.rows.block(rows)
            counter.add(rows, _fitted(Rows(block.T), self.tau)(block.T).T)
        return reported(counter.counts.ranks()[asking.asked], audited.ks)
