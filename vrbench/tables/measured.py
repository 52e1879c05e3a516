"""The measured blocks beside a paper's table: which results its rows correspond to."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from vrbench import labels
from vrbench.labels import Result
from vrbench.published import Cell, Column, MeasuredBy, PublishedTable, better
from vrbench.tables.formats import UNMEASURED, Block, Line
from vrbench.tables.lettering import letter

EMPTY = Cell(None, "")
SHARE = "percent of videos"
_DIAGNOSTICS = {
    "normalization error": "normalization_error",
    "never retrieved": "under",
    "retrieved once": "once",
    "retrieved twice or more": "over",
}
_UNITS = {"MdR": "rank", "MnR": "rank", "normalization error": "1", "never retrieved": "share"}
_DECIMALS = {"percent": 1, "rank": 1, SHARE: 1, "share": 3, "1": 3}


def blocks(table: PublishedTable, results: Sequence[Result]) -> list[Block]:
    """Return a block for each dataset, encoder and protocol; an empty one if nothing matches.

    Bold is the best of the rows that do not see the test set, among two or more of them.
    """
    slots = {row.slot: row.measured_by for row in table.rows if row.measured_by}
    grouped: dict[str, list[Result]] = {}
    for result in results:
        if any(matches(slot, result) for slot in slots.values()):
            grouped.setdefault(labels.data(result), []).append(result)
    if slots and not grouped:
        grouped[""] = []
    return [_block(table, slots, data, found) for data, found in grouped.items()]


def matches(slot: MeasuredBy, result: Result) -> bool:
    """Whether a result stands beside the row of this slot."""
    return (
        _names(result.get("sequence") or "") == slot.sequence
        and (not slot.methods or _names(result["method"] or "") in slot.methods)
        and _names(result["norm"]) == slot.norm
        and result["bank"]["kind"] == slot.bank
    )


def unknown_methods(slot: MeasuredBy) -> list[str]:
    """Return the names of methods that a slot asks for and vrbench does not have."""
    from vrbench.alignments import alignments

    known = alignments.classes()
    return [name for spec in slot.methods[:1] for name in spec.split("+") if name not in known]


def missing_methods(table: PublishedTable) -> list[str]:
    """Return a note that names the rows left empty because their method does not exist."""
    rows: dict[str, list[str]] = {}
    for row in table.rows:
        for name in unknown_methods(row.measured_by) if row.measured_by else ():
            rows.setdefault(name, []).append(row.slot)
    return [
        f"vrbench has no method {name} yet, so that nothing is measured for {'; '.join(found)}."
        for name, found in rows.items()
    ]


def line(
    heads: tuple[str, ...], columns: Sequence[Column], result: Result, row: str | None = None
) -> Line:
    """Return a result as a line; ``row`` is its name, data excluded (default: how it was made)."""
    cells = tuple(_cell(result, column) for column in columns)
    name = f"{labels.how(result) if row is None else row} [{labels.data(result)}]"
    return Line(heads, cells, name, labels.provenance(result))


def all_columns(results: Sequence[Result]) -> tuple[Column, ...]:
    """Return both directions' columns of every metric that occurs, and two diagnostics."""
    metrics = {key for result in results for side in result["metrics"].values() for key in side}
    recalls = sorted((key for key in metrics if key[:2] == "R@"), key=lambda key: int(key[2:]))
    units = dict.fromkeys(recalls, "percent") | _UNITS
    return tuple(Column(side, *item) for side in ("t2v", "v2t") for item in units.items())


def _block(
    table: PublishedTable, slots: Mapping[str, MeasuredBy], data: str, results: Sequence[Result]
) -> Block:
    columns = tuple(
        dict.fromkeys(replace(column, dataset="", setting="") for column in table.columns)
    )
    lines: list[Line] = []
    sources: list[Result | None] = []
    for printed, slot in slots.items():
        found = [result for result in results if matches(slot, result)]
        for result in found:
            row = f"{printed}: {labels.how(result)}"
            lines.append(line((row,), columns, result, row))
        if not found:
            row = f"{printed} [{data}]" if data else printed
            lines.append(Line((printed,), (EMPTY,) * len(columns), row, UNMEASURED))
        sources += found or [None]
    about = "; ".join([data, *dict.fromkeys(f"bank {labels.bank(result)}" for result in results)])
    block = Block("measured", _heading(table, results), about, ("measured",), columns, tuple(lines))
    block = replace(block, footnotes=labels.notes(results))
    return letter(_bold(block, sources), sources)


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
    unit = block.columns[column].unit
    values = {i: block.lines[i].cells[column].value for i in rows}
    known = {i: value for i, value in values.items() if value is not None}
    if unit not in ("percent", "rank") or len(known) < 2:
        return set()
    return {i for i, one in known.items() if not any(better(unit, v, one) for v in known.values())}


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


def _names(spec: str) -> str:
    """Strip a spec of weights and parameters: ``0.5*global+0.5*emd:eps=0.1`` is emd+global."""
    terms: list[str] = re.findall(r"(?:^|\+)(?:[^*+:,]+\*)?([a-z][\w-]*)", spec)
    return "+".join(sorted(terms))


def _cell(result: Result, column: Column) -> Cell:
    diagnostic = _DIAGNOSTICS.get(column.metric)
    measures = result.get("diagnostics" if diagnostic else "metrics", {})
    value = measures.get(column.direction, {}).get(diagnostic or column.metric)
    if value is None:
        return EMPTY
    scaled = float(value) * (100 if column.unit == SHARE else 1)
    return Cell(scaled, f"{scaled:.{_DECIMALS[column.unit]}f}")
