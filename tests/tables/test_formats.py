from __future__ import annotations

import json
from csv import DictReader
from io import StringIO

import pytest

from vrbench import published
from vrbench.published import Cell, Column
from vrbench.tables import formats, paper_table
from vrbench.tables.formats import UNMEASURED, Line, Section, Table

COLUMNS = (Column("t2v", "R@1", "percent"), Column("t2v", "MdR", "rank"))
TABLE = Table(
    "demo-1",
    "demo-1: A | B",
    (
        Section(
            "published",
            "Published",
            "MSVD.",
            ("published",),
            COLUMNS,
            (
                Line(("A [1]",), (Cell(46.25, "46.2"), Cell(None, "-")), "A [1]", "P, Table 1"),
                Line(("B",), (Cell(47.1, "47.1", best=True), Cell(2, "2")), "B", "P, Table 1"),
            ),
        ),
        Section(
            "measured",
            "Measured",
            "toy data",
            ("measured",),
            COLUMNS,
            (
                Line(("A",), (Cell(1 / 3, "0.3"), Cell(None, "")), 'A, "q" [toy]', "a.json; v1"),
                Line(("0.5*b",), (Cell(None, ""), Cell(None, "")), "0.5*b [toy]", UNMEASURED),
            ),
        ),
    ),
    ("A note.",),
)

MARKDOWN = r"""## demo-1: A \| B

### Published

MSVD.

| published |  t2v R@1 | t2v MdR |
| --------- | -------: | ------: |
| A [1]     |     46.2 |       - |
| B         | **47.1** |       2 |

### Measured

toy data

| measured | t2v R@1 | t2v MdR |
| -------- | ------: | ------: |
| A [^1]   |     0.3 |         |
| 0.5\*b   |         |         |

Notes:

- A note.

[^1]: a.json; v1
"""

CSV = """table,row,column,value,unit,kind,source
demo-1,A [1],t2v R@1,46.25,percent,published,"P, Table 1"
demo-1,A [1],t2v MdR,,rank,published,"P, Table 1"
demo-1,B,t2v R@1,47.1,percent,published,"P, Table 1"
demo-1,B,t2v MdR,2,rank,published,"P, Table 1"
demo-1,"A, ""q"" [toy]",t2v R@1,0.3333333333333333,percent,measured,a.json; v1
demo-1,"A, ""q"" [toy]",t2v MdR,,rank,measured,a.json; v1
demo-1,0.5*b [toy],t2v R@1,,percent,measured,not measured
demo-1,0.5*b [toy],t2v MdR,,rank,measured,not measured
"""


def test_markdown() -> None:
    assert formats.markdown(TABLE) == MARKDOWN


def test_csv_has_one_line_a_cell_and_does_not_round() -> None:
    assert formats.csv(TABLE) == CSV


def test_json_has_the_same_cells_as_csv() -> None:
    objects = json.loads(formats.to_json(TABLE))
    lines = list(DictReader(StringIO(formats.csv(TABLE))))
    assert [
        {key: str("" if v is None else v) for key, v in one.items()} for one in objects
    ] == lines
    assert objects[1]["value"] is None


@pytest.mark.parametrize("name", published.names())
def test_csv_of_a_paper_carries_every_cell_and_its_source(name: str) -> None:
    table = published.load(name)
    lines = list(DictReader(StringIO(formats.csv(paper_table(name, [])))))
    found = {(line["row"], line["column"]): line for line in lines if line["kind"] == "published"}
    assert len(found) == sum(bool(cell.text) for row in table.rows for cell in row.cells)
    for row in table.rows:
        for column, cell in zip(table.columns, row.cells, strict=True):
            if not cell.text:  # the row has no such column
                continue
            line = found[row.label, column.label]
            empty = cell.text if column.unit == "text" else ""
            assert line["value"] == (empty if cell.value is None else str(cell.value))
            assert (line["unit"], line["source"]) == (column.unit, table.source)
