"""Printing results as a table for each direction."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap

from vrbench.cli.app import note
from vrbench.cli.printing.spread import spread_lines
from vrbench.cli.printing.terminal import TextRow, TextTable, console, print_text_table
from vrbench.metrics.metric import Metric
from vrbench.metrics.table import columns, legend
from vrbench.results import labels
from vrbench.results.changes import CHANGE, CHANGE_HEADS, any_changed, change, with_raw
from vrbench.results.conventions import conventions
from vrbench.results.labels import DIRECTION_NAMES
from vrbench.results.schema import ResultDict
from vrbench.sims.sim import Direction


def print_results(results: Sequence[ResultDict]) -> None:
    """Print one table for each direction and set of comparable results."""
    out = console()
    groups: dict[str, list[ResultDict]] = {}
    for result in results:
        groups.setdefault(labels.data(result), []).append(result)
    for data, group in groups.items():
        out.print()
        out.print(data, style="bold")
        for direction, title in DIRECTION_NAMES.items():
            out.print(title, style="italic")
            print_text_table(out, _grid(direction, with_raw(group)))
        for text in labels.notes(group):
            out.print(f"Note: {text}", soft_wrap=True)
    if results:
        changed = any_changed(results)
        means = f"{legend(_shown(results, *DIRECTION_NAMES))} {_SEEN}"
        for line in (*wrap(means, _WIDTH), *([CHANGE] if changed else [])):
            out.print(line, style="dim")
    for line in spread_lines(results):
        out.print(line, soft_wrap=True)
    for line in dict.fromkeys(line for result in results for line in conventions(result)):
        out.print(line, style="dim")


def print_notes(results: Sequence[ResultDict], said: Sequence[str]) -> None:
    """Print the notes of results on stderr, except those printed before.

    Args:
        results: their notes stand in them.
        said: notes that were printed before.
    """
    known = {f"{labels.dataset(result)}: {text}" for result in results for text in said}
    for text in labels.notes(results):
        if text not in known:
            note(f"Note: {text}")


_SEEN = "transductive: the norm saw the test set."

_WIDTH = 130
"""Columns of the legend."""


def _shown(results: Sequence[ResultDict], *directions: Direction) -> list[Metric]:
    return [one for one in columns(results, *directions) if one.heading]


def _grid(direction: Direction, results: Sequence[ResultDict]) -> TextTable:
    metrics = _shown(results, direction)
    changed = any_changed(results)
    rows = []
    for result in results:
        cells = [one.text(one.value(result, direction)) for one in metrics]
        cells += [text for text, _ in change(result, direction)] if changed else []
        rows.append(TextRow(_names(result), cells))
    heads = [one.heading for one in metrics]
    return TextTable(("method", "norm", "bank"), [*heads, *(CHANGE_HEADS if changed else ())], rows)


def _names(result: ResultDict) -> list[str]:
    bank = "" if result["bank"]["kind"] == "none" else labels.bank(result)
    return [labels.method(result), result["norm"], bank]
