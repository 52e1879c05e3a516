"""The measured blocks beside a paper's table."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from vrbench.alignments import alignments, terms
from vrbench.errors import InputError
from vrbench.metrics.metric import Metric
from vrbench.metrics.table import columns as occurring
from vrbench.metrics.table import find
from vrbench.normalizations import normalizations
from vrbench.published import Cell, Column, PublishedTable
from vrbench.registry import Registry
from vrbench.results import labels
from vrbench.results.labels import Result
from vrbench.sequences import sequences
from vrbench.sims.sim import DIRECTIONS
from vrbench.tables.formats import UNMEASURED, Block, Line
from vrbench.tables.lettering import letter

EMPTY = Cell(None, "")


def blocks(table: PublishedTable, filled: Mapping[str, Sequence[Result]]) -> list[Block]:
    """Return a block for each dataset, encoder and protocol; an empty one if nothing is measured.

    Bold is the best of the rows that do not see the test set, among two or more of them.

    Args:
        table: the published table.
        filled: the results of its rows, by the row's slot.
    """
    rows = [row.slot for row in table.rows if row.measured_by or row.slot in filled]
    grouped: dict[str, dict[str, list[Result]]] = {}
    for label in dict.fromkeys(rows):
        for result in filled.get(label, ()):
            grouped.setdefault(labels.data(result), {}).setdefault(label, []).append(result)
    if rows and not grouped:
        grouped[""] = {}
    return [_block(table, dict.fromkeys(rows), data, found) for data, found in grouped.items()]


def line(
    heads: tuple[str, ...], columns: Sequence[Column], result: Result, row: str | None = None
) -> Line:
    """Return a result as a line; ``row`` is its name, data excluded (default: how it was made)."""
    cells = tuple(_cell(result, column) for column in columns)
    name = f"{labels.how(result) if row is None else row} [{labels.data(result)}]"
    return Line(heads, cells, name, labels.provenance(result))


def all_columns(results: Sequence[Result]) -> tuple[Column, ...]:
    """Return both directions' columns of every metric that occurs and that lists have."""
    shown = [one for one in occurring(results, *DIRECTIONS) if one.listed]
    return tuple(
        Column(side, one.published or one.name, _unit(one)) for side in DIRECTIONS for one in shown
    )


def _unit(metric: Metric) -> str:
    return "percent" if metric.in_percent else metric.unit


def _block(
    table: PublishedTable,
    rows: Iterable[str],
    data: str,
    filled: Mapping[str, Sequence[Result]],
) -> Block:
    columns = tuple(
        dict.fromkeys(replace(column, dataset="", setting="") for column in table.columns)
    )
    lines: list[Line] = []
    sources: list[Result | None] = []
    for printed in rows:
        found = filled.get(printed, ())
        for result in found:
            row = f"{printed}: {labels.how(result)}"
            lines.append(line((row,), columns, result, row))
        if not found:
            row = f"{printed} [{data}]" if data else printed
            lines.append(Line((printed,), (EMPTY,) * len(columns), row, UNMEASURED))
        sources += found or [None]
    results = [one for one in sources if one is not None]
    about = "; ".join([data, *dict.fromkeys(f"bank {labels.bank(result)}" for result in results)])
    block = Block("measured", _heading(table, results), about, ("measured",), columns, tuple(lines))
    block = replace(block, footnotes=(*_parameters(results), *labels.notes(results)))
    return letter(_bold(block, sources), sources)


def _parameters(results: Iterable[Result]) -> tuple[str, ...]:
    """Return a line with every parameter of every method in these rows, defaults too."""
    specs: dict[str, None] = {}
    for result in results:
        for registry, found in (
            (alignments, terms(result["method"] or "")),
            (sequences, [result.get("sequence") or ""]),
            (normalizations, [result["norm"]]),
        ):
            specs |= dict.fromkeys(_whole(registry, spec) for spec in found)
    said = "; ".join(spec for spec in specs if ":" in spec)
    return (f"Parameters: {said}.",) if said else ()


def _whole(registry: Registry[Any], spec: str) -> str:
    try:
        return registry.spec(registry.parse(spec), whole=True)
    except InputError:
        return spec  # of a method that this version does not have


def _bold(block: Block, sources: Sequence[Result | None]) -> Block:
    fair = {i for i, one in enumerate(sources) if one is not None and not _saw_test(one)}
    best = {(i, column) for column in range(len(block.columns)) for i in _best(block, fair, column)}
    if not best:
        return block
    lines = tuple(
        replace(one, cells=tuple(replace(c, best=(i, j) in best) for j, c in enumerate(one.cells)))
        for i, one in enumerate(block.lines)
    )
    seen = any(one is not None and _saw_test(one) for one in sources)
    footnote = "Bold: best" + (" of the rows that are not transductive." if seen else ".")
    return replace(block, lines=lines, footnotes=(*block.footnotes, footnote))


def _best(block: Block, rows: set[int], column: int) -> set[int]:
    metric = find(block.columns[column].metric)
    values = {i: block.lines[i].cells[column].value for i in rows}
    known = {i: value for i, value in values.items() if value is not None}
    if metric is None or metric.more_is_better is None or len(known) < 2:
        return set()
    return {i for i, one in known.items() if not any(metric.better(v, one) for v in known.values())}


def _saw_test(result: Result) -> bool:
    return "transductive" in labels.bank(result)


def _heading(table: PublishedTable, results: Sequence[Result]) -> str:
    if not results:
        return "Measured here: nothing yet"
    if _same_data(table, results[0]):
        return "Measured here on the same test set: encoder and training may differ"
    return "Measured here on other data: not comparable with the rows above"


def _same_data(table: PublishedTable, result: Result) -> bool:
    def plain(*names: str | None) -> list[str]:
        return [re.sub(r"[\W_]", "", name or "").lower() for name in names]

    ours = plain(result["dataset"], result["split"])
    return result["n_video"] == table.n_video and ours == plain(table.dataset, table.split)


def _cell(result: Result, column: Column) -> Cell:
    metric = find(column.metric)
    value = None if metric is None else metric.value(result, column.direction)
    if metric is None or value is None:
        return EMPTY
    return Cell(metric.printed(value), metric.text(value))
