"""Measuring a similarity: metrics, diagnostics and ranks of both directions in two reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrbench.metrics.diagnostics import HUB_K, Occurrences, ProbabilitySums, Representation
from vrbench.metrics.ranking import Counts, RankCounter, count_ranks, fold, summary
from vrbench.sims.sim import DIRECTIONS, Direction, Sim, as_matrix
from vrbench.sims.truth import Truth, queries, v2t_queries


@dataclass(frozen=True, eq=False)
class Measured:
    """What was measured, by direction.

    Attributes:
        metrics: R@K in percent, MdR, MnR, share of tied queries.
        diagnostics: normalization error, under, once, over, hub skewness.
        ranks: the rank vectors.
    """

    metrics: dict[str, dict[str, float]]
    diagnostics: dict[str, dict[str, float | None]]
    ranks: dict[str, NDArray[np.float64]]


def measure(
    sim: Sim, truth: Truth, ks: Sequence[int], ties: str, v2t: str, gamma: float | None
) -> Measured:
    """Measure both directions.

    Where some pairs are unknown, what depends on all of them is None: normalization error and hub
    skewness. Which items are retrieved first is known: no query's best match is left out.

    Args:
        sim: (n_text, n_video) matrices.
        truth: the right pairs.
        ks: the K of R@K.
        ties: tie rule of the ranks.
        v2t: protocol of v2t where a video has several texts.
        gamma: temperature of the normalization error; None: the scores have a scale of their own,
            and the error is None.
    """
    result = Measured({}, {}, {})
    for direction in DIRECTIONS:
        counts, diagnostics = _direction(sim, truth, direction, v2t, gamma)
        values = counts.ranks(ties)
        result.ranks[direction] = values
        result.metrics[direction] = {**summary(values, ks), "tied": counts.tied_share}
        result.diagnostics[direction] = diagnostics
    return result


def _direction(
    sim: Sim, truth: Truth, direction: Direction, v2t: str, gamma: float | None
) -> tuple[Counts, dict[str, Any]]:
    matrix = as_matrix(getattr(sim, direction))
    asking = queries(matrix, truth, direction)
    counter = RankCounter(asking) if asking.rows.once else None
    sums = None if gamma is None or sim.solved is not None else ProbabilitySums(asking, gamma)
    near = None if sim.solved is not None else Occurrences(asking, HUB_K)
    votes = Representation(asking)
    fold(asking, [a for a in (counter, sums, near, votes) if a is not None])
    diagnostics = {
        "normalization_error": None if sums is None else sums.error,
        **{name: float(share) for name, share in votes.shares().items()},
        "hub_skewness": None if near is None else near.skewness,
    }
    if counter is not None:
        return counter.counts, diagnostics
    ranked = asking if direction == "t2v" else v2t_queries(matrix, truth, v2t)
    return count_ranks(ranked), diagnostics
