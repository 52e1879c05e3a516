"""Rules on equal similarities."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vrbench.auditing.rules import rules
from vrbench.auditing.rules.base import Audited, Reported, Rule, reported
from vrbench.sims.sim import Direction


def _under(audited: Audited, direction: Direction, ties: str) -> Reported:
    ranks = audited.counts(direction).ranks(ties)
    return reported(ranks[~np.isnan(ranks)], audited.ks)


@rules.register("mean")
@dataclass(frozen=True)
class Mean(Rule):
    """A right item takes the mean place among equal foreign ones: vrbench's own rule.

    The released code averages over all equal items, the query's own included.
    """

    changes = "ties"
    source = "CE, QB-Norm (metric.py, averaging)"

    def report(self, audited: Audited, direction: Direction) -> Reported:
        """Report with half the tied foreign items in front."""
        return _under(audited, direction, "mean")


@rules.register("optimistic")
@dataclass(frozen=True)
class Optimistic(Rule):
    """A right item stands before every equal one: the best that an unstable sort can report."""

    changes = "ties"
    source = "Everything-at-Once (one of its two rules)"

    def report(self, audited: Audited, direction: Direction) -> Reported:
        """Report with no tied item in front."""
        return _under(audited, direction, "optimistic")


@rules.register("pessimistic")
@dataclass(frozen=True)
class Pessimistic(Rule):
    """A right item stands behind every equal one: the worst that an unstable sort can report.

    Codes that rank by argsort or topk (VSE++, Norton, CLIP_benchmark) lie between the two.
    """

    changes = "ties"

    def report(self, audited: Audited, direction: Direction) -> Reported:
        """Report with all tied items in front."""
        return _under(audited, direction, "pessimistic")


@rules.register("sort-and-subtract")
@dataclass(frozen=True)
class SortAndSubtract(Rule):
    """Every sorted place whose value equals the right item's is an entry of its own.

    ``entries = {p : sorted(sim[q])[p] == sim[q, right]}`` over all queries: a query with t equal
    foreign items has 1 + t entries, and every metric's denominator grows. The released code reads
    the right items off the diagonal; with several captions a video it uses this function in v2t
    only, on each video's best caption.
    """

    changes = "ties"
    source = "CLIP4Clip (issue 80), X-CLIP, DRL, TS2-Net, UCoFiA, VideoCLIP, TempCLR"

    def report(self, audited: Audited, direction: Direction) -> Reported | None:
        """Report over all entries."""
        if not audited.truth.single:
            return None
        if audited.several_captions and direction == "t2v":
            return None
        counts = audited.counts(direction, "group-max")
        tied = counts.tied[counts.asked]
        first = np.repeat(1 + counts.better[counts.asked], 1 + tied)
        later = np.arange(len(first)) - np.repeat(np.cumsum(1 + tied) - (1 + tied), 1 + tied)
        return reported((first + later).astype(np.float64), audited.ks)
