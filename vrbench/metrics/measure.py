"""Measuring similarities: metrics, diagnostics and ranks of both directions, in two reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrbench.errors import InputError
from vrbench.metrics import table
from vrbench.metrics.diagnostics import HUB_K, Occurrences, ProbabilitySums, Representation
from vrbench.metrics.metric import Part, Read
from vrbench.metrics.places import PlaceCounter, Places
from vrbench.metrics.ranking import Counts, RankCounter, count_ranks, fold, summary
from vrbench.metrics.table import named, of_queries, others
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
        each: by direction and metric, the numbers of the queries whose mean it is, (n,) as ranks.
        missed: by direction, the queries that hit at no K, (n,); None: there are no candidates.
    """

    metrics: MetricsByDirection
    diagnostics: DiagnosticsByDirection
    ranks: dict[str, NDArray[np.float64]]
    each: dict[str, dict[str, NDArray[np.float64]]] = field(default_factory=dict)
    missed: dict[str, NDArray[np.bool_] | None] = field(default_factory=dict)


def measure(
    sim: Sim, truth: Truth, ks: Sequence[int], ties: str, v2t: str, gamma: float | None
) -> Measured:
    """Measure both directions.

    Where some pairs are unknown or no candidates, normalization error and hub skewness are None,
    since they depend on all pairs. Which items are retrieved first is known: every query's best
    match is scored, and so is all that may stand above one of its positives.

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
    numbers: dict[str, dict[str, NDArray[np.float64]]] = {}
    missed: dict[str, NDArray[np.bool_] | None] = {}
    for direction in DIRECTIONS:
        read = _placed(_read(sim, truth, direction, v2t, gamma), truth, direction, v2t, ties)
        ranks[direction] = read.counts.ranks(ties)
        missed[direction] = read.counts.missed
        each = {one.name: one.each(read) for one in of_queries(ks) if one.each is not None}
        numbers[direction] = {key: value for key, value in each.items() if value is not None}
        found = summary(ranks[direction], ks, read.counts.missed)
        found |= {key: float(np.nanmean(value)) for key, value in numbers[direction].items()}
        found |= {k: v for k, v in _others(read, "metrics").items() if v is not None}
        metrics[direction] = _in_order(found)
        diagnostics[direction] = _others(read, "diagnostics")
    return Measured(
        {"t2v": metrics["t2v"], "v2t": metrics["v2t"]},
        {"t2v": diagnostics["t2v"], "v2t": diagnostics["v2t"]},
        ranks,
        numbers,
        missed,
    )


def _in_order(found: dict[str, float]) -> dict[str, float]:
    """Sort metrics as the table has them, those of each K in their order."""
    order = {one.name: i for i, one in enumerate(table.METRICS)}
    return dict(sorted(found.items(), key=lambda one: order[named(one[0]).family]))


def _others(read: Read, part: Part) -> dict[str, float | None]:
    """Return the metrics of a part that are neither summaries of ranks nor means of queries."""
    found = {one.name: one.of(read) for one in others(part) if one.of is not None}
    return {name: None if value is None else float(value) for name, value in found.items()}


def _placed(read: Read, truth: Truth, direction: Direction, v2t: str, ties: str) -> Read:
    """Add the tie rule; where each query has one positive its counts say where it stands."""
    counts, places = read.counts, read.places
    if places is None and not _several(truth, direction, v2t):
        width = truth.n_video if direction == "t2v" else truth.n_text
        places = Places.of_single(counts.has_positive, counts.better, counts.tied, width)
    return replace(read, places=places, ties=ties)


def _several(truth: Truth, direction: Direction, v2t: str) -> bool:
    """Whether a query has several positives; of those protocols that rank one, none has."""
    if direction == "t2v":
        return not truth.single
    return v2t == "best-caption" and bool((truth.captions > 1).any())


def _read(sim: Sim, truth: Truth, direction: Direction, v2t: str, gamma: float | None) -> Read:
    matrix = as_matrix(getattr(sim, direction))
    queries = queries_of(matrix, truth, direction)
    candidates = queries.candidates
    some = sim.solved is not None
    if some and candidates is not None:
        raise InputError(
            "Candidates need all similarities, and bounds leave some out: leave --no-matrix out, "
            "or give more --memory."
        )
    whole = candidates is not None or _several(truth, direction, v2t)
    places = PlaceCounter(queries) if whole else None
    counter = RankCounter(queries) if queries.rows.once and candidates is None else None
    known = gamma is not None and not some and candidates is None
    sums = ProbabilitySums(queries, gamma) if known and gamma is not None else None
    near = None if some or candidates is not None else Occurrences(queries, HUB_K)
    votes = Representation(queries)
    first = votes if candidates is None else _Among(votes, candidates)
    fold(queries, [a for a in (counter, places, sums, near, first) if a is not None])
    found = None if places is None else places.places
    if found is not None and candidates is not None:
        return Read(Counts.of(found), votes, sums, near, found)
    if counter is not None:
        return Read(counter.counts, votes, sums, near, found)
    ranked = queries if direction == "t2v" else v2t_queries(matrix, truth, v2t)
    return Read(count_ranks(ranked), votes, sums, near, found)


class _Among:
    """Votes for the candidates of each query; one without any has no vote."""

    def __init__(self, votes: Representation, candidates: NDArray[np.bool_]) -> None:
        self._votes, self._candidates = votes, candidates
        votes.has_positive = votes.has_positive & candidates.any(axis=1)

    def add(self, rows: slice, block: NDArray[Any]) -> None:
        self._votes.add(rows, np.where(self._candidates[rows], block, -np.inf))
