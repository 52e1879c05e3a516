"""Results as a table in the terminal, one for each direction."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from vrbench import labels
from vrbench.labels import DIRECTION_NAMES

if TYPE_CHECKING:
    from rich.console import Console

_WIDE = 160
"""Columns where stdout is no terminal."""


def console() -> Console:
    """Return a console on stdout, wide where that is no terminal."""
    from rich.console import Console

    found = Console()
    return found if found.is_terminal else Console(width=_WIDE)


def print_results(results: Sequence[Mapping[str, Any]]) -> None:
    """Print one table a direction for each set of comparable results."""
    out = console()
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for result in results:
        groups.setdefault(labels.data(result), []).append(result)
    for data, group in groups.items():
        out.print(f"\n{data}", style="bold", highlight=False)
        for direction, title in DIRECTION_NAMES.items():
            out.print(_table(title, direction, _with_raw(group)))
    if results:
        changed = any(result.get("change") for result in results)
        out.print(_LEGEND + (_CHANGE if changed else ""), style="dim", highlight=False)
    for line in dict.fromkeys(line for result in results for line in _sequence_lines(result)):
        out.print(line, style="dim", highlight=False)


def _sequence_lines(result: Mapping[str, Any]) -> Iterator[str]:
    """Say what scores of sequences depend on: those that differ in it do not compare."""
    for direction, about in (result.get("sequence_info") or {}).items():
        said = [f"{labels.method(result)}, {direction}:"]
        if about["offset"] is not None:
            said.append(
                f"distance = {about['offset']:g} - similarity, {100 * about['negative']:.1f} % of "
                f"them negative, length scaling {about['length_norm']};"
            )
        if about["bucket"] is not None:
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
    "error: normalization error (0 is fair);\nnever / often: gallery items retrieved first by no "
    "query / by two or more. transductive: the norm saw the test set."
)

_CHANGE = (
    "\n+R@1, p: change of R@1 against the raw similarities, and its p-value (exact McNemar test, "
    "two-sided)."
)


def _table(title: str, direction: str, results: Sequence[Mapping[str, Any]]) -> Any:
    from rich import box
    from rich.table import Table

    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD)
    recalls = [key for key in results[0]["metrics"][direction] if key.startswith("R@")]
    for head in ("method", "norm", "bank"):
        table.add_column(head)
    for head in (*recalls, "MdR", "MnR", "tied", "error", "never", "often"):
        table.add_column(head, justify="right")
    changed = any(result.get("change") for result in results)
    for head in ("+R@1", "p") if changed else ():
        table.add_column(head, justify="right")
    for result in results:
        change = _change(result, direction) if changed else []
        table.add_row(*_row(result, direction, recalls), *change)
    return table


def _change(result: Mapping[str, Any], direction: str) -> list[str]:
    if not result.get("change"):
        return ["", ""]
    change = result["change"][direction]
    p = labels.p_value(change["p"])
    return [f"{change['R@1']:+.1f}", p]


def _row(result: Mapping[str, Any], direction: str, recalls: Sequence[str]) -> list[str]:
    metrics, fair = result["metrics"][direction], result["diagnostics"][direction]
    error = fair["normalization_error"]
    return [
        labels.method(result),
        result["norm"],
        "" if result["bank"]["kind"] == "none" else labels.bank(result),
        *(f"{metrics[key]:.1f}" for key in recalls),
        f"{metrics['MdR']:.1f}",
        f"{metrics['MnR']:.1f}",
        f"{100 * metrics['tied']:.1f}",
        "" if error is None else f"{error:.3f}",
        f"{100 * fair['under']:.1f}",
        f"{100 * fair['over']:.1f}",
    ]
