"""Short representations of results in Python: on a line, as a text, in a notebook."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import Any

from vrbench.metrics.metric import PARTS, Metric
from vrbench.metrics.table import columns
from vrbench.results import labels
from vrbench.results.schema import ResultDict
from vrbench.runtime.printable import one_line
from vrbench.sims.sim import DIRECTIONS, Direction

LONGEST = 1000
"""Upper limit of the characters of a text of results."""

WIDEST = 30
"""Most characters of a name in it."""

MOST = 50
"""Most rows in a notebook."""

_ABOUT = ("dataset", "split", "encoder", "method", "norm", "sequence")


def brief(values: ResultDict) -> str:
    """Return a line: data and method of a result, and the first metrics of each direction."""
    said = [_cut(labels.how(values), 60), _cut(_data(values), 60)]
    if task := values.get("task"):
        measured = (f"{key} {text}" for key, text in task_numbers(task["report"]).items())
        return "; ".join([*said, ", ".join(measured)])
    for direction in DIRECTIONS:
        metrics = _first([values], direction)
        numbers = ", ".join(f"{m.name} {m.text(m.value(values, direction))}" for m in metrics)
        said.append(f"{direction} {numbers}")
    return "; ".join(said)


def as_text(results: Sequence[ResultDict]) -> str:
    """Return a table of as many results as there is room for."""
    if not results:
        return "Results: none"
    heads = ["", "method", "norm", "bank"]
    shown = [(d, m) for d in DIRECTIONS for m in _first(results, d)]
    rows = [[*heads, *(f"{d} {m.name}" for d, m in shown)]]
    for i, values in enumerate(results[:10]):
        names = [labels.method(values), values["norm"], values["bank"]["kind"]]
        numbers = [m.text(m.value(values, direction)) for direction, m in shown]
        rows.append([f"{i}", *(_cut(name, WIDEST) for name in names), *numbers])
    lines = _aligned(rows, len(heads))
    data = list(dict.fromkeys(map(_data, results)))
    others = f" and {len(data) - 1} others" if len(data) > 1 else ""
    title = f"Results: {len(results)} on {_cut(data[0], 80)}{others}"
    end = ["... {} more; .to_frame() has them all"]
    while len("\n".join([title, *lines, *end])) + 10 >= LONGEST:
        lines.pop()
    left = len(results) - len(lines) + 1
    return "\n".join([title, *lines, *([end[0].format(left)] if left else [])])


def as_html(results: Sequence[ResultDict]) -> str:
    """Return a table for a notebook; text of files is escaped."""
    shown = [(d, m) for d in DIRECTIONS for m in columns(results, d) if m.heading]
    unit = {(d, m): " %" if m.unit == "share" else "" for d, m in shown}
    heads = ["data", "method", "norm", "bank"]
    heads += [f"{d} {m.heading}{unit[d, m]}" for d, m in shown]
    lines = [_line("th", heads)]
    for values in results[:MOST]:
        names = [_data(values), labels.method(values), values["norm"], labels.bank(values)]
        lines.append(_line("td", [*names, *(m.text(m.value(values, d)) for d, m in shown)]))
    left = len(results) - MOST
    more = f"<p>... {left} more; .to_frame() has them all</p>" if left > 0 else ""
    return f"<table>{''.join(lines)}</table>{more}"


def task_numbers(report: Mapping[str, Any]) -> dict[str, str]:
    """Return the numbers of a task's report as they are printed; lists and words are left out."""
    return {
        key: f"{value:.2f}" if isinstance(value, float) else str(value)
        for key, value in report.items()
        if isinstance(value, int | float) and not isinstance(value, bool)
    }


def frame_row(values: ResultDict) -> dict[str, Any]:
    """Return a row of a data frame; a task has its numbers instead of metrics."""
    task = values.get("task")
    found = {} if task is None else {f"task {k}": v for k, v in task["report"].items()}
    return {
        **{key: values.get(key) for key in _ABOUT},
        **({} if task is None else {"task": task["spec"], **found}),
        "bank": values["bank"]["kind"],
        **{key: values[key] for key in ("n_text", "n_video")},
        **values["protocol"],
        **{
            f"{direction} {name}": value
            for direction in DIRECTIONS
            for part in PARTS
            for name, value in values[part][direction].items()
        },
    }


def _first(results: Sequence[ResultDict], direction: Direction) -> list[Metric]:
    """Return the least K of R@K, and the other metrics of ranks."""
    found = [one for one in columns(results, direction) if one.of_ranks is not None]
    return list({one.family: one for one in reversed(found)}.values())[::-1]


def _data(values: ResultDict) -> str:
    size = f"{values['n_text']} texts x {values['n_video']} videos"
    return f"{labels.dataset(values)}, {size}{labels.limited(values)}"


def _cut(text: str, width: int) -> str:
    text = one_line(text)
    return text if len(text) <= width else f"{text[: width - 3]}..."


def _aligned(rows: Sequence[Sequence[str]], words: int) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        cells = [
            cell.ljust(width) if i < words else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(cells).rstrip())
    return lines


def _line(tag: str, cells: Sequence[str]) -> str:
    return f"<tr>{''.join(f'<{tag}>{html.escape(one_line(cell))}</{tag}>' for cell in cells)}</tr>"
