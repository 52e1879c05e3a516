"""The tables of the papers as data: every printed cell with its table, row, column and unit.

One TOML file a paper, as printed and in printed order, so that a page can be checked against it
line by line; the files say how to read them.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from vrbench.errors import InputError, did_you_mean


@dataclass(frozen=True)
class Column:
    """What one column holds.

    Attributes:
        direction: "t2v" or "v2t"; empty for a metric that has none.
        metric: "R@1", "MdR", ...
        unit: "percent" or "rank" (1-based), for a share "share", else "1".
        dataset: only in tables whose columns are of different datasets.
    """

    direction: str
    metric: str
    unit: str
    dataset: str = ""

    @property
    def label(self) -> str:
        """Return the heading, such as ``t2v R@1`` or ``MS-COCO: t2v R@1``."""
        return _prefixed(self.dataset, f"{self.direction} {self.metric}".strip())


@dataclass(frozen=True)
class Cell:
    """One number: its value (None for an empty cell), its text, and whether it is marked best."""

    value: float | None
    text: str
    best: bool = False


@dataclass(frozen=True)
class MeasuredBy:
    """The results that stand beside a published row.

    Attributes:
        methods: names without parameters, "a+b" for a weighted sum; empty: any method.
        norm: name of the normalization without parameters.
        bank: kind of its bank.
    """

    methods: tuple[str, ...] = ()
    norm: str = "none"
    bank: str = "none"


@dataclass(frozen=True)
class Row:
    """One system of a table.

    Attributes:
        printed: the label as the paper prints it.
        system: the one name of this system over all papers.
        cells: in the order of the table's columns.
        dataset: only in tables whose rows are of different datasets.
        measured_by: None for a row that no result of ours corresponds to.
    """

    printed: str
    system: str
    cells: tuple[Cell, ...]
    dataset: str = ""
    measured_by: MeasuredBy | None = None

    @property
    def label(self) -> str:
        """Return the label, unique in its table."""
        return _prefixed(self.dataset, self.printed)


@dataclass(frozen=True)
class PublishedTable:
    """One table of one paper.

    Attributes:
        name: "tokenflow-1", ...
        title: the first sentence of its caption.
        source: paper and table, for every cell.
        n_video: size of the test set where the paper states it, else None.
        notes: slips of the paper, contradictions between papers, what a reader has to know.
    """

    name: str
    title: str
    source: str
    dataset: str
    split: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    n_video: int | None = None
    notes: tuple[str, ...] = ()


def names() -> list[str]:
    """Return the names of all published tables, a paper's tables in its own order."""
    return list(_tables())


def load(name: str) -> PublishedTable:
    """Return the published table of this name.

    Raises:
        InputError: no table has this name.
    """
    tables = _tables()
    if name not in tables:
        hint = did_you_mean(name, tables)
        raise InputError(f"Unknown table '{name}'.{hint} Known: {', '.join(tables)}.")
    return tables[name]


@cache
def _tables() -> dict[str, PublishedTable]:
    papers = [path for path in files(__package__).iterdir() if path.name.endswith(".toml")]
    tables: dict[str, PublishedTable] = {}
    for path in sorted(papers, key=lambda path: path.name):
        data = tomllib.loads(path.read_text(encoding="utf-8"))
        for name, entry in data["tables"].items():
            tables[name] = _table(name, entry, data["paper"]["cite"], data["units"])
    return tables


def _table(name: str, entry: dict[str, Any], cite: str, units: dict[str, str]) -> PublishedTable:
    return PublishedTable(
        name=name,
        title=entry["title"],
        source=f"{cite}, Table {name.rpartition('-')[2]}",
        dataset=entry["dataset"],
        split=entry["split"],
        columns=tuple(_column(text, units) for text in entry["columns"]),
        rows=tuple(_row(row) for row in entry["rows"]),
        n_video=entry.get("n_video"),
        notes=tuple(entry["notes"]),
    )


def _column(text: str, units: dict[str, str]) -> Column:
    dataset, _, name = text.rpartition(": ")
    direction, _, metric = name.rpartition(" ")
    return Column(direction, metric, units[metric], dataset)


def _row(row: dict[str, Any]) -> Row:
    pairing = row.get("measured_by")
    return Row(
        printed=row["label"],
        system=row["system"],
        cells=tuple(_cell(text) for text in row["cells"].split()),
        dataset=row.get("dataset", ""),
        measured_by=pairing and MeasuredBy(**{**pairing, "methods": tuple(pairing["methods"])}),
    )


def _cell(text: str) -> Cell:
    number = text.strip("*")
    return Cell(None if number == "-" else float(number), number, best=number != text)


def _prefixed(dataset: str, label: str) -> str:
    return f"{dataset}: {label}" if dataset else label
