"""Rules on several right items: which caption counts, and what a recall is."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from vrbench.auditing.rules import rules
from vrbench.auditing.rules.base import Audited, Reported, Rule, reported
from vrbench.metrics.ranking import count_ranks
from vrbench.sims.sim import Direction, Rows, Sim
from vrbench.sims.truth import Queries, Truth


def _under(audited: Audited, direction: Direction, protocol: str) -> Reported | None:
    needed = audited.several_captions and audited.truth.single
    if direction == "t2v" or not needed:
        return None
    return reported(audited.ranks(direction, protocol), audited.ks)


@rules.register("group-max")
@dataclass(frozen=True)
class GroupMax(Rule):
    """v2t: each video's captions count as one item, their maximum."""

    changes = "captions"
    source = "CLIP4Clip, UCoFiA (tensor_video_to_text_sim), TS2-Net, X-Pool"

    def report(self, audited: Audited, direction: Direction) -> Reported | None:
        """Report the ranks among the groups."""
        return _under(audited, direction, "group-max")


@rules.register("best-caption")
@dataclass(frozen=True)
class BestCaption(Rule):
    """v2t: a video's best caption against all captions of other videos: vrbench's own rule."""

    changes = "captions"
    source = "CE, QB-Norm (v2t_metrics), Frozen in Time, CLIP_benchmark"

    def report(self, audited: Audited, direction: Direction) -> Reported | None:
        """Report the rank of the best own caption."""
        return _under(audited, direction, "best-caption")


@rules.register("each-caption")
@dataclass(frozen=True)
class EachCaption(Rule):
    """v2t: every caption's own rank, its video's other captions being competitors."""

    changes = "captions"

    def report(self, audited: Audited, direction: Direction) -> Reported | None:
        """Report over the captions."""
        return _under(audited, direction, "each-caption")


@rules.register("first-caption")
@dataclass(frozen=True)
class FirstCaption(Rule):
    """Only the first caption of each video exists, in both directions."""

    changes = "captions"
    source = "asked about in openai/CLIP issues 115 and 181"

    def report(self, audited: Audited, direction: Direction) -> Reported | None:
        """Report over one text a video."""
        truth = audited.truth
        if not (audited.several_captions and truth.single):
            return None
        owner, first = np.unique(truth.video[np.argsort(truth.text)], return_index=True)
        matrix = audited.matrix(direction)[first]
        reduced = Truth.of(matrix.shape, owner)
        sim = Sim(matrix, None) if direction == "t2v" else Sim(None, matrix)
        one = replace(audited, sim=sim, truth=reduced, _counted={})
        return reported(one.ranks(direction), audited.ks)


@rules.register("recall-fraction")
@dataclass(frozen=True)
class RecallFraction(Rule):
    """R@K as the share of a query's right items within K, not as a hit.

    ``mean_q |{own items of q with rank <= K}| / |own items of q|``, other own items competing. The
    median and mean rank are not defined.
    """

    changes = "recall"
    source = "asked about in Cuberick-Orion/CIRR issue 12, lezhang7/Enhance-FineGrained issue 19"

    def report(self, audited: Audited, direction: Direction) -> Reported | None:
        """Report the fractions."""
        asking = audited.asking(direction)
        due = np.bincount(asking.query, minlength=len(asking.rows))
        if due.max() < 2:
            return None
        pairs = np.arange(len(asking.query))
        rows = Rows(asking.rows.matrix, asking.query)
        ranks = count_ranks(Queries(rows, pairs, asking.item, direction)).ranks()
        weight = 1 / due[asking.query] / (due > 0).sum()
        recalls = {f"R@{k}": 100 * float(weight @ (ranks <= k)) for k in audited.ks}
        return Reported(int((due > 0).sum()), recalls)
