"""Measuring a similarity: metrics, diagnostics and ranks of both directions in two reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrbench.metrics.diagnostics import HUB_K, Occurrences, ProbabilitySums, Representation
from vrbench.metrics.metric import Part, Read
from vrbench.metrics.ranking import RankCounter, count_ranks, fold, summary
from vrbench.metrics.table import others
from vrbench.sims.sim import DIRECTIONS, Direction, Sim, as_matrix
from vrbench.sims.truth import Truth, queries, v2t_queries


@dataclass(frozen=True, eq=False)
class Measured:
    """What was measured, by direction.

    Attributes:
        metrics: those of the table (``metrics/table.py``) in its order.
        diagnostics: the same of those that are diagnostics.
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
        read = _read(sim, truth, direction, v2t, gamma)
        values = read.counts.ranks(ties)
        result.ranks[direction] = values
        metrics: dict[str, Any] = {**summary(values, ks), **_others(read, "metrics")}
        result.metrics[direction] = metrics
        result.diagnostics[direction] = _others(read, "diagnostics")
    return result


def _others(read: Read, part: Part) -> dict[str, float | None]:
    """Return the metrics of a part that are not of ranks."""
    found = {one.name: one.of(read) for one in others(part) if one.of is not None}
    return {name: None if value is None else float(value) for name, value in found.items()}


def _read(sim: Sim, truth: Truth, direction: Direction, v2t: str, gamma: float | None) -> Read:
    matrix = as_matrix(getattr(sim, direction))
    asking = queries(matrix, truth, direction)
    counter = RankCounter(asking) if asking.rows.once else None
    sums = None if gamma is None or sim.solved is not None else ProbabilitySums(asking, gamma)
    near = None if sim.solved is not None else Occurrences(asking, HUB_K)
    votes = Representation(asking)
    fold(asking, [a for a in (counter, sums, near, votes) if a is not None])
    if counter is not None:
        return Read(counter.counts, votes, sums, near)
    ranked = asking if direction == "t2v" else v2t_queries(matrix, truth, v2t)
    return Read(count_ranks(ranked), votes, sums, near)
