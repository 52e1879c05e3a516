"""A results folder as one self-contained page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from vrbench._version import VERSION
from vrbench.auditing import audit
from vrbench.errors import InputError
from vrbench.metrics.metric import Metric
from vrbench.metrics.table import columns, legend, named
from vrbench.reports import rendering
from vrbench.reports.page_tables import filled, tasks_of
from vrbench.reports.parts import Heading, PageCell, PagePart, PageTable, Paragraph, Picture, words
from vrbench.results import labels
from vrbench.results.compare import compare
from vrbench.results.comparison import ChangedQuery, ControlledTest
from vrbench.results.labels import DIRECTION_NAMES
from vrbench.results.result import Result, load_all, with_ranks
from vrbench.runtime.files import listed, replacing
from vrbench.runtime.npz import open_npz
from vrbench.sims.sim import DIRECTIONS, Direction
from vrbench.sims.stored import in_npz

MOST = 8
"""Most results on the same data that are tested against each other, pair by pair."""


def report(folder: Path, out: Path) -> list[str]:
    """Write a page of a folder's results, their tests, papers' tables, audits and pictures.

    Args:
        folder: of ``vrbench eval``'s results; similarity files (npz) in it are audited, and
            pictures (svg, else png) are put in.
        out: the page; it needs nothing beside it and no network.

    Returns:
        What was left out of the folder, and why.

    Raises:
        InputError: the folder holds nothing to report, or the page cannot be written.
    """
    results, skipped = load_all(folder)
    sims, pictures = _sims(folder), _pictures(folder)
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
    for data, group in groups.items():
        body += [Heading(data), *_results(group), *_tests(group, notes)]
    body += tasks_of(of_tasks)
    body += filled(with_ranks(results))
    for path in sims:
        body += _audit(path)
    if pictures:
        body.append(Heading("Figures"))
    for path in pictures:
        kind = {".svg": "svg+xml", ".png": "png"}[path.suffix]
        body += [Heading(path.stem, 3), Picture.of(path.read_bytes(), kind, path.stem)]
    with replacing(out) as temporary:
        page = rendering.page(f"vrbench report: {folder.name}", body)
        temporary.write_text(page, encoding="utf-8")
    return notes


def _results(group: Sequence[Result]) -> list[PagePart]:
    """Return a table for each direction."""
    parts: list[PagePart] = []
    for direction in DIRECTIONS:
        metrics = _shown(group, direction)
        heads = ["", "method", "norm", "bank"]
        heads += [f"{one.heading} %" if one.unit == "share" else one.heading for one in metrics]
        rows = [
            [PageCell(labels.letter(i)), *_row(result, direction, metrics)]
            for i, result in enumerate(group)
        ]
        parts += [Heading(DIRECTION_NAMES[direction], 3), PageTable(heads, rows)]
    means = (
        f"{legend(_shown(group, *DIRECTIONS))} An error is at the norm's gamma, else 0.01. A click "
        "on a heading sorts."
    )
    said = labels.notes(result.values for result in group)
    return [*parts, *(Paragraph(text, note=True) for text in (means, *said))]


def _shown(group: Sequence[Result], *directions: Direction) -> list[Metric]:
    return [one for one in columns((r.values for r in group), *directions) if one.heading]


def _row(result: Result, direction: Direction, metrics: Sequence[Metric]) -> list[PageCell]:
    bank = "" if result.bank["kind"] == "none" else labels.bank(result.values)
    names = words(labels.method(result.values), result.norm, bank)
    return [*names, *(_number(one, one.value(result.values, direction)) for one in metrics)]


def _number(metric: Metric, value: float | None) -> PageCell:
    """Return a number as it is printed, sorted by its full precision."""
    return PageCell(metric.text(value), None if value is None else metric.printed(value))


def _tests(group: Sequence[Result], notes: list[str]) -> list[PagePart]:
    """Return the paired tests of every two results, and the queries that changed most."""
    if len(group) < 2:
        return []
    if len(group) > MOST:
        notes.append(f"{len(group)} results on the same data: test some with vrbench compare")
        return []
    try:
        found = compare(group)
    except InputError as error:
        notes.append(str(error))
        return []
    names = [labels.letter(i) for i in range(len(group))]
    heads = ["direction", "pair", "metric", "first", "second", "difference", "interval"]
    rows = [_test(test, names) for test in found["tests"]]
    about = found["about"]
    draws = f"{about['n']} draws, seed {about['seed']}"
    words = f"{about['test']}; {about['interval']}; {draws}. q: {about['correction']}."
    return [
        Heading("Paired tests", 3),
        PageTable([*heads, "p", "q"], rows, [t["q"] <= 0.05 for t in found["tests"]]),
        Paragraph(f"{words} Marked: q at most .05.", note=True),
        *_changed(found["changed"], names),
    ]


def _test(test: ControlledTest, names: Sequence[str]) -> list[PageCell]:
    first, second, difference, interval = labels.tested(test)
    pair = f"{names[test['a']]} -> {names[test['b']]}"
    return [
        *words(DIRECTION_NAMES[test["direction"]], pair, test["metric"]),
        PageCell(first, test["value_a"]),
        PageCell(second, test["value_b"]),
        PageCell(difference, test["difference"]),
        PageCell(interval),
        *(PageCell(labels.p_value(p), p) for p in (test["p"], test["q"])),
    ]


def _changed(
    changed: Mapping[Direction, Sequence[ChangedQuery]], names: Sequence[str]
) -> list[PagePart]:
    parts: list[PagePart] = [Heading("Queries that changed most (rank under each result)", 3)]
    for direction, rows in changed.items():
        cells = [
            [PageCell(row["query"]), *(PageCell(f"{r:g}", r) for r in row["ranks"])] for row in rows
        ]
        parts.append(PageTable([DIRECTION_NAMES[direction], *names], cells))
    return parts


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
                *(_number(one, reading["metrics"].get(one.name)) for one in metrics),
                PageCell(f"{reading['n']:,}", reading["n"]),
                PageCell(row["source"]),
            ]
            for row, reading in rows
        ]
        heads = ["changes", "rule", *(one.name for one in metrics), "n", "released in"]
        parts += [Heading(DIRECTION_NAMES[direction], 3), PageTable(heads, cells)]
    return parts


def _pictures(folder: Path) -> list[Path]:
    """Return the figures, as svg where there is one."""
    svg = listed(folder, ".svg")
    known = {path.stem for path in svg}
    return svg + [path for path in listed(folder, ".png") if path.stem not in known]
