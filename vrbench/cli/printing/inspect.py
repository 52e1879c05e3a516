"""Printing the report of ``vrbench inspect``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from vrbench.features.inspect import Report
from vrbench.features.inspect_side import SideReport

if TYPE_CHECKING:
    from rich.console import Console

SideRow = tuple[str, Callable[[SideReport], str]]

ROWS: tuple[SideRow, ...] = (
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
    "a / b / c: least / median / most; of (Euclidean) lengths least / mean / most.",
    "A global is one vector of a whole item; without it the mean token is taken.",
)
FIRST = ("dataset", "split", "encoder", "normalized")
"""Attributes that are listed before the others."""


def print_report(report: Report) -> None:
    """Print a report on stdout."""
    from vrbench.cli.printing import terminal

    console = terminal.console(wrap=False)
    verdict = "sound" if report.sound else "UNSOUND, see the problems below"
    console.print(f"{report.file}: {verdict}", style="bold")
    console.print(f"{report.bytes / 1e6:,.2f} MB, sha256 {report.sha256}")
    _print_list(console, "What the file says about itself", _about(report.attrs))
    _print_sides(console, report.sides, "video", "text")
    if report.texts_per_video is not None:
        console.print(f"texts a video        {_counts(report.texts_per_video)}")
        console.print(f"videos without text  {report.videos_without_text:,}")
    for sides in (("audio",), ("bank_video", "bank_text"), ("bank_audio",)):
        _print_sides(console, report.sides, *sides)
    console.print()
    for line in _LEGEND:
        console.print(line, style="dim")
    _print_list(console, "Notes", report.notes)
    _print_list(console, "Problems", report.problems)


def _print_list(console: Console, title: str, lines: Sequence[str]) -> None:
    if lines:
        console.print()
        console.print(title, style="bold")
    for line in lines:
        console.print(f"- {line}")


def _about(attrs: Mapping[str, Any]) -> list[str]:
    names = [name for name in FIRST if name in attrs]
    names += [name for name in attrs if name not in FIRST]
    return [f"{name}: {_said(name, attrs[name])}" for name in names]


def _said(name: str, value: Any) -> str:
    if name == "normalized":
        return "true, scored by cosines" if value else "false, scored by dot products as they are"
    if isinstance(value, bool):
        return "true" if value else "false"
    return "(not said)" if value == "" else str(value)


def _print_sides(console: Console, sides: Mapping[str, SideReport], *names: str) -> None:
    """Print a table of those of these sides that exist: two fit into 80 columns."""
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("")
    shown = {name: sides[name] for name in names if name in sides}
    for name in shown:
        table.add_column(name.replace("_", " "), justify="right")
    for label, cell in ROWS:
        cells = [cell(side) for side in shown.values()]
        if any(cells):
            table.add_row(label, *(text or "-" for text in cells))
    if shown:
        console.print(table)


def _counts(spread: Mapping[str, float]) -> str:
    return " / ".join(f"{spread[key]:,g}" for key in ("min", "median", "max"))


def _norms(spread: Mapping[str, float] | None) -> str:
    return "" if spread is None else " / ".join(f"{spread[k]:.4g}" for k in ("min", "mean", "max"))
