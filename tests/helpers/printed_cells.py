"""Cells of published tables by their labels, and the heads under which they are printed."""

from __future__ import annotations

from vrbench import published
from vrbench.published import Cell

OTHER_HEADS = {"ncl-4": "t2v R@50", "ucofia-10": "t2v R@10"}
"""Heads as printed under which some rows hold another measure."""


def value(name: str, label: str, column: str) -> float:
    found = [
        cell.value
        for table, row, col, cell in published.cells()
        if (table.name, row.label, col.label) == (name, label, column)
    ]
    assert len(found) == 1
    assert found[0] is not None
    return found[0]


def column_of(name: str, measure: str) -> dict[str, Cell]:
    table = published.load(name)
    [place] = [i for i, column in enumerate(table.columns) if column.label == measure]
    return {row.dataset + row.system: row.cells[place] for row in table.rows}
