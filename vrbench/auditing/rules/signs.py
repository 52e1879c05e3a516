"""A rule on the sign: distances that are ranked as similarities."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from vrbench.auditing.rules import rules
from vrbench.auditing.rules.base import Audited, Reported, Rule, reported
from vrbench.sims.sim import Direction, Sim

FAR, FEWEST = 0.75, 20
"""Where the median place lies, of 0 (first) to 1 (last), above which scores look like distances,
and the queries that are needed to say so; chance gives 0.5, with a standard error below 0.12."""


@rules.register("negated")
@dataclass(frozen=True)
class Negated(Rule):
    """Distances, of which the smallest is best: ranked by their negative.

    Reported only where the median rank is near the size of the gallery, which says so.
    """

    changes = "sign"

    def report(self, audited: Audited, direction: Direction) -> Reported | None:
        """Report the ranks by the negative."""
        ranks = audited.ranks(direction)
        others = audited.queries(direction).rows.width - 1
        if len(ranks) < FEWEST or np.median(ranks) - 1 <= FAR * others:
            return None
        matrix = -audited.matrix(direction)
        sim = Sim(matrix, None) if direction == "t2v" else Sim(None, matrix)
        return reported(replace(audited, sim=sim, _counted={}).ranks(direction), audited.ks)
