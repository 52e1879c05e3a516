"""One query under several systems: the best candidates, and the place of the best positive."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrbench.errors import InputError, did_you_mean
from vrbench.evaluation.case import Case
from vrbench.evaluation.describing import gallery_captions, text_captions, video_captions
from vrbench.evaluation.scored import Scored
from vrbench.evaluation.sources.base import Source
from vrbench.metrics.diagnostics import ProbabilitySums
from vrbench.metrics.ranking import count_ranks, fold
from vrbench.metrics.trec import best
from vrbench.normalizations import normalizations
from vrbench.runtime.composed import found_among
from vrbench.sims.sim import Direction, Sim
from vrbench.sims.truth import Queries, queries_of


@dataclass(frozen=True)
class Candidate:
    """An item of the gallery, as one system ranks it for a query.

    Attributes:
        place: 1-based; equal scores are in the order of the gallery.
        item: its id.
        caption: its caption, or the video's first one.
        score: similarity to the query.
        sum: its summed retrieval probability over all queries, divided by the expected sum (1 is
            fair); None where the scores have a scale of their own.
        right: whether it is a positive of the query.
    """

    place: int
    item: str
    caption: str
    score: float
    sum: float | None
    right: bool


@dataclass(frozen=True)
class Listing:
    """The candidates of one system for a query.

    Attributes:
        how: method, norm and bank.
        rank: of the query's best positive, under the mean tie rule.
        candidates: the k best, and the best positive where it is not among them.
    """

    how: str
    rank: float
    candidates: tuple[Candidate, ...]


@dataclass(frozen=True)
class Shown:
    """A query and its candidates under each system, as ``vrbench show --json`` prints them.

    Attributes:
        picked: why it is shown, ``rescued`` or ``demoted``; empty: it was asked for.
        direction: t2v or v2t.
        query: its id.
        caption: its caption, or the video's first one.
        systems: one listing for each.
    """

    picked: str
    direction: Direction
    query: str
    caption: str
    systems: tuple[Listing, ...]


@dataclass
class System:
    """Similarities of one method, before or after one norm.

    Attributes:
        how: method, norm and bank.
        sim: both directions.
        source: texts and videos.
        gamma: temperature of retrieval probabilities; None: the scores have a scale of their own.
        direction: t2v or v2t.
    """

    how: str
    sim: Sim
    source: Source
    gamma: float | None
    direction: Direction

    @cached_property
    def ranks(self) -> NDArray[np.float64]:
        """(n,) ranks of all queries, NaN where one has no positive."""
        return count_ranks(self._queries).ranks()

    @cached_property
    def sums(self) -> NDArray[np.float64] | None:
        """(gallery,) probability sums divided by the expected ones; NaN where that is 0."""
        if self.gamma is None:
            return None
        sums = ProbabilitySums(self._queries, self.gamma)
        fold(self._queries, [sums])
        expected = np.where(sums.expected > 0, sums.expected, np.nan)
        return np.asarray(sums.sums / expected)

    @property
    def _queries(self) -> Queries:
        return queries_of(getattr(self.sim, self.direction), self.source.truth, self.direction)

    def row(self, query: int) -> NDArray[Any]:
        """(gallery,) similarities of one query."""
        matrix = np.asarray(getattr(self.sim, self.direction))
        return matrix[query] if self.direction == "t2v" else matrix[:, query]


def systems(cases: Sequence[Case], direction: Direction) -> list[System]:
    """Return each method raw, then under its norms; cases of one method share its scores."""
    found: list[System] = []
    scored: list[Scored] = []
    for case in cases:
        for known in scored:
            case.share(known)
        new = case.scored not in scored
        scored += [case.scored] if new else []
        name, cosines = case.scored_by(), case.source.sequence is None
        if new:
            raw_gamma = case.norm.gamma if cosines else None
            found.append(System(name, case.sim.flat(), case.source, raw_gamma, direction))
        if case.norm.needs_bank:
            gamma = case.norm.gamma if cosines and case.norm.keeps_scale else None
            how = f"{name}, {normalizations.spec(case.norm)}, bank {case.bank_name}"
            found.append(System(how, case.normalized, case.source, gamma, direction))
    return found


def listings(found: Sequence[System], query: int, k: int = 5) -> list[Listing]:
    """Return what each system retrieves for a query."""
    return [_listing(system, query, k) for system in found]


def _listing(system: System, query: int, k: int) -> Listing:
    truth, row = system.source.truth, system.row(query)
    owners, items = truth.pairs(system.direction)
    right = set(items[owners == query].tolist())
    order, n = _in_order(system, query, row)
    place = {int(item): at for at, item in enumerate(order, 1)}
    shown = [int(item) for item in order[: min(k, n)]]
    nearest = min(right, key=lambda item: place[item])
    shown += [] if nearest in shown else [nearest]
    t2v = system.direction == "t2v"
    ids = system.source.video_ids if t2v else system.source.text_ids
    captions = gallery_captions(system.source, system.direction)
    candidates = tuple(
        Candidate(
            place=place[item],
            item=str(ids[item]),
            caption=captions[item],
            score=float(row[item]),
            sum=_finite(system.sums, item),
            right=item in right,
        )
        for item in shown
    )
    return Listing(system.how, float(system.ranks[query]), candidates)


def _in_order(system: System, query: int, row: NDArray[Any]) -> tuple[NDArray[np.int64], int]:
    """(gallery,) items, the best first, and how many of them compete; the others stand last."""
    order = best(row, len(row))
    candidates = system.source.truth.candidates
    if candidates is None or system.direction == "v2t":
        return order, len(order)
    competes = candidates[query][order]
    return np.concatenate([order[competes], order[~competes]]), int(competes.sum())


def _finite(sums: NDArray[np.float64] | None, item: int) -> float | None:
    return None if sums is None or np.isnan(sums[item]) else float(sums[item])


def picked(before: System, after: System, n: int) -> dict[str, list[int]]:
    """Return the n queries that a norm helped most, and the n that it harmed most.

    They are ordered by the ratio of ranks before and after. The papers show such queries (NCL
    Figure 6, UCoFiA Figures 6 and 7, Multi-SK Figure 5) and do not say how they chose them.
    """
    with np.errstate(invalid="ignore"):
        gain = np.log(before.ranks / after.ranks)
    gain = np.where(np.isnan(gain), 0, gain)
    order = np.argsort(-gain, kind="stable")
    return {
        "rescued": [int(i) for i in order[:n] if gain[i] > 0],
        "demoted": [int(i) for i in order[::-1][:n] if gain[i] < 0],
    }


def find_query(source: Source, name: str, direction: Direction | None) -> tuple[Direction, int]:
    """Return the direction and number of the query with this id.

    Args:
        source: texts and videos.
        name: id of a text (t2v) or of a video (v2t); a text where both have it.
        direction: only look there.

    Raises:
        InputError: no query has this id, or the video has no text.
    """
    sides: dict[Direction, NDArray[Any]] = {"t2v": source.text_ids, "v2t": source.video_ids}
    for side, ids in sides.items():
        [exact] = found_among([name], ids.tolist())
        where = np.flatnonzero(ids == exact)
        if not len(where) or direction not in (None, side):
            continue
        if side == "v2t" and not source.truth.captions[where[0]]:
            raise InputError(f"Video '{name}' has no text: it is no query.")
        return side, int(where[0])
    known = [str(i) for side, ids in sides.items() if direction in (None, side) for i in ids]
    raise InputError(
        f"No query is called '{name}'.{did_you_mean(name, known)} Give the id of a text or of a "
        "video, or none: then queries are picked."
    )


def about(source: Source, direction: Direction, query: int) -> tuple[str, str]:
    """Return a query's id, and its caption (a video's is its first)."""
    if direction == "t2v":
        return str(source.text_ids[query]), text_captions(source)[query]
    return str(source.video_ids[query]), video_captions(source)[query]
