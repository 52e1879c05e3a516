"""Rules that multiply by a softmax over the test queries before ranking: transductive."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrbench.errors import InputError
from vrbench.metrics import RankCounter
from vrbench.normalizations.base import Bank
from vrbench.normalizations.dsl import DualSoftmax
from vrbench.rules import rules
from vrbench.rules.base import Audited, Reported, Rule, reported
from vrbench.sim import Direction, Rows
from vrbench.truth import Queries


def _dual(rows: NDArray[Any], bank: NDArray[Any], tau: float) -> NDArray[Any]:
    """(rows, gallery) times its softmax over the rows of ``bank``."""
    fitted = DualSoftmax(tau).fit(Bank(Rows(bank), np.ones(len(bank)), np.ones(bank.shape[1])))
    return fitted.transform(rows)


def _ranked(asking: Queries, batch: int, tau: float) -> NDArray[np.float64]:
    """(n,) ranks after dual softmax within batches of queries; those who do not ask stay out."""
    counter, asked = RankCounter(asking), asking.asked
    for start in range(0, len(asking.rows), batch):
        rows = slice(start, min(start + batch, len(asking.rows)))
        block = asking.rows.block(rows)
        bank = block[asked[rows]]
        counter.add(rows, _dual(block, bank, tau) if len(bank) else block)
    return counter.ranks()[asked]


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
        return reported(_ranked(asking, len(asking.rows), self.tau), audited.ks)


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
        return reported(_ranked(audited.asking(direction), self.batch, self.tau), audited.ks)


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
            counter.add(rows, _dual(block.T, block.T, self.tau).T)
        return reported(counter.ranks()[asking.asked], audited.ks)
