"""Paired comparison of results: the same queries, ranked by different systems."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrbench.errors import InputError
from vrbench.metrics.metric import Metric
from vrbench.metrics.table import find
from vrbench.results import labels
from vrbench.results.pairing import Paired, asked, gallery_notes, name_of, pair
from vrbench.results.result import Result
from vrbench.results.significance import bootstrap, mcnemar, recall_interval, resampled
from vrbench.sims.sim import DIRECTIONS, Direction

LEVEL = 0.95
"""Of the bootstrap intervals."""


def compare(
    results: Sequence[Result],
    common: bool = False,
    top: int = 10,
    n: int = 9999,
    seed: int = 0,
) -> dict[str, Any]:
    """Test every pair of results, metric by metric, in both directions.

    R@K by the exact McNemar test, MdR, MnR and whatever else is of ranks by the bootstrap over
    queries, both two-sided, each with an interval of the difference that leaves 0 out just where
    p <= .05; q-values over all tests of the report control the false discovery rate (Benjamini
    and Hochberg 1995).

    Args:
        results: two or more, with their rank vectors.
        common: join results over different items on the queries that all have.
        top: queries listed that changed most, by the ratio of ranks to those of the first result.
        n: bootstrap draws.
        seed: of the draws.

    Returns:
        ``results`` (labels), ``queries`` (number by direction), ``left_out`` (of each result, by
        direction), ``notes``, ``tests``, ``changed`` (by direction), ``about``.

    Raises:
        InputError: there are not two results, ranks are missing, protocols differ, items differ and
            ``common`` was not asked for, or the seed is negative.
    """
    if len(results) < 2:
        raise InputError(f"{len(results)} result is nothing to compare: give two or more.")
    metrics = _metrics(results)
    paired = {direction: pair(results, direction, common) for direction in DIRECTIONS}
    tests = [
        test
        for direction, both in paired.items()
        for test in _tests(both, direction, metrics, n, seed)
    ]
    _control(tests)
    return {
        "results": [_about(result) for result in results],
        "queries": {direction: len(both.ids) for direction, both in paired.items()},
        "left_out": {d: [asked(r, d) - len(p.ids) for r in results] for d, p in paired.items()},
        "notes": gallery_notes(results),
        "tests": tests,
        "changed": {direction: changed(both, top) for direction, both in paired.items()},
        "about": {
            "test": f"exact McNemar for R@K, bootstrap for {_others(metrics)}, two-sided",
            "interval": f"percentile bootstrap, {LEVEL:.0%}, without 0 just where p <= .05",
            "correction": "false discovery rate, Benjamini-Hochberg, over all tests here",
            "n": n,
            "seed": seed,
        },
    }


def changed(paired: Paired, top: int) -> list[dict[str, Any]]:
    """Return the queries whose rank changed most against the first result, by the ratio."""
    ratio = np.abs(np.log(paired.ranks / paired.ranks[0])).max(axis=0)
    order = [int(i) for i in np.argsort(-ratio, kind="stable")[:top] if ratio[i] > 0]
    return [{"query": str(paired.ids[i]), "ranks": paired.ranks[:, i].tolist()} for i in order]


def _metrics(results: Sequence[Result]) -> list[Metric]:
    """Return the metrics of ranks that all results have; their protocols must agree."""
    for result in results[1:]:
        ours, first = dict(result["protocol"]), dict(results[0]["protocol"])
        if ours != first:
            raise InputError(
                f"{name_of(results[0])} is under {_protocol(first)}, {name_of(result)} under "
                f"{_protocol(ours)}: evaluate both alike."
            )
    known = {key: find(key) for key in results[0]["metrics"]["t2v"]}
    return [
        one
        for key, one in known.items()
        if one is not None
        and one.of_ranks is not None
        and all(key in result["metrics"]["t2v"] for result in results)
    ]


def _others(metrics: Sequence[Metric]) -> str:
    """Return the names of the metrics that the exact test is not for."""
    *first, last = [metric.name for metric in metrics if not metric.hits]
    return f"{', '.join(first)} and {last}" if first else last


def _tests(
    paired: Paired, direction: Direction, metrics: Sequence[Metric], n: int, seed: int
) -> list[dict[str, Any]]:
    drawn = [metric for metric in metrics if not metric.hits]
    values = resampled(paired.ranks, [metric.over for metric in drawn], n, seed)
    draws = dict(zip((metric.name for metric in drawn), values, strict=True))
    rows = []
    for a, b in combinations(range(len(paired.ranks)), 2):
        for metric in metrics:
            own = draws.get(metric.name)
            differences = None if own is None else own[b] - own[a]
            about = {"direction": direction, "a": a, "b": b, "metric": metric.name}
            rows.append(about | _test(metric, paired.ranks[a], paired.ranks[b], differences))
    return rows


def _test(
    metric: Metric,
    before: NDArray[np.float64],
    after: NDArray[np.float64],
    differences: NDArray[np.float64] | None,
) -> dict[str, Any]:
    """Test one metric of two results; ``differences`` are those of the bootstrap's draws."""
    value = metric.over
    if differences is None:
        test = mcnemar(before, after, metric.k)
        interval, p = recall_interval(test, len(before), LEVEL), test.p
    else:
        interval, p = bootstrap(differences, LEVEL)
    return {
        "value_a": float(value(before)),
        "value_b": float(value(after)),
        "difference": float(value(after) - value(before)),
        "interval": list(interval),
        "p": p,
        "wins": int((after < before).sum()),
        "equal": int((after == before).sum()),
        "losses": int((after > before).sum()),
    }


def _control(tests: Sequence[dict[str, Any]]) -> None:
    """Add q-values: the false discovery rate at which each test is still significant."""
    from scipy.stats import false_discovery_control

    for test, q in zip(tests, false_discovery_control([t["p"] for t in tests]), strict=True):
        test["q"] = float(q)


def _about(result: Result) -> dict[str, Any]:
    return {
        "file": name_of(result),
        "data": labels.data(result.values),
        "how": labels.how(result.values),
    }


def _protocol(protocol: Mapping[str, str]) -> str:
    return ", ".join(f"{key} {value}" for key, value in protocol.items())
