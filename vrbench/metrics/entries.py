"""Every metric: what it is, how it is measured and how its number is printed."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrbench.metrics import each_query
from vrbench.metrics.metric import Metric
from vrbench.metrics.query_numbers import of_places, rsum, true_recall
from vrbench.metrics.values import Bounds


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
        within=Bounds(0, 300),
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
        within=Bounds(0),
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
        within=Bounds(0),
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
