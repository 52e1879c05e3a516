"""Printing the report of ``vrbench compare``."""

from __future__ import annotations

from collections.abc import Sequence

from vrbench.cli.printing.terminal import TextRow, TextTable, console, print_text_table
from vrbench.results import labels
from vrbench.results.comparison import ChangedQuery, Comparison, ControlledTest
from vrbench.results.labels import DIRECTION_NAMES

ROWS = 60
"""Most letters of a caption; longer ones are cut."""


def print_comparison(report: Comparison) -> None:
    """Print the tests of each direction, and the queries that changed most."""
    out = console()
    names = [labels.letter(i) for i in range(len(report["results"]))]
    data = {result["data"] for result in report["results"]}
    if len(data) == 1:
        out.print(*data, soft_wrap=True)
    for name, result in zip(names, report["results"], strict=True):
        where = f"  ({result['data']})" if len(data) > 1 else ""
        out.print(f"{name}  {result['how']}{where}", soft_wrap=True)
    for text in report["notes"]:
        out.print(f"Note: {text}.", style="bold")
    for direction, title in DIRECTION_NAMES.items():
        tests = [test for test in report["tests"] if test["direction"] == direction]
        left_out = [
            f"{n} of {name} left out"
            for name, n in zip(names, report["left_out"][direction], strict=True)
            if n
        ]
        heading = ", ".join([f"{report['queries'][direction]} common queries", *left_out])
        out.print()
        out.print(f"{title}: {heading}", style="italic")
        print_text_table(out, _tests(tests, names))
        if report["changed"][direction]:
            out.print("Queries that changed most (rank under each result)", style="italic")
            print_text_table(out, _changed(report["changed"][direction], names))
    about = report["about"]
    for line in (
        f"{about['test']}; {about['interval']}; {about['n']} draws, seed {about['seed']}.",
        f"q: {about['correction']}. Ranks: + better under the second, = equal, - worse.",
    ):
        out.print(line, style="dim")


def _tests(tests: Sequence[ControlledTest], names: Sequence[str]) -> TextTable:
    rows, last = [], ""
    for test in tests:
        pair = f"{names[test['a']]} -> {names[test['b']]}"
        cells = [
            test["metric"],
            *labels.tested(test),
            labels.p_value(test["p"]),
            labels.p_value(test["q"]),
        ]
        ranks = [str(n) for n in (test["wins"], test["equal"], test["losses"])]
        first = pair != last
        rows.append(TextRow([pair if first else ""], cells + (ranks if first else ["", "", ""])))
        last = pair
    heads = ("metric", "first", "second", "difference", "interval", "p", "q", "+", "=", "-")
    return TextTable(["pair"], heads, rows)


def _changed(rows: Sequence[ChangedQuery], names: Sequence[str]) -> TextTable:
    captions = "caption" if any(row.get("caption") for row in rows) else ""
    return TextTable(
        ["query"],
        names,
        [
            TextRow(
                [row["query"]],
                [f"{rank:g}" for rank in row["ranks"]],
                _cut(row.get("caption", "")),
            )
            for row in rows
        ],
        captions,
    )


def _cut(text: str) -> str:
    return text if len(text) <= ROWS else text[: ROWS - 3] + "..."
