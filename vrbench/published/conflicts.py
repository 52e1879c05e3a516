"""The same system, data and measure with different numbers in different tables."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations

from vrbench.published.read import tables
from vrbench.published.table import Column, PublishedTable, Row


@dataclass(frozen=True)
class Conflict:
    """One measure of one system, printed differently.

    Attributes:
        system: its name over all papers.
        where: dataset, and setting where there is one.
        measure: direction and metric.
        readings: (number as printed, names of the tables that print it), in order of tables.
    """

    system: str
    where: str
    measure: str
    readings: tuple[tuple[str, tuple[str, ...]], ...]

    @property
    def tables(self) -> set[str]:
        """Return the names of all tables in it."""
        return {name for _, names in self.readings for name in names}


def place(table: PublishedTable, row: Row, column: Column) -> str:
    """Return dataset and setting of a cell: numbers compare only where this is the same."""
    dataset = row.dataset or column.dataset or table.dataset
    return ", ".join(filter(None, (dataset, table.setting, row.setting, column.setting)))


def conflicts() -> list[Conflict]:
    """Find the numbers that differ by more than rounding to the decimals of the coarser one."""
    printed: dict[tuple[str, str, str], dict[str, list[str]]] = {}
    for table in tables().values():
        for row in table.rows:
            for column, cell in zip(table.columns, row.cells, strict=True):
                if cell.value is not None:
                    key = (row.system, place(table, row, column), column.measure)
                    texts = printed.setdefault(key, defaultdict(list))
                    texts[_same(cell.text, texts)].append(table.name)
    return [
        Conflict(*key, tuple((text, tuple(names)) for text, names in texts.items()))
        for key, texts in printed.items()
        if any(not _agree(one, other) for one, other in combinations(texts, 2))
    ]


def sentences(found: Iterable[Conflict]) -> list[str]:
    """Return one sentence for each system and place, with all measures that differ."""
    places: dict[tuple[str, str], list[str]] = defaultdict(list)
    for one in found:
        readings = ", ".join(f"{text} ({', '.join(names)})" for text, names in one.readings)
        places[one.system, one.where].append(f"{one.measure} {readings}")
    return [
        f"The tables differ about {system} on {where}: {'; '.join(measures)}."
        for (system, where), measures in places.items()
    ]


def _same(text: str, known: Iterable[str]) -> str:
    """Return the spelling of a number that is known already: 2 is 2.0."""
    return next((other for other in known if float(other) == float(text)), text)


def _agree(one: str, other: str) -> bool:
    decimals = min(len(text.partition(".")[2]) for text in (one, other))
    return abs(float(one) - float(other)) <= 0.5 * 0.1**decimals + 1e-9
