"""A results folder as one self-contained page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from vrbench._version import VERSION
from vrbench.auditing import audit
from vrbench.errors import InputError
from vrbench.reports import html
from vrbench.reports.page_tables import filled
from vrbench.results import labels
from vrbench.results.compare import compare
from vrbench.results.labels import DIRECTION_NAMES
from vrbench.results.result import Result, load_all, with_ranks
from vrbench.runtime.files import listed, replacing
from vrbench.runtime.npz import open_npz
from vrbench.sims.sim import DIRECTIONS
from vrbench.sims.stored import in_npz

MOST = 8
"""Results on the same data that are tested against each other; pairs grow with the square."""


def report(folder: Path, out: Path) -> list[str]:
    """Write a page of a folder's results, their tests, papers' tables, audits and pictures.

    Args:
        folder: of ``vrbench eval``'s results; similarity files (npz) in it are audited, and
            pictures (svg, else png) are put in.
        out: the page; it needs nothing beside it and no network.

    Returns:
        What in the folder was left out, and why.

    Raises:
        InputError: the folder holds nothing to report, or the page cannot be written.
    """
    results, skipped = load_all(folder)
    sims, pictures = _sims(folder), _pictures(folder)
    if not (results or sims or pictures):
        raise InputError(f"{folder} holds no result: run vrbench eval --out {folder}.")
    notes = [f"{name} is not a result" for name in skipped]
    groups: dict[str, list[Result]] = {}
    for result in results:
        groups.setdefault(labels.data(result.values), []).append(result)
    body = [html.paragraph(f"{len(results)} results of {folder.name}/; vrbench {VERSION}.")]
    for data, group in groups.items():
        body += [html.heading(data), *_results(group), *_tests(group, notes)]
    body += filled(with_ranks(results))
    for path in sims:
        body += _audit(path)
    if pictures:
        body.append(html.heading("Figures"))
    for path in pictures:
        kind = {".svg": "svg+xml", ".png": "png"}[path.suffix]
        body += [html.heading(path.stem, 3), html.picture(path.read_bytes(), kind, path.stem)]
    with replacing(out) as temporary:
        page = html.page(f"vrbench report: {folder.name}", body)
        temporary.write_text(page, encoding="utf-8")
    return notes


def _results(group: Sequence[Result]) -> list[str]:
    """Return a table a direction."""
    parts = []
    for direction in DIRECTIONS:
        metrics = {key for result in group for key in result["metrics"][direction]}
        recalls = sorted((key for key in metrics if key[:2] == "R@"), key=lambda key: int(key[2:]))
        heads = ["", "method", "norm", "bank", *recalls, "MdR", "MnR", "tied %"]
        heads += ["error", "never %", "often %"]
        rows = [
            [labels.letter(i), *_row(result, direction, recalls)] for i, result in enumerate(group)
        ]
        parts += [html.heading(DIRECTION_NAMES[direction], 3), html.table(heads, rows)]
    legend = (
        "R@K in percent. tied: queries with a foreign item at the same score; error: normalization "
        "error at the norm's gamma, else 0.01 (0 is fair); never, often: gallery items retrieved "
        "first by no query, by two or more. A click on a heading sorts."
    )
    said = labels.notes(result.values for result in group)
    return [*parts, *(html.paragraph(text, note=True) for text in (legend, *said))]


def _row(result: Result, direction: str, recalls: Sequence[str]) -> list[Any]:
    metrics, fair = result["metrics"][direction], result["diagnostics"][direction]
    error = fair["normalization_error"]
    return [
        labels.method(result.values),
        result["norm"],
        "" if result["bank"]["kind"] == "none" else labels.bank(result.values),
        *(_one(metrics.get(key)) for key in (*recalls, "MdR", "MnR")),
        _one(100 * metrics["tied"]),
        "" if error is None else (f"{error:.3f}", error),
        _one(100 * fair["under"]),
        _one(100 * fair["over"]),
    ]


def _one(value: float | None) -> Any:
    """To one decimal, sorted by all of them."""
    return "" if value is None else (f"{value:.1f}", value)


def _tests(group: Sequence[Result], notes: list[str]) -> list[str]:
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
    rows = [
        [
            DIRECTION_NAMES[test["direction"]],
            f"{names[test['a']]} -> {names[test['b']]}",
            test["metric"],
            _one(test["value_a"]),
            _one(test["value_b"]),
            (labels.signed(test["difference"]), test["difference"]),
            "[{}, {}]".format(*map(labels.signed, test["interval"])),
            (labels.p_value(test["p"]), test["p"]),
            (labels.p_value(test["q"]), test["q"]),
        ]
        for test in found["tests"]
    ]
    about = found["about"]
    draws = f"{about['n']} draws, seed {about['seed']}"
    words = f"{about['test']}; {about['interval']}; {draws}. q: {about['correction']}."
    return [
        html.heading("Paired tests", 3),
        html.table([*heads, "p", "q"], rows, [t["q"] <= 0.05 for t in found["tests"]]),
        html.paragraph(f"{words} Marked: q at most .05.", note=True),
        *_changed(found["changed"], names),
    ]


def _changed(changed: Mapping[str, Sequence[Mapping[str, Any]]], names: Sequence[str]) -> list[str]:
    parts = [html.heading("Queries that changed most (rank under each result)", 3)]
    for direction, rows in changed.items():
        cells = [[row["query"], *((f"{r:g}", r) for r in row["ranks"])] for row in rows]
        parts.append(html.table([DIRECTION_NAMES[direction], *names], cells))
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


def _audit(path: Path) -> list[str]:
    found = audit(path)
    parts = [html.heading(f"Audit of {path.name}")]
    for direction in DIRECTIONS:
        rows = [row for row in found["rules"] if row[direction] is not None]
        metrics = list(rows[0][direction]["metrics"])
        cells = [
            [
                row["changes"],
                row["rule"],
                *(_one(row[direction]["metrics"].get(metric)) for metric in metrics),
                (f"{row[direction]['n']:,}", row[direction]["n"]),
                row["source"],
            ]
            for row in rows
        ]
        heads = ["changes", "rule", *metrics, "n", "released in"]
        parts += [html.heading(DIRECTION_NAMES[direction], 3), html.table(heads, cells)]
    return parts


def _pictures(folder: Path) -> list[Path]:
    """Return the figures, as svg where there is one."""
    svg = listed(folder, ".svg")
    known = {path.stem for path in svg}
    return svg + [path for path in listed(folder, ".png") if path.stem not in known]
