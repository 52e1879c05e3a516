"""Printing a query's candidates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from vrbench.cli.printing.terminal import console
from vrbench.reports.query import Listing, Shown

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

LEAST = 64
"""Columns that a system's table needs; tables stand side by side where there is room."""

_LEGEND = (
    "* positive. sum: the candidate's retrieval probabilities summed over all queries, divided by "
    "the expected sum (1 is fair, 5 is a hub); empty where scores have a scale of their own."
)


def print_queries(queries: Sequence[Shown], data: str) -> None:
    """Print each query, and under it a table of candidates for each system, side by side."""
    out = console()
    out.print(data)
    for query in queries:
        _print_query(out, query)
    out.print(_LEGEND, style="dim")


def _print_query(out: Console, shown: Shown) -> None:
    from rich.table import Table

    systems = shown.systems
    beside = max(1, min(len(systems), out.width // LEAST))
    caption = f': "{shown.caption}"' if shown.caption else ""
    kind = f"{shown.picked.capitalize()} query " if shown.picked else "Query "
    out.print()
    out.print(f"{kind}{shown.query}{caption}", style="bold")
    for start in range(0, len(systems), beside):
        grid = Table.grid(padding=(0, 2))
        grid.add_row(*(_table(s, out.width // beside - 2) for s in systems[start : start + beside]))
        out.print(grid)


def similarity_text(value: float) -> str:
    """Write a similarity; a norm's scale may make it tiny."""
    return f"{value:.3f}" if abs(value) >= 0.001 or not value else f"{value:.0e}"


def _table(system: Listing, width: int) -> Table:
    from rich import box
    from rich.table import Table

    title = f"{system.how}: rank {system.rank:g}"
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, width=width)
    table.add_column("place", justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    table.add_column("score", justify="right", no_wrap=True)
    table.add_column("sum", justify="right", no_wrap=True)
    table.add_column("item", overflow="fold", max_width=width // 3)
    table.add_column("caption", no_wrap=True, ratio=1, overflow="ellipsis")
    for one in system.candidates:
        table.add_row(
            str(one.place),
            "*" if one.right else "",
            similarity_text(one.score),
            "" if one.sum is None else f"{one.sum:.2f}",
            one.item,
            one.caption,
            style="bold" if one.right else "",
        )
    return table
