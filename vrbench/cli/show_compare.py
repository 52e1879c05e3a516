"""What ``vrbench compare`` found, for a person to read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from vrbench import labels
from vrbench.cli.show import console
from vrbench.labels import DIRECTION_NAMES

ROWS = 60
"""Captions are cut after so many letters."""


def print_comparison(report: Mapping[str, Any]) -> None:
    """Print the tests of each direction, and the queries that changed most."""
    out = console()
    names = [labels.letter(i) for i in range(len(report["results"]))]
    data = {result["data"] for result in report["results"]}
    if len(data) == 1:
        out.print(*data, highlight=False, soft_wrap=True)
    for name, result in zip(names, report["results"], strict=True):
        where = f"  ({result['data']})" if len(data) > 1 else ""
        out.print(f"{name}  {result['how']}{where}", highlight=False, soft_wrap=True)
    for text in report["notes"]:
        out.print(f"Note: {text}.", style="bold", highlight=False)
    for direction, title in DIRECTION_NAMES.items():
        tests = [test for test in report["tests"] if test["direction"] == direction]
        left_out = [
            f"{n} of {name} left out"
            for name, n in zip(names, report["left_out"][direction], strict=True)
            if n
        ]
        heading = ", ".join([f"{report['queries'][direction]} common queries", *left_out])
        out.print(_tests(f"\n{title}: {heading}", tests, names))
        if report["changed"][direction]:
            out.print(_changed(report["changed"][direction], names))
    about = report["about"]
    out.print(
        f"{about['test']}; {about['interval']}; {about['n']} draws, seed {about['seed']}.\n"
        f"q: {about['correction']}. Ranks: + better under the second, = equal, - worse.",
        style="dim",
        highlight=False,
    )


def _tests(title: str, tests: Sequence[Mapping[str, Any]], names: Sequence[str]) -> Any:
    from rich import box
    from rich.table import Table

    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD)
    for head in ("pair", "metric"):
        table.add_column(head)
    for head in ("first", "second", "difference", "interval", "p", "q", "+", "=", "-"):
        table.add_column(head, justify="right", no_wrap=True)
    last = None
    for test in tests:
        pair = f"{names[test['a']]} -> {names[test['b']]}"
        low, high = test["interval"]
        ranks = [str(test[key]) for key in ("wins", "equal", "losses")]
        table.add_row(
            "" if pair == last else pair,
            test["metric"],
            f"{test['value_a']:.1f}",
            f"{test['value_b']:.1f}",
            f"{test['difference']:+.1f}",
            f"[{low:+.1f}, {high:+.1f}]".replace("[", r"\["),
            labels.p_value(test["p"]),
            labels.p_value(test["q"]),
            *(ranks if pair != last else ("", "", "")),
        )
        last = pair
    return table


def _changed(rows: Sequence[Mapping[str, Any]], names: Sequence[str]) -> Any:
    from rich import box
    from rich.table import Table

    title = "Queries that changed most (rank under each result)"
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD)
    table.add_column("query", no_wrap=True)
    for name in names:
        table.add_column(name, justify="right")
    captions = any(row.get("caption") for row in rows)
    if captions:
        table.add_column("caption", no_wrap=True)
    for row in rows:
        ranks = [f"{rank:g}" for rank in row["ranks"]]
        words = [_cut(row.get("caption", ""))] if captions else []
        table.add_row(row["query"], *ranks, *words)
    return table


def _cut(text: str) -> str:
    return text if len(text) <= ROWS else text[: ROWS - 3] + "..."
