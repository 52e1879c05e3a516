"""Paired comparison of results: the same queries, ranked by different systems."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrbench.errors import InputError, shown
from vrbench.metrics.metric import Metric
from vrbench.metrics.table import find, named
from vrbench.results import labels
from vrbench.results.comparison import (
    ChangedQuery,
    Comparison,
    ControlledTest,
    Difference,
    PairTest,
    ResultAbout,
)
from vrbench.results.pairing import (
    Paired,
    check_pairs,
    gallery_notes,
    n_queries,
    name_of,
    pair,
    place_notes,
)
from vrbench.results.result import Result
from vrbench.results.schema import ProtocolAbout
from vrbench.results.significance import bootstrap, mcnemar, recall_interval, resampled
from vrbench.sims.sim import DIRECTIONS, Direction

LEVEL = 0.95
"""Level of the bootstrap intervals."""


def compare(
    results: Sequence[Result],
    common: bool = False,
    top: int = 10,
    n: int = 9999,
    seed: int = 0,
    baseline: bool = False,
    also: Sequence[str] = (),
) -> Comparison:
    """Test every pair of results, metric by metric, in both directions.

    R@K is tested by the exact McNemar test; MdR, MnR and other summaries of ranks by the bootstrap
    over queries, and so are means of a number of each query, such as MRR. Both are two-sided, with
    an interval of the difference that excludes 0 exactly where p <= .05. q-values over all tests of
    the report control the false discovery rate (Benjamini and Hochberg 1995).

    Args:
        results: two or more, with their rank vectors.
        common: join results over different items on the queries that all have.
        top: queries listed that changed most, by the ratio of ranks to those of the first result.
        n: bootstrap draws.
        seed: of the draws.
        baseline: test the others against the first result only.
        also: further metrics to test: MRR, mAP, nDCG@K and others that are means over the queries.

    Returns:
        ``results`` (labels), ``queries`` (number by direction), ``left_out`` (of each result, by
        direction), ``notes``, ``tests``, ``changed`` (by direction), ``about``.

    Raises:
        InputError: there are not two results, ranks are missing, protocols or right pairs differ,
            items differ and ``common`` is false, or the seed is negative.
    """
    for result in results:
        if result.values.get("task"):
            raise InputError(
                f"The result of the task {labels.task(result.values)} on "
                f"{labels.dataset(result.values)} has no ranks to compare: leave it out."
            )
    if len(results) < 2:
        given = "1 result is" if results else "0 results are"
        raise InputError(f"{given} nothing to compare: give two or more.")
    metrics = [*_metrics(results), *_means(results, also)]
    paired = {d: pair(results, d, common, _known(results, d, also)) for d in DIRECTIONS}
    check_pairs(results)
    tests = [
        test
        for direction, both in paired.items()
        for test in _tests(both, direction, metrics, n, seed, baseline)
    ]
    return {
        "results": [_about(result) for result in results],
        "queries": {direction: len(both.ids) for direction, both in paired.items()},
        "left_out": {d: [n_queries(r, d) - len(p.ids) for r in results] for d, p in paired.items()},
        "notes": [*place_notes(results), *gallery_notes(results)],
        "tests": _controlled(tests),
        "changed": {direction: changed(both, top) for direction, both in paired.items()},
        "about": {
            "test": f"exact McNemar for R@K, bootstrap for {_others(metrics)}, two-sided",
            "interval": f"percentile bootstrap, {LEVEL:.0%}, without 0 just where p <= .05",
            "correction": "false discovery rate, Benjamini-Hochberg, over all tests here",
            "n": n,
            "seed": seed,
        },
    }


def changed(paired: Paired, top: int) -> list[ChangedQuery]:
    """Return the queries whose rank changed most against the first result, by the ratio."""
    ratio = np.abs(np.log(paired.ranks / paired.ranks[0])).max(axis=0)
    order = [int(i) for i in np.argsort(-ratio, kind="stable")[:top] if ratio[i] > 0]
    return [{"query": str(paired.ids[i]), "ranks": paired.ranks[:, i].tolist()} for i in order]


def _metrics(results: Sequence[Result]) -> list[Metric]:
    """Return the metrics of ranks that all results have; their protocols must agree."""
    for result in results[1:]:
        ours, first = result.values["protocol"], results[0].values["protocol"]
        if ours != first:
            raise InputError(
                f"{name_of(results[0])} is under {_protocol(first)}, {name_of(result)} under "
                f"{_protocol(ours)}: evaluate both alike."
            )
    known = {key: find(key) for key in results[0].values["metrics"]["t2v"]}
    return [
        one
        for key, one in known.items()
        if one is not None
        and one.of_ranks is not None
        and all(key in result.values["metrics"]["t2v"] for result in results)
    ]


def _means(results: Sequence[Result], names: Sequence[str]) -> list[Metric]:
    """Return metrics of these names, which are means of a number of each query.

    Raises:
        InputError: one is none, or some result lacks it in both directions.
    """
    for name in names:
        found = find(name)
        if found is None or found.each is None:
            known = [key for key in results[0].values["metrics"]["t2v"] if _is_mean(key)]
            raise InputError(
                f"'{name}' is no mean over the queries: --metric takes {shown(known) or 'none'}."
            )
        if not any(_known(results, direction, [name]) for direction in DIRECTIONS):
            raise InputError(
                f"Not all results have {name} in one direction: evaluate all alike, with "
                "--overwrite where one is older."
            )
    return [named(name) for name in dict.fromkeys(names)]


def _is_mean(key: str) -> bool:
    found = find(key)
    return found is not None and found.each is not None


def _known(results: Sequence[Result], direction: Direction, names: Sequence[str]) -> list[str]:
    """Return the metrics of these names that all results have in a direction."""
    found = [result.values["metrics"][direction] for result in results]
    return [name for name in names if all(name in one for one in found)]


def _others(metrics: Sequence[Metric]) -> str:
    """Return the names of the metrics without an exact test."""
    *first, last = [metric.name for metric in metrics if not metric.hits]
    return f"{', '.join(first)} and {last}" if first else last


def _tests(
    paired: Paired,
    direction: Direction,
    metrics: Sequence[Metric],
    n: int,
    seed: int,
    baseline: bool,
) -> list[PairTest]:
    drawn = [one for one in metrics if one.of_ranks is not None and not one.hits]
    values = resampled(paired.ranks, [metric.over for metric in drawn], n, seed)
    draws = dict(zip((metric.name for metric in drawn), values, strict=True))
    for name, numbers in paired.numbers.items():  # the same draws of queries
        [draws[name]] = resampled(numbers, [_mean], n, seed)
    tested = [one for one in metrics if one.of_ranks is not None or one.name in paired.numbers]
    rows: list[PairTest] = []
    pairs = combinations(range(len(paired.ranks)), 2)
    for a, b in (some for some in pairs if not baseline or some[0] == 0):
        for metric in tested:
            own, vectors = draws.get(metric.name), paired.numbers.get(metric.name, paired.ranks)
            differences = None if own is None else own[b] - own[a]
            found = _test(metric, vectors[a], vectors[b], differences)
            rows.append({"direction": direction, "a": a, "b": b, "metric": metric.name, **found})
    return rows


def _test(
    metric: Metric,
    before: NDArray[np.float64],
    after: NDArray[np.float64],
    differences: NDArray[np.float64] | None,
) -> Difference:
    """Test one metric of two results; ``differences`` are those of the bootstrap's draws."""
    value = _mean if metric.of_ranks is None else metric.over
    better = np.greater if metric.of_ranks is None else np.less
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
        "wins": int(better(after, before).sum()),
        "equal": int((after == before).sum()),
        "losses": int(better(before, after).sum()),
    }


def _mean(numbers: NDArray[np.float64]) -> Any:
    return numbers.mean(axis=-1)


def _controlled(tests: Sequence[PairTest]) -> list[ControlledTest]:
    """Add q-values: the false discovery rate at which each test is still significant."""
    from scipy.stats import false_discovery_control

    rates = false_discovery_control([test["p"] for test in tests])
    return [{**test, "q": float(q)} for test, q in zip(tests, rates, strict=True)]


def _about(result: Result) -> ResultAbout:
    return {
        "file": name_of(result),
        "data": labels.data(result.values),
        "how": labels.how(result.values),
    }


def _protocol(protocol: ProtocolAbout) -> str:
    return ", ".join(f"{key} {value}" for key, value in protocol.items())
