"""The one table of metrics: measuring, checking, printing, sorting and tests read it."""

from __future__ import annotations

import re
from collections.abc import Iterable

from vrbench.metrics import entries
from vrbench.metrics.metric import PARTS, Metric, Part
from vrbench.metrics.values import Numbers
from vrbench.sims.sim import Direction

METRICS: tuple[Metric, ...] = entries.METRICS

MOST_K = 10**18 - 1
"""Largest K: one of more digits names no metric."""
_KEY = re.compile(r"(.+@)([1-9]\d{0,17})", re.ASCII)
"""A metric of one K, such as R@10."""

DEEP = 10
"""K of nDCG@K; those of ``--k`` above it are measured, too."""


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
