"""What ``vrbench inspect`` found, for a person to read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from vrbench.inspect import Report
from vrbench.side_report import SideReport

Row = tuple[str, Callable[[SideReport], str]]

ROWS: tuple[Row, ...] = (
    ("items", lambda side: f"{side.items:,}"),
    ("tokens", lambda side: f"{side.tokens:,}"),
    ("tokens an item", lambda side: _counts(side.lengths)),
    ("width", lambda side: f"{side.dim:,}"),
    ("stored as", lambda side: side.dtype),
    ("length of tokens", lambda side: _norms(side.token_norms)),
    ("length of globals", lambda side: _norms(side.global_norms)),
    ("levels", lambda side: ", ".join(f"{n:,} {k}" for k, n in (side.levels or {}).items())),
    ("also stored", lambda side: ", ".join(side.columns)),
)
_LEGEND = (
    "a / b / c: least, median (of lengths: mean) and most; length: Euclidean; globals: one vector "
    "an item, else the mean of its tokens."
)


def print_report(report: Report) -> None:
    """Print a report on stdout."""
    from rich.console import Console

    console = Console(highlight=False, soft_wrap=True, markup=False)
    verdict = "sound" if report.sound else f"UNSOUND: {len(report.problems)} problem(s), see below"
    console.print(f"{report.file}: {verdict}", style="bold")
    console.print(f"{report.bytes / 1e6:,.2f} MB, sha256 {report.sha256}\n")
    console.print(_about(report))
    console.print(_sides(report.sides))
    console.print(_LEGEND, style="dim")
    for title, sentences in (("Notes", report.notes), ("Problems", report.problems)):
        if sentences:
            console.print(f"\n{title}", style="bold")
            for sentence in sentences:
                console.print(f"- {sentence}")


def _about(report: Report) -> Any:
    from rich.table import Table

    grid = Table.grid(padding=(0, 2))
    for key, value in report.attrs.items():
        grid.add_row(key, _said(key, value))
    if report.texts_per_video is not None:
        grid.add_row("texts a video", _counts(report.texts_per_video))
        grid.add_row("videos without a text", f"{report.videos_without_text:,}")
    return grid


def _said(key: str, value: Any) -> str:
    if key == "normalized":
        return "true: scored by cosines" if value else "false: scored by dot products as they are"
    return "(not said)" if value == "" else str(value)


def _sides(sides: Mapping[str, SideReport]) -> Any:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("")
    for name in sides:
        table.add_column(name.replace("_", " "), justify="right")
    for label, cell in ROWS:
        cells = [cell(side) for side in sides.values()]
        if any(cells):
            table.add_row(label, *(text or "-" for text in cells))
    return table


def _counts(spread: Mapping[str, float]) -> str:
    return " / ".join(f"{spread[key]:,g}" for key in ("min", "median", "max"))


def _norms(spread: Mapping[str, float] | None) -> str:
    return "" if spread is None else " / ".join(f"{spread[k]:.4g}" for k in ("min", "mean", "max"))
