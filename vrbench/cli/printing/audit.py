"""Printing the report of ``vrbench audit``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from vrbench.auditing.report import AuditReport
from vrbench.cli.printing.terminal import TextRow, TextTable, console, print_text_table
from vrbench.metrics.table import named
from vrbench.results.labels import DIRECTION_NAMES
from vrbench.sims.sim import Direction

_LEGEND = (
    "Every row departs from the first in what it changes, and in nothing else. n: entries that the "
    "metrics are taken over.",
    "* another number than in the first row. released in: code that evaluates so, as far as known.",
)


def print_audit(report: AuditReport) -> None:
    """Print a table for each direction, with the spread of each metric under it."""
    out = console()
    given = "" if report["norm"] == "none" else f", already normalized by {report['norm']}"
    size = f"{report['n_text']} texts x {report['n_video']} videos"
    out.print()
    out.print(f"{report['features']['file']}: {size}{given}", style="bold")
    said = []
    for direction, title in DIRECTION_NAMES.items():
        tied = named("tied").text(report["tied"][direction])
        out.print(f"{title}; {tied} % of the queries have a tie", style="italic")
        said.append(print_text_table(out, _grid(direction, report)))
    for text in (*_LEGEND, *_notes(report)):
        out.print(text, style="dim")
    if not all(said):
        out.print()
        for row in report["rules"]:
            if row["source"] and any(row[direction] for direction in DIRECTION_NAMES):
                out.print(f"{row['rule']} released in: {row['source']}", style="dim")


def _notes(report: AuditReport) -> list[str]:
    notes = []
    if report["captions"]["most"] < 2:
        notes.append("One text a video at most: the protocols for several captions agree.")
    elif any(row["rule"] == "sort-and-subtract" and row["v2t"] for row in report["rules"]):
        notes.append(
            "sort-and-subtract takes a video's captions as one item, as the released code does: "
            "what it changes is seen against group-max."
        )
    notes += [
        f"The median rank is near the size of the gallery ({' and '.join(ways)}): these look like "
        f"distances, which {row['rule']} reads as such; store their negative."
        for row in report["rules"]
        if row["changes"] == "sign" and (ways := [d for d in DIRECTION_NAMES if row[d]])
    ]
    if report["norm"] != "none":
        notes.append("Already normalized: the dual softmax rules are left out.")
    return notes


def _grid(direction: Direction, report: AuditReport) -> TextTable:
    found = [(row, reading) for row in report["rules"] if (reading := row[direction])]
    first = found[0][1]["metrics"]
    metrics = list(first)
    rows = []
    for i, (row, reading) in enumerate(found):
        cells = _cells(reading["metrics"], first, metrics)
        n = f"{reading['n']:,}"
        end = i + 1 == len(found)
        rows.append(TextRow((row["changes"], row["rule"]), [*cells, n], row["source"], end))
    everything = report["spread_with_dual_softmax"]
    for name, spreads in (("same similarities", report["spread"]), ("all", everything)):
        spread = spreads[direction]
        widths = [
            f"{named(m).text(high - low)} " for m, (low, high) in ((m, spread[m]) for m in metrics)
        ]
        rows.append(TextRow(("spread", name), [*widths, ""], "greatest less least"))
    return TextTable(("changes", "rule"), [*metrics, "n"], rows, "released in")


def _cells(
    values: Mapping[str, float], first: Mapping[str, float], metrics: Sequence[str]
) -> list[str]:
    """Return each metric, starred where what is printed is not that of the first row."""
    texts = [{m: named(m).text(of[m]) for m in metrics if m in of} for of in (values, first)]
    return [
        f"{texts[0][m]}{'*' if texts[0][m] != texts[1].get(m) else ' '}" if m in texts[0] else ""
        for m in metrics
    ]
