"""Measuring similarities: metrics, diagnostics and ranks of both directions, in two reads."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vrbench.metrics.diagnostics import HUB_K, Occurrences, ProbabilitySums, Representation
from vrbench.metrics.metric import Part, Read
from vrbench.metrics.ranking import count_ranks, fold, summary
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
        solved: share of the pairs that are known; None: all are.
    """

    metrics: MetricsByDirection
    diagnostics: DiagnosticsByDirection
    ranks: dict[str, NDArray[np.float64]]
    solved: float | None = None


@dataclass(frozen=True, eq=False, repr=False)
class Unkept(Sim):
    """Similarities of which no matrix is kept.

    Attributes:
        t2v: a ``ScoredMatrix``, for what reads single rows.
        v2t: the same of the other direction.
        read: measures both directions from blocks, with the gamma of the normalization error
            (None: not asked for), under ``best-caption``.
    """

    read: Callable[[float | None], Mapping[Direction, Read]]

    def flat(self) -> Unkept:
        """Return it: the mean of alignment levels is taken where they are scored."""
        return self


def measure(
    sim: Sim, truth: Truth, ks: Sequence[int], ties: str, v2t: str, gamma: float | None
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
    """
    ranks: dict[str, NDArray[np.float64]] = {}
    metrics: dict[Direction, Metrics] = {}
    diagnostics: dict[Direction, Diagnostics] = {}
    folded = sim.read(gamma) if isinstance(sim, Unkept) else None
    for direction in DIRECTIONS:
        read = folded[direction] if folded else _read(sim, truth, direction, v2t, gamma)
        ranks[direction] = read.counts.ranks(ties)
        known = {k: v for k, v in _others(read, "metrics").items() if v is not None}
        metrics[direction] = {**summary(ranks[direction], ks), **known}
        diagnostics[direction] = _others(read, "diagnostics")
    return Measured(
        {"t2v": metrics["t2v"], "v2t": metrics["v2t"]},
        {"t2v": diagnostics["t2v"], "v2t": diagnostics["v2t"]},
        ranks,
        read.solved,
    )


def _others(read: Read, part: Part) -> dict[str, float | None]:
    """Return the metrics of a part that are not summaries of ranks."""
    found = {one.name: one.of(read) for one in others(part) if one.of is not None}
    return {name: None if value is None else float(value) for name, value in found.items()}


def _read(sim: Sim, truth: Truth, direction: Direction, v2t: str, gamma: float | None) -> Read:
    matrix = as_matrix(getattr(sim, direction))
    queries = queries_of(matrix, truth, direction)
    sums = None if gamma is None else ProbabilitySums(queries, gamma)
    near, votes = Occurrences(queries, HUB_K), Representation(queries)
    fold(queries, [a for a in (sums, near, votes) if a is not None])
    ranked = queries if direction == "t2v" else v2t_queries(matrix, truth, v2t)
    return Read(count_ranks(ranked), votes, sums, near)
