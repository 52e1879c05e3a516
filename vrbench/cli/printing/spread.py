"""Lines under a table of results: intervals of single results, and the spread over folds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from vrbench.metrics.metric import Metric
from vrbench.metrics.table import columns
from vrbench.results import labels
from vrbench.results.schema import ResultDict
from vrbench.sims.sim import DIRECTIONS


def spread_lines(results: Sequence[ResultDict]) -> Iterator[str]:
    """Yield a line for each result and direction with intervals, or of the mean of folds."""
    for result in results:
        about, folds = result.get("intervals"), result.get("folds")
        if about:
            said = (
                f"{about['level']:.0%} intervals, bootstrap over queries, {about['draws']:,} draws"
            )
            yield from _lines(result, said, {d: about[d] for d in DIRECTIONS}, _interval)
        if folds:
            said = f"standard deviation over {folds['n']} folds, whose mean is above"
            yield from _lines(result, said, folds["spread"], _spread)


def _lines(
    result: ResultDict,
    said: str,
    found: Mapping[str, Any],
    text: Callable[[Mapping[str, Any], Metric], str],
) -> Iterator[str]:
    yield f"{labels.how(result)}: {said}."
    for direction in DIRECTIONS:
        shown = [one for one in columns([result], direction) if one.part == "metrics"]
        parts = [(one, text(found[direction], one)) for one in shown if one.listed]
        yield f"  {direction}: {', '.join(f'{one.name} {part}' for one, part in parts if part)}"


def _interval(found: Mapping[str, Any], metric: Metric) -> str:
    ends = found.get(metric.name)
    return f"[{', '.join(metric.text(one) for one in ends)}]" if ends else ""


def _spread(found: Mapping[str, Any], metric: Metric) -> str:
    value = found.get(metric.name)
    return "" if value is None else f"\u00b1{metric.printed(value):.{metric.decimals}f}"
