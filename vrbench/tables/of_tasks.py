"""The results of tasks, a section for each task."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from vrbench.published import Column
from vrbench.results import labels
from vrbench.results.schema import ResultDict
from vrbench.tables.formats import Line, Section
from vrbench.tables.measured import task_cell

PERCENT = frozenset(
    {
        *("accuracy", "recall", "chance", "std", "largest class", "largest label"),
        *("wholly in order", "captions right"),
    }
)
"""Numbers of tasks that are in percent; others have no unit."""


def task_sections(results: Sequence[ResultDict]) -> list[Section]:
    """Return a section for each task, its numbers in columns."""
    named: dict[str, list[ResultDict]] = {}
    for result in results:
        spec = labels.task(result) or ""
        named.setdefault(spec.partition(":")[0], []).append(result)
    return [_section(name, found) for name, found in named.items()]


def _section(name: str, results: Sequence[ResultDict]) -> Section:
    keys = dict.fromkeys(k for one in results for k, v in _report(one).items() if _is_number(v))
    columns = tuple(Column("", key, "percent" if key in PERCENT else "1") for key in keys)
    return Section(
        "measured",
        f"Task {name}",
        "Accuracies, recalls and shares in percent.",
        ("dataset", "encoder", "task"),
        columns,
        tuple(_line(one, columns) for one in results),
    )


def _line(result: ResultDict, columns: Sequence[Column]) -> Line:
    report = _report(result)
    cells = tuple(task_cell(report.get(column.metric), column.unit) for column in columns)
    heads = labels.dataset(result), labels.CONTEXT["encoder"](result), labels.method(result)
    row = f"{labels.method(result)} [{labels.data(result)}]"
    return Line(heads, cells, row, labels.provenance(result))


def _report(result: ResultDict) -> dict[str, Any]:
    task = result.get("task")
    return dict(task["report"]) if task else {}


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
