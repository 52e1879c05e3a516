"""Printing the reports of tasks as a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from vrbench.cli.printing.terminal import TextRow, TextTable, console, print_text_table
from vrbench.tasks.base import TaskReport


def print_reports(reports: Sequence[TaskReport]) -> None:
    """Print a row for each report; lists in them are left out."""
    shown = {key: value for key, value in reports[0].items() if not isinstance(value, list)}
    heads = [key for key, value in shown.items() if isinstance(value, str)]
    columns = [key for key in shown if key not in heads]
    rows = [
        TextRow([str(report[key]) for key in heads], [_cell(report[key]) for key in columns])
        for report in reports
    ]
    print_text_table(console(), TextTable(heads, columns, rows))


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.2f}" if value == 0 or abs(value) >= 0.01 else f"{value:.1e}"
    return str(value)
