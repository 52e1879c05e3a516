"""What ``vrbench audit`` found, for a person to read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from vrbench.cli.show import console
from vrbench.labels import DIRECTION_NAMES

_LEGEND = (
    "Every row departs from the first in what it changes, and in nothing else. n: entries that the "
    "metrics are taken over.\n* differs from the first row. released in: code that evaluates so, "
    "as far as known to us."
)


def print_audit(report: Mapping[str, Any]) -> None:
    """Print a table a direction, with the spread of each metric under it."""
    out = console()
    given = "" if report["norm"] == "none" else f", already normalized by {report['norm']}"
    size = f"{report['n_text']} texts x {report['n_video']} videos"
    out.print(f"\n{report['features']['file']}: {size}{given}", style="bold", highlight=False)
    for direction, title in DIRECTION_NAMES.items():
        tied = 100 * report["tied"][direction]
        out.print(_table(f"{title}; {tied:.1f} % of the queries have a tie", direction, report))
    out.print(_LEGEND, style="dim", highlight=False)
    for text in _notes(report):
        out.print(text, style="dim", highlight=False)


def _notes(report: Mapping[str, Any]) -> list[str]:
    notes = []
    if report["captions"]["most"] < 2:
        notes.append("One text a video at most: the protocols for several captions agree.")
    if report["norm"] != "none":
        notes.append("Already normalized: the dual softmax rules are left out.")
    return notes


def _table(title: str, direction: str, report: Mapping[str, Any]) -> Any:
    from rich import box
    from rich.table import Table

    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD)
    rows = [row for row in report["rules"] if row[direction] is not None]
    metrics = list(rows[0][direction]["metrics"])
    for head in ("changes", "rule"):
        table.add_column(head, no_wrap=True)
    for head in (*metrics, "n"):
        table.add_column(head, justify="right", no_wrap=True)
    table.add_column("released in")
    first = rows[0][direction]["metrics"]
    for i, row in enumerate(rows):
        cells = _cells(row[direction]["metrics"], first, metrics)
        words = (row["changes"], row["rule"], *cells, f"{row[direction]['n']:,}", row["source"])
        table.add_row(*words, end_section=i + 1 == len(rows))
    for name, key in (("all but dual softmax", "spread"), ("all", "spread_with_dual_softmax")):
        spread = report[key][direction]
        widths = [f"{high - low:.1f} " for low, high in (spread[metric] for metric in metrics)]
        table.add_row("spread", name, *widths, "", "greatest less least")
    return table


def _cells(
    values: Mapping[str, float], first: Mapping[str, float], metrics: Sequence[str]
) -> list[str]:
    """Return each metric to one decimal, starred where it is not that of the first row."""
    return [
        ""
        if metric not in values
        else f"{values[metric]:.1f}" + ("*" if values[metric] != first[metric] else " ")
        for metric in metrics
    ]
