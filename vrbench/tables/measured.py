"""The measured sections beside a paper's table."""

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
from vrbench.results.conventions import conventions
from vrbench.results.schema import ResultDict
from vrbench.sequences import sequences
from vrbench.sims.sim import DIRECTIONS
from vrbench.tables.formats import UNMEASURED, Line, Section
from vrbench.tables.lettering import letter
from vrbench.tables.matching import slots, training_hint
from vrbench.tables.trained import unlearnt
from vrbench.tasks import tasks

EMPTY = Cell(None, "")


def sections(table: PublishedTable, filled: Mapping[str, Sequence[ResultDict]]) -> list[Section]:
    """Return a section for each dataset, encoder and protocol; an empty one if nothing is measured.

    Bold is the best of the rows that do not see the test set, among two or more of them.

    Args:
        table: the published table.
        filled: the results of its rows, by the row's slot.
    """
    rows = [row.slot for row in table.rows if row.measured_by or row.slot in filled]
    grouped: dict[str, dict[str, list[ResultDict]]] = {}
    for label in dict.fromkeys(rows):
        for result in filled.get(label, ()):
            grouped.setdefault(labels.data(result), {}).setdefault(label, []).append(result)
    if rows and not grouped:
        grouped[""] = {}
    return [_section(table, dict.fromkeys(rows), data, found) for data, found in grouped.items()]


def line(
    heads: tuple[str, ...],
    columns: Sequence[Column],
    result: ResultDict,
    row: str | None = None,
    brief: str = "",
) -> Line:
    """Return a result as a line; ``row`` is its name, data excluded (default: how it was made)."""
    cells = tuple(_cell(result, column) for column in columns)
    name = f"{labels.how(result) if row is None else row} [{labels.data(result)}]"
    bank = "" if result["norm"] == "none" else labels.bank(result)
    return Line(heads, cells, name, labels.provenance(result), brief=brief, bank=bank)


def all_columns(results: Sequence[ResultDict]) -> tuple[Column, ...]:
    """Return both directions' columns of every listed metric that occurs."""
    shown = [one for one in occurring(results, *DIRECTIONS) if one.listed]
    return tuple(
        Column(side, one.published or one.name, _unit(one)) for side in DIRECTIONS for one in shown
    )


def task_cell(value: Any, unit: str) -> Cell:
    """Return a number of a task's report as a cell; an empty one where there is none."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return EMPTY
    whole = isinstance(value, int)
    return Cell(float(value), f"{value}" if whole else f"{value:.{1 if unit == 'percent' else 3}f}")


def _unit(metric: Metric) -> str:
    return "percent" if metric.in_percent else metric.unit


def _section(
    table: PublishedTable,
    rows: Iterable[str],
    data: str,
    filled: Mapping[str, Sequence[ResultDict]],
) -> Section:
    columns = tuple(
        dict.fromkeys(replace(column, dataset="", setting="") for column in table.columns)
    )
    lines: list[Line] = []
    sources: list[ResultDict | None] = []
    known, bare = slots(table), dict[str, None]()
    for printed in rows:
        found = list(filled.get(printed, ()))
        for result in found:
            row = f"{printed}: {labels.how(result)}"
            bare |= {printed: None} if unlearnt(known.get(printed), result) else {}
            norm = "" if result["norm"] == "none" else f", {result['norm']}"
            brief = f"{printed}: {labels.method(result)}{norm}"
            lines.append(line((row,), columns, result, row, brief))
        sources += found
        if not found:
            sources.append(None)
            row = f"{printed} [{data}]" if data else printed
            lines.append(Line((printed,), (EMPTY,) * len(columns), row, UNMEASURED))
    results = [one for one in sources if one is not None]
    about = "; ".join([data, *dict.fromkeys(f"bank {labels.bank(result)}" for result in results)])
    section = Section(
        "measured", _heading(table, results), about, ("measured",), columns, tuple(lines)
    )
    learnt = (*_heads(results), *_without_head(table, list(bare), results))
    said = dict.fromkeys(line for one in results for line in conventions(one))
    footnotes = (*_parameters(results), *said, *learnt, *labels.notes(results))
    section = replace(section, footnotes=footnotes)
    return letter(_bold(section, sources), sources)


def _heads(results: Iterable[ResultDict]) -> tuple[str, ...]:
    """Return a line on the training of each head."""
    said = dict.fromkeys(filter(None, map(labels.trained, results)))
    return tuple(f"Head {one}." for one in said)


def _without_head(
    table: PublishedTable, bare: Sequence[str], results: Sequence[ResultDict]
) -> tuple[str, ...]:
    """Return a line on rows whose systems are trained, where a result has no head."""
    if not bare:
        return ()
    some = f" in {'; '.join(bare)}" if any(one.get("head") for one in results) else ""
    hint = training_hint(table)
    hint += " FEATURES learns a head on them" if hint.endswith("--train") else ""
    return (f"No head{some}: the features as they are; the paper's system is trained ({hint}).",)


def _parameters(results: Iterable[ResultDict]) -> tuple[str, ...]:
    """Return a line with every parameter of every method in these rows, defaults too."""
    specs: dict[str, None] = {}
    for result in results:
        for registry, found in (
            (tasks, [labels.task(result) or ""]),
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


def _bold(section: Section, sources: Sequence[ResultDict | None]) -> Section:
    fair = {i for i, one in enumerate(sources) if one is not None and not _saw_test(one)}
    best = {
        (i, column) for column in range(len(section.columns)) for i in _best(section, fair, column)
    }
    if not best:
        return section
    lines = tuple(
        replace(one, cells=tuple(replace(c, best=(i, j) in best) for j, c in enumerate(one.cells)))
        for i, one in enumerate(section.lines)
    )
    seen = any(one is not None and _saw_test(one) for one in sources)
    footnote = "Bold: best" + (" of the rows that are not transductive." if seen else ".")
    return replace(section, lines=lines, footnotes=(*section.footnotes, footnote))


def _best(section: Section, rows: set[int], column: int) -> set[int]:
    metric = find(section.columns[column].metric)
    values = {i: section.lines[i].cells[column].value for i in rows}
    known = {i: value for i, value in values.items() if value is not None}
    if metric is None or metric.more_is_better is None or len(known) < 2:
        return set()
    return {i for i, one in known.items() if not any(metric.better(v, one) for v in known.values())}


def _saw_test(result: ResultDict) -> bool:
    return "transductive" in labels.bank(result)


def _heading(table: PublishedTable, results: Sequence[ResultDict]) -> str:
    if not results:
        return "Measured here: nothing yet"
    if _same_data(table, results[0]):
        return "Measured here on the same test set: encoder and training may differ"
    return "Measured here on other data: not comparable with the rows above"


def _same_data(table: PublishedTable, result: ResultDict) -> bool:
    def plain(*names: str | None) -> list[str]:
        return [re.sub(r"[\W_]", "", name or "").lower() for name in names]

    ours = plain(result["dataset"], result["split"])
    return result["n_video"] == table.n_video and ours == plain(table.dataset, table.split)


def _cell(result: ResultDict, column: Column) -> Cell:
    task = result.get("task")
    if task:
        return task_cell(task["report"].get(column.metric.lower()), column.unit)
    metric = find(column.metric)
    if metric is None or not column.direction:
        return EMPTY
    value = metric.value(result, column.direction)
    if value is None:
        return EMPTY
    return Cell(metric.printed(value), metric.text(value))
