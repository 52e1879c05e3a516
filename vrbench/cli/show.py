"""Results as a table in the terminal, one for each direction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from vrbench import labels

_DIRECTIONS = {"t2v": "Text to video", "v2t": "Video to text"}
_WIDE = 160
"""Columns where stdout is no terminal."""


def print_results(results: Sequence[Mapping[str, Any]]) -> None:
    """Print one table a direction for each set of comparable results."""
    from rich.console import Console

    console = Console()
    if not console.is_terminal:
        console = Console(width=_WIDE)
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for result in results:
        groups.setdefault(labels.data(result), []).append(result)
    for data, group in groups.items():
        console.print(f"\n{data}", style="bold", highlight=False)
        for direction, title in _DIRECTIONS.items():
            console.print(_table(title, direction, group))
    if results:
        console.print(_LEGEND, style="dim", highlight=False)


_LEGEND = (
    "R@K, tied, never, often in percent. tied: queries with a foreign item at the same score; "
    "error: normalization error (0 is fair);\nnever / often: gallery items retrieved first by no "
    "query / by two or more. transductive: the norm saw the test set."
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
    for result in results:
        table.add_row(*_row(result, direction, recalls))
    return table


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
