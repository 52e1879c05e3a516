"""A results folder as one self-contained page."""

from __future__ import annotations

from pathlib import Path

from vrbench._version import VERSION
from vrbench.auditing import audit
from vrbench.errors import InputError
from vrbench.metrics.table import named
from vrbench.reports import rendering
from vrbench.reports.page_figures import figures_of, pictures_of
from vrbench.reports.page_results import metric_cell, results_of, tests_of
from vrbench.reports.page_tables import filled, tasks_of
from vrbench.reports.parts import Heading, PageCell, PagePart, PageTable, Paragraph, words
from vrbench.results import labels
from vrbench.results.labels import DIRECTION_NAMES
from vrbench.results.result import Result, load_all, with_ranks
from vrbench.runtime.files import listed, replacing
from vrbench.runtime.npz import open_npz
from vrbench.runtime.progress import Progress, counted
from vrbench.sims.sim import DIRECTIONS
from vrbench.sims.stored import in_npz


def report(folder: Path, out: Path, progress: Progress | None = None) -> list[str]:
    """Write a page of a folder's results, their tests, papers' tables, audits and pictures.

    Args:
        folder: of ``vrbench eval``'s results; similarity files (npz) in it are audited, and
            pictures (svg, else png) are put in.
        out: the page; it needs nothing beside it and no network.
        progress: is told how many tables of results are tested, and similarity files audited.

    Returns:
        What was left out of the folder, and why.

    Raises:
        InputError: the folder holds nothing to report, or the page cannot be written.
    """
    results, skipped = load_all(folder)
    sims, pictures = _sims(folder), pictures_of(folder)
    if not (results or sims or pictures):
        raise InputError(f"{folder} holds no result: run vrbench eval --out {folder}.")
    notes = [f"{name} is not a result" for name in skipped]
    groups: dict[str, list[Result]] = {}
    of_tasks = [result.values for result in results if result.values.get("task")]
    for result in (one for one in results if not one.values.get("task")):
        groups.setdefault(labels.data(result.values), []).append(result)
    body: list[PagePart] = [
        Paragraph(f"{len(results)} results of {folder.name}/; vrbench {VERSION}.")
    ]
    for data, group in counted(groups.items(), "results", len(groups), progress):
        size, _, protocol = data.partition("; ")
        body += [Heading(size), Paragraph(f"{protocol}.")]
        body += [*results_of(group), *tests_of(group, notes)]
    body += tasks_of(of_tasks)
    body += filled(with_ranks(results))
    for path in counted(sims, "audits", len(sims), progress):
        body += _audit(path)
    body += figures_of(pictures)
    with replacing(out) as temporary:
        page = rendering.page(f"vrbench report: {folder.name}", body)
        temporary.write_text(page, encoding="utf-8")
    return notes


def _sims(folder: Path) -> list[Path]:
    """Return the similarity files: npz whose t2v is a matrix, unlike that of rank vectors."""
    return [path for path in listed(folder, ".npz") if _is_sim(path)]


def _is_sim(path: Path) -> bool:
    try:
        with open_npz(path) as npz:
            return in_npz(npz, "t2v") is not None
    except InputError:
        return False


def _audit(path: Path) -> list[PagePart]:
    found = audit(path)
    parts: list[PagePart] = [Heading(f"Audit of {path.name}")]
    for direction in DIRECTIONS:
        rows = [(row, reading) for row in found["rules"] if (reading := row[direction])]
        metrics = [named(name) for name in rows[0][1]["metrics"]]
        cells = [
            [
                *words(row["changes"], row["rule"]),
                *(metric_cell(one, reading["metrics"].get(one.name)) for one in metrics),
                PageCell(f"{reading['n']:,}", reading["n"]),
                PageCell(row["source"]),
            ]
            for row, reading in rows
        ]
        heads = ["changes", "rule", *(one.name for one in metrics), "n", "released in"]
        parts += [Heading(DIRECTION_NAMES[direction], 3), PageTable(heads, cells)]
    return parts
