"""The one table of metrics: measuring, checking, printing, sorting and tests read it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrbench.metrics import each_query
from vrbench.metrics.metric import PARTS, Metric, Part
from vrbench.metrics.query_numbers import of_places, rsum, true_recall
from vrbench.metrics.values import Numbers
from vrbench.sims.sim import Direction

_KEY = re.compile(r"(.+@)([1-9]\d{0,17})", re.ASCII)
"""A metric of one K, such as R@10."""


DEEP = 10
"""K of nDCG@K; those of ``--k`` above it are measured, too."""


def _recall(ranks: NDArray[Any], k: int) -> Any:
    return 100 * np.count_nonzero(ranks <= k, axis=-1) / ranks.shape[-1]


METRICS: tuple[Metric, ...] = (
    Metric(
        "R@K",
        "hit rate: share of queries, in percent, whose best positive has rank <= K",
        of_ranks=_recall,
        more_is_better=True,
        hits=True,
    ),
    Metric(
        "MdR",
        "median rank",
        of_ranks=lambda ranks: np.median(ranks, axis=-1),
        unit="rank",
        more_is_better=False,
        always=True,
    ),
    Metric(
        "MnR",
        "mean rank",
        of_ranks=lambda ranks: np.mean(ranks, axis=-1),
        unit="rank",
        more_is_better=False,
        always=True,
    ),
    Metric(
        "MRR",
        "mean of 1 / place of the first positive, in percent",
        each=of_places(each_query.reciprocal_rank),
        more_is_better=True,
    ),
    Metric(
        "mAP",
        "mean over the queries of the mean precision at their positives, in percent",
        each=of_places(each_query.average_precision),
        more_is_better=True,
        like="MRR",
    ),
    Metric(
        "nDCG@K",
        "sum of relevance / log2(1 + place) over the first K, in percent of the ideal order's",
        each=of_places(each_query.ndcg),
        more_is_better=True,
    ),
    Metric(
        "recall@K",
        "true recall: mean share of a query's positives among the first K, where one has several",
        each=true_recall,
        more_is_better=True,
        legend="recall@K: share of a query's positives that are among the first K",
    ),
    Metric(
        "rsum",
        "R@1 + R@5 + R@10 of the direction; papers often print the sum of both directions",
        each=rsum,
        more_is_better=True,
        brief="",
    ),
    Metric(
        "missed",
        "share of queries none of whose positives is a candidate: missed at every K, last in rank",
        of=lambda read: read.counts.missed_share,
        unit="share",
        more_is_better=False,
        legend="missed: queries whose right items are no candidates",
    ),
    Metric(
        "tied",
        "share of queries with a negative at the best positive's score; shares are 0 to 1 in "
        "files and in percent where they are printed",
        of=lambda read: read.counts.tied_share,
        unit="share",
        listed=False,
        legend="tied: queries with a negative at the positive's score",
        always=True,
    ),
    Metric(
        "normalization_error",
        "mean |1 - sum of retrieval probabilities / expected sum| [NCL eq. 5]",
        of=lambda read: None if read.sums is None else read.sums.error,
        part="diagnostics",
        unit="1",
        decimals=3,
        more_is_better=False,
        brief="error",
        published="normalization error",
        legend="error: normalization error (0 is fair)",
        always=True,
        null=True,
    ),
    Metric(
        "under",
        "share of gallery items that no query retrieves first [UCoFiA Figure 5]",
        of=lambda read: read.votes.shares()["under"],
        part="diagnostics",
        unit="share",
        more_is_better=False,
        brief="never",
        published="never retrieved",
        legend="never / often: gallery items retrieved first by no query / by two or more",
        always=True,
    ),
    Metric(
        "once",
        "share of gallery items that one query retrieves first",
        of=lambda read: read.votes.shares()["once"],
        part="diagnostics",
        unit="share",
        more_is_better=True,
        brief="",
        published="retrieved once",
        listed=False,
        always=True,
    ),
    Metric(
        "over",
        "share of gallery items that two or more queries retrieve first",
        of=lambda read: read.votes.shares()["over"],
        part="diagnostics",
        unit="share",
        more_is_better=False,
        brief="often",
        published="retrieved twice or more",
        listed=False,
        always=True,
    ),
    Metric(
        "newly",
        "gallery items that a query retrieves first, and none did before the norm "
        "[UCoFiA Figure 5]",
        of=lambda read: None if read.before is None else read.votes.newly(read.before),
        part="diagnostics",
        unit="1",
        decimals=0,
        brief="",
        published="newly retrieved",
        listed=False,
        compares=True,
    ),
    Metric(
        "hub_skewness",
        "skewness of how often an item is among the 10 nearest",
        of=lambda read: None if read.near is None else read.near.skewness,
        part="diagnostics",
        unit="1",
        decimals=2,
        more_is_better=False,
        brief="",
        listed=False,
    ),
)
"""In the order in which they are printed. A metric is added by one entry here."""


def find(name: str) -> Metric | None:
    """Return the metric with this key in results, or of this name in papers' tables."""
    by_name = {key: one for one in METRICS for key in (one.name, one.published) if key}
    match = _KEY.fullmatch(name)
    if match is None:
        return by_name.get(name)
    found = by_name.get(f"{match[1]}K")
    return None if found is None else found.at(int(match[2]))


def named(name: str) -> Metric:
    """Return the metric of this name.

    Raises:
        KeyError: there is none.
    """
    found = find(name)
    if found is None:
        raise KeyError(name)
    return found


def recall_k(name: str) -> int:
    """Return K of a metric that is a share of queries that hit within K, else 0."""
    found = find(name)
    return found.k if found is not None and found.hits else 0


def of_ranks(ks: Iterable[int]) -> list[Metric]:
    """Return the metrics that summarize ranks, those of each K in this order."""
    known = [one for one in METRICS if one.of_ranks is not None]
    ks = list(ks)
    return [one for m in known for one in ([m.at(k) for k in ks] if m.each_k else [m])]


def of_queries(ks: Iterable[int]) -> list[Metric]:
    """Return the metrics that are means of a number of each query, those of each K in order."""
    ks = list(ks)
    deep = sorted({DEEP, *(k for k in ks if k > DEEP)})
    found: list[Metric] = []
    for one in (one for one in METRICS if one.each is not None):
        wanted = deep if one.name == "nDCG@K" else ks
        found += [one.at(k) for k in wanted] if one.each_k else [one]
    return found


def of_part(part: Part) -> list[Metric]:
    """Return the metrics of a part of a result."""
    return [one for one in METRICS if one.part == part]


def others(part: Part) -> list[Metric]:
    """Return the metrics of a part of the result that are taken from what was read."""
    return [one for one in METRICS if one.of is not None and one.part == part]


def columns(measured: Iterable[Numbers], *directions: Direction) -> list[Metric]:
    """Return the metrics that occur, in the order of the table and of K.

    Args:
        measured: results, or other numbers by direction.
        directions: which directions count.
    """
    keys: dict[tuple[Part, str], None] = {}
    sets = [(part, one[part][d]) for one in measured for part in PARTS for d in directions]
    for part, numbers in sets:
        keys |= dict.fromkeys((part, key) for key in numbers)
    order = {one.name: i for i, one in enumerate(METRICS)}
    found = [(find(key), part) for part, key in keys]
    known = [one for one, part in found if one is not None and one.part == part]
    told = [one for one in known if not one.repeats(n for part, n in sets if part == one.part)]
    return sorted(told, key=lambda one: (order[one.family], one.k))


def legend(shown: Iterable[Metric]) -> str:
    """Return the legend: what headings mean, and which numbers are in percent."""
    shown = list(shown)
    names = [one.family if one.k else one.heading for one in shown if one.in_percent]
    said = "; ".join(dict.fromkeys(one.legend for one in shown if one.legend))
    return f"{', '.join(dict.fromkeys(names))} in percent. {said}."
