"""Measuring similarities: metrics, diagnostics and ranks of both directions, in two reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from vrbench.metrics.diagnostics import HUB_K, Occurrences, ProbabilitySums, Representation
from vrbench.metrics.metric import Part, Read
from vrbench.metrics.ranking import RankCounter, count_ranks, fold, summary
from vrbench.metrics.table import others
from vrbench.metrics.values import (
    Diagnostics,
    DiagnosticsByDirection,
    Metrics,
    MetricsByDirection,
)
from vrbench.sims.sim import DIRECTIONS, Direction, Sim, as_matrix
from vrbench.sims.truth import Truth, queries_of, v2t_queries


@dataclass(frozen=True, eq=False)
class Measured:
    """Metrics, diagnostics and ranks, by direction.

    Attributes:
        metrics: the metrics of the table (``metrics/table.py``), in its order.
        diagnostics: its diagnostics, in its order.
        ranks: the rank vectors.
        votes: how often each item is retrieved first.
    """

    metrics: MetricsByDirection
    diagnostics: DiagnosticsByDirection
    ranks: dict[str, NDArray[np.float64]]
    votes: dict[Direction, Representation]


def measure(
    sim: Sim,
    truth: Truth,
    ks: Sequence[int],
    ties: str,
    v2t: str,
    gamma: float | None,
    before: Measured | None = None,
) -> Measured:
    """Measure both directions.

    Where some pairs are unknown, normalization error and hub skewness are None, since they depend
    on all pairs. Which items are retrieved first is known: every query's best match is scored.

    Args:
        sim: (n_text, n_video) matrices.
        truth: the positive pairs.
        ks: the K of R@K.
        ties: tie rule of the ranks.
        v2t: protocol of v2t where a video has several texts.
        gamma: temperature of the normalization error; None: the scores have a scale of their own,
            and the error is None.
        before: the same before a norm, for what compares with it.
    """
    votes: dict[Direction, Representation] = {}
    ranks: dict[str, NDArray[np.float64]] = {}
    metrics: dict[Direction, Metrics] = {}
    diagnostics: dict[Direction, Diagnostics] = {}
    for direction in DIRECTIONS:
        read = _read(sim, truth, direction, v2t, gamma)
        votes[direction] = read.votes
        if before is not None:
            read = replace(read, before=before.votes[direction])
        ranks[direction] = read.counts.ranks(ties)
        known = {k: v for k, v in _others(read, "metrics").items() if v is not None}
        metrics[direction] = {**summary(ranks[direction], ks), **known}
        diagnostics[direction] = _others(read, "diagnostics")
    return Measured(
        {"t2v": metrics["t2v"], "v2t": metrics["v2t"]},
        {"t2v": diagnostics["t2v"], "v2t": diagnostics["v2t"]},
        ranks,
        votes,
    )


def _others(read: Read, part: Part) -> dict[str, float | None]:
    """Return the metrics of a part that are not summaries of ranks."""
    known = [one for one in others(part) if not one.compares or read.before is not None]
    found = {one.name: one.of(read) for one in known if one.of is not None}
    return {name: None if value is None else float(value) for name, value in found.items()}


def _read(sim: Sim, truth: Truth, direction: Direction, v2t: str, gamma: float | None) -> Read:
    matrix = as_matrix(getattr(sim, direction))
    queries = queries_of(matrix, truth, direction)
    counter = RankCounter(queries) if queries.rows.once else None
    sums = None if gamma is None or sim.solved is not None else ProbabilitySums(queries, gamma)
    near = None if sim.solved is not None else Occurrences(queries, HUB_K)
    votes = Representation(queries)
    fold(queries, [a for a in (counter, sums, near, votes) if a is not None])
    if counter is not None:
        return Read(counter.counts, votes, sums, near)
    ranked = queries if direction == "t2v" else v2t_queries(matrix, truth, v2t)
    return Read(count_ranks(ranked), votes, sums, near)
