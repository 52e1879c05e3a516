"""Results as a table in the terminal, one for each direction."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from textwrap import wrap
from typing import Any

from vrbench.cli.app import note
from vrbench.cli.printing.terminal import Grid, Row, console, print_grid
from vrbench.metrics.metric import Metric
from vrbench.metrics.table import columns, legend, named
from vrbench.results import labels
from vrbench.results.labels import DIRECTION_NAMES


def print_results(results: Sequence[Mapping[str, Any]]) -> None:
    """Print one table a direction for each set of comparable results."""
    out = console()
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for result in results:
        groups.setdefault(labels.data(result), []).append(result)
    for data, group in groups.items():
        out.print()
        out.print(data, style="bold")
        for direction, title in DIRECTION_NAMES.items():
            out.print(title, style="italic")
            print_grid(out, _grid(direction, _with_raw(group)))
        for text in labels.notes(group):
            out.print(f"Note: {text}", soft_wrap=True)
    if results:
        changed = any(result.get("change") for result in results)
        means = f"{legend(_shown(results, *DIRECTION_NAMES))} {_SEEN}"
        for line in (*wrap(means, _WIDTH), *([_CHANGE] if changed else [])):
            out.print(line, style="dim")
    for line in dict.fromkeys(line for result in results for line in _sequence_lines(result)):
        out.print(line, style="dim")


def print_notes(results: Sequence[Mapping[str, Any]], said: Sequence[str]) -> None:
    """Say on stderr what a reader of these numbers should know and has not been told yet.

    Args:
        results: their notes stand in them.
        said: notes that were printed before.
    """
    known = {f"{labels.dataset(result)}: {text}" for result in results for text in said}
    for text in labels.notes(results):
        if text not in known:
            note(f"Note: {text}")


def _sequence_lines(result: Mapping[str, Any]) -> Iterator[str]:
    """Say what scores of sequences depend on: those that differ in it do not compare."""
    info = result.get("sequence_info") or {}
    for direction, about in ((name, info[name]) for name in DIRECTION_NAMES if info.get(name)):
        said = [f"{labels.method(result)}, {direction}:"]
        if None not in (about.get("offset"), about.get("negative")):
            said.append(
                f"distance = {about['offset']:g} - similarity, {100 * about['negative']:.1f} % of "
                f"them negative, length scaling {about.get('length_norm')};"
            )
        if about.get("bucket") is not None:
            of = f" of the {about['bucket_of']} set's matched pairs" if about["bucket_of"] else ""
            said.append(f"bucket at {about['bucket']:.4g}{of};")
        if len(said) > 1:
            yield " ".join(said).rstrip(";") + "."


def _with_raw(results: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Put the raw similarities before the first normalized result of each method."""
    shown: list[Mapping[str, Any]] = []
    seen = {labels.method(result) for result in results if result["norm"] == "none"}
    for result in results:
        if result.get("raw") and labels.method(result) not in seen:
            seen.add(labels.method(result))
            none = {"norm": "none", "bank": {"kind": "none"}, "change": None}
            shown.append({**result, **none, **result["raw"]})
        shown.append(result)
    return shown


_SEEN = "transductive: the norm saw the test set."

_WIDTH = 130
"""Columns of the legend."""

_CHANGE = (
    "+R@1, p: change of R@1 against the raw similarities, and its p-value (exact McNemar test, "
    "two-sided)."
)


def _shown(results: Sequence[Mapping[str, Any]], *directions: str) -> list[Metric]:
    return [one for one in columns(results, *directions) if one.heading]


def _grid(direction: str, results: Sequence[Mapping[str, Any]]) -> Grid:
    metrics = _shown(results, direction)
    changed = any(result.get("change") for result in results)
    rows = []
    for result in results:
        cells = [one.text(one.value(result, direction)) for one in metrics]
        cells += _change(result, direction) if changed else []
        rows.append(Row(_names(result), cells))
    heads = [one.heading for one in metrics]
    return Grid(("method", "norm", "bank"), heads + (["+R@1", "p"] if changed else []), rows)


def _change(result: Mapping[str, Any], direction: str) -> list[str]:
    if not result.get("change"):
        return ["", ""]
    change = result["change"][direction]
    p = labels.p_value(change["p"])
    return [f"{change['R@1']:+.{named('R@1').decimals}f}", p]


def _names(result: Mapping[str, Any]) -> list[str]:
    bank = "" if result["bank"]["kind"] == "none" else labels.bank(result)
    return [labels.method(result), result["norm"], bank]
