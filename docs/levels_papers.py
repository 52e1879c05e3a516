"""Which rows of the papers' tables the results of the page on levels measure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from vrbench import published
from vrbench.published import PublishedTable
from vrbench.results import as_dicts, load_all
from vrbench.results.schema import ResultDict
from vrbench.tables.matching import fill

TABLES = (
    *("ucofia-9", "ucofia-13", "ucofia-14", "ucofia-figure-5"),
    *("norton-4", "norton-6", "norton-7", "norton-9"),
    *(f"modality-structure-{n}" for n in (1, 5, 6, 7)),
)
NO_DATA = {
    "ucofia-9": "no encoder here is CLIP: without a head its spaces have nothing in common",
    "ucofia-13": "Param and Mem are in the table above: results do not hold them",
    "norton-4": "COIN is not at hand",
    "norton-6": "the questions of MSR-VTT's multiple choice are not at hand",
    "norton-7": "the columns with background need whole videos: one here is three frames",
    "norton-9": "HTM-Align is not at hand",
    "modality-structure-1": "on MSR-VTT's 20 categories: HMDB51 and UCF101 are not at hand",
    "modality-structure-6": "on MSR-VTT, and on the clips of the cooking videos",
}
"""Why a table has empty rows, or what other data it is measured on."""


def papers(folders: Mapping[str, Path]) -> Iterator[str]:
    """Yield a row for each table: which of its rows are measured by results of its paper's folder.

    Args:
        folders: by the first word of the names of a paper's tables.
    """
    results = {paper: as_dicts(load_all(folder)[0]) for paper, folder in folders.items()}
    yield "| table | rows measured | rows that stay empty | why, or on what data |"
    yield "|---|---|---|---|"
    for name in TABLES:
        yield _row(published.load(name), results[name.partition("-")[0]])


def _row(table: PublishedTable, results: Sequence[ResultDict]) -> str:
    filled = fill(table, results)
    rows = [row.slot for row in table.rows if row.measured_by is not None]
    empty = [row for row in rows if row not in filled]
    never = sum(row.measured_by is None for row in table.rows)
    others = [f"{never} of systems that vrbench does not have"] * (never > 0)
    about = NO_DATA.get(table.name, "")
    cells = (f"`{table.name}`", "; ".join(filled), "; ".join([*empty, *others]), about)
    return f"| {' | '.join(cells)} |"
