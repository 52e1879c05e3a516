"""Results as a table in the terminal, one for each direction."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from vrbench.cli.app import note
from vrbench.cli.printing.terminal import Grid, Row, console, print_grid
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
        for line in (*_LEGEND, *([_CHANGE] if changed else [])):
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


_LEGEND = (
    "R@K, tied, never, often in percent. tied: queries with a foreign item at the same score; "
    "error: normalization error (0 is fair);",
    "never / often: gallery items retrieved first by no query / by two or more. transductive: the "
    "norm saw the test set.",
)

_CHANGE = (
    "+R@1, p: change of R@1 against the raw similarities, and its p-value (exact McNemar test, "
    "two-sided)."
)


def _grid(direction: str, results: Sequence[Mapping[str, Any]]) -> Grid:
    metrics = {key for result in results for key in result["metrics"][direction]}
    recalls = sorted((key for key in metrics if key[:2] == "R@"), key=lambda key: int(key[2:]))
    changed = any(result.get("change") for result in results)
    rows = [
        Row(
            _names(result),
            [*_cells(result, direction, recalls), *(_change(result, direction) if changed else [])],
        )
        for result in results
    ]
    columns = [*recalls, "MdR", "MnR", "tied", "error", "never", "often"]
    return Grid(("method", "norm", "bank"), columns + (["+R@1", "p"] if changed else []), rows)


def _change(result: Mapping[str, Any], direction: str) -> list[str]:
    if not result.get("change"):
        return ["", ""]
    change = result["change"][direction]
    p = labels.p_value(change["p"])
    return [f"{change['R@1']:+.1f}", p]


def _names(result: Mapping[str, Any]) -> list[str]:
    bank = "" if result["bank"]["kind"] == "none" else labels.bank(result)
    return [labels.method(result), result["norm"], bank]


def _cells(result: Mapping[str, Any], direction: str, recalls: Sequence[str]) -> list[str]:
    metrics, fair = result["metrics"][direction], result["diagnostics"][direction]
    error = fair["normalization_error"]
    return [
        *(f"{metrics[key]:.1f}" if key in metrics else "" for key in recalls),
        f"{metrics['MdR']:.1f}",
        f"{metrics['MnR']:.1f}",
        f"{100 * metrics['tied']:.1f}",
        "" if error is None else f"{error:.3f}",
        f"{100 * fair['under']:.1f}",
        f"{100 * fair['over']:.1f}",
    ]
