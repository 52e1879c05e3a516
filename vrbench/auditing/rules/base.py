"""The interface of evaluation rules: the audited similarities, the report, the base class."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from vrbench.metrics.ranking import Counts, count_ranks, summary
from vrbench.sims.sim import Direction, Sim, as_matrix
from vrbench.sims.truth import Queries, Truth, queries_of, v2t_queries

REFERENCE = "best-caption"
"""Protocol of v2t of every rule but those on captions."""


@dataclass
class Audited:
    """Similarities and their truth, as a rule gets them.

    Attributes:
        sim: (n_text, n_video) matrices.
        truth: the positive pairs.
        ks: the K of R@K.
        norm: the spec that made the similarities.
        several: the same with a leading axis of several matrices, whose mean ``sim`` is; None:
            there is one only, or a norm came in between.
    """

    sim: Sim
    truth: Truth
    ks: tuple[int, ...] = (1, 5, 10)
    norm: str = "none"
    several: Sim | None = None
    _counted: dict[tuple[str, str], Counts] = field(default_factory=dict, repr=False)

    @property
    def several_captions(self) -> bool:
        """Whether a video has more than one text."""
        return bool((self.truth.captions > 1).any())

    def matrix(self, direction: Direction) -> NDArray[Any]:
        """(n_text, n_video) in both directions."""
        return as_matrix(getattr(self.sim, direction))

    def queries(self, direction: Direction, protocol: str = REFERENCE) -> Queries:
        """Return the queries of a direction; the protocol matters in v2t only."""
        matrix = self.matrix(direction)
        if direction == "t2v":
            return queries_of(matrix, self.truth, "t2v")
        return v2t_queries(matrix, self.truth, protocol)

    def counts(self, direction: Direction, protocol: str = REFERENCE) -> Counts:
        """Count each query's better and tied negatives, once for all rules."""
        key = (direction, protocol if direction == "v2t" else "")
        if key not in self._counted:
            self._counted[key] = count_ranks(self.queries(direction, protocol))
        return self._counted[key]

    def ranks(self, direction: Direction, protocol: str = REFERENCE) -> NDArray[np.float64]:
        """(n,) ranks of the queries with a positive, under the mean tie rule."""
        ranks = self.counts(direction, protocol).ranks()
        return ranks[~np.isnan(ranks)]


@dataclass(frozen=True)
class Reported:
    """The report of a rule on one direction.

    Attributes:
        n: entries that the metrics are taken over.
        metrics: R@K in percent, MdR, MnR, as far as the rule has them.
    """

    n: int
    metrics: dict[str, float]


class Rule(ABC):
    """A frozen dataclass whose fields are the rule's parameters."""

    changes: ClassVar[str] = ""
    """What it changes in a word or two, best one of ``report.ORDER``; others are listed last."""

    source: ClassVar[str] = ""
    """Released code that uses it, and where; empty where none is known."""

    @abstractmethod
    def report(self, audited: Audited, direction: Direction) -> Reported | None:
        """Return the report on a direction; None where the rule does not apply."""


def reported(ranks: NDArray[np.float64], ks: tuple[int, ...]) -> Reported:
    """Return the metrics of these ranks."""
    return Reported(len(ranks), summary(ranks, ks))
