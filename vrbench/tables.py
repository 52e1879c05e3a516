"""Results on their own, or beside a paper's table.

What was published and what was measured never share a block: they come from different data, so
no column runs through both and no best mark compares them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from vrbench import labels, published
from vrbench.formats import FORMATS, UNMEASURED, Block, Line, Table, csv, markdown, to_json
from vrbench.labels import CONTEXT, LABELS, Result
from vrbench.published import Cell, Column, MeasuredBy, PublishedTable

__all__ = ["FORMATS", "Table", "csv", "markdown", "paper_table", "results_table", "to_json"]

_DIAGNOSTICS = {"normalization error": "normalization_error", "never retrieved": "under"}
_UNITS = {"MdR": "rank", "MnR": "rank", "normalization error": "1", "never retrieved": "share"}
_DECIMALS = {"percent": 1, "rank": 1, "share": 3, "1": 3}
_EMPTY = Cell(None, "")


def paper_table(name: str, results: Sequence[Result]) -> Table:
    """Put a paper's table and, apart from it, the results that its rows correspond to.

    Each dataset, encoder and protocol among these results makes a block of its own. A row for
    which nothing was measured has empty cells; several results for one row are all shown.

    Args:
        name: one of ``published.names()``.
        results: dicts as in a result file.

    Raises:
        InputError: no published table has this name.
    """
    table = published.load(name)
    slots = {row.printed: row.measured_by for row in table.rows if row.measured_by}
    blocks: dict[str, list[Result]] = {}
    for result in results:
        if any(_matches(slot, result) for slot in slots.values()):
            blocks.setdefault(labels.data(result), []).append(result)
    if slots and not blocks:
        blocks[""] = []
    measured = [_measured(table, slots, data, found) for data, found in blocks.items()]
    title = f"{table.name}: {table.title}"
    return Table(table.name, title, (_published(table), *measured), table.notes)


def results_table(results: Sequence[Result]) -> Table:
    """Put every result on a row, in the order given.

    Encoder, tie rule and v2t rule get a column where they differ, else they are said once.

    Args:
        results: dicts as in a result file.
    """
    values = {head: list(dict.fromkeys(map(text, results))) for head, text in CONTEXT.items()}
    heads = LABELS | {head: CONTEXT[head] for head in CONTEXT if len(values[head]) > 1}
    about = "; ".join(f"{head} {texts[0]}" for head, texts in values.items() if len(texts) == 1)
    columns = _all_columns(results)
    lines = tuple(
        _line(tuple(text(result) for text in heads.values()), labels.how(result), columns, result)
        for result in results
    )
    block = Block("measured", "", about or "No results found.", tuple(heads), columns, lines)
    return Table("results", "Results", (block,))


def _published(table: PublishedTable) -> Block:
    lines = tuple(Line((row.label,), row.cells, row.label, table.source) for row in table.rows)
    about = f"{table.dataset}, {table.split}. Source: {table.source}."
    if any(cell.best for line in lines for cell in line.cells):
        about += " Bold: best, as the paper marks it."
    return Block("published", "Published", about, ("published",), table.columns, lines)


def _measured(
    table: PublishedTable, slots: Mapping[str, MeasuredBy], data: str, results: Sequence[Result]
) -> Block:
    columns = tuple(dict.fromkeys(replace(column, dataset="") for column in table.columns))
    lines: list[Line] = []
    for printed, slot in slots.items():
        found = [result for result in results if _matches(slot, result)]
        for result in found:
            row = f"{printed}: {labels.how(result)}"
            lines.append(_line((row,), row, columns, result))
        if not found:
            row = f"{printed} [{data}]" if data else printed
            lines.append(Line((printed,), (_EMPTY,) * len(columns), row, UNMEASURED))
    heading = _heading(table, results)
    about = "; ".join([data, *dict.fromkeys(f"bank {labels.bank(result)}" for result in results)])
    return Block("measured", heading, about, ("measured",), columns, tuple(lines))


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


def _matches(slot: MeasuredBy, result: Result) -> bool:
    return (
        not result.get("sequence")
        and (not slot.methods or _names(result["method"] or "") in slot.methods)
        and _names(result["norm"]) == slot.norm
        and result["bank"]["kind"] == slot.bank
    )


def _names(spec: str) -> str:
    """Strip a spec of weights and parameters: ``0.5*global+0.5*emd:eps=0.1`` is emd+global."""
    terms: list[str] = re.findall(r"(?:^|\+)(?:[^*+:,]+\*)?([a-z][\w-]*)", spec)
    return "+".join(sorted(terms))


def _line(heads: tuple[str, ...], row: str, columns: Sequence[Column], result: Result) -> Line:
    cells = tuple(_cell(result, column) for column in columns)
    return Line(heads, cells, f"{row} [{labels.data(result)}]", labels.provenance(result))


def _cell(result: Result, column: Column) -> Cell:
    diagnostic = _DIAGNOSTICS.get(column.metric)
    measures = result.get("diagnostics" if diagnostic else "metrics", {})
    value = measures.get(column.direction, {}).get(diagnostic or column.metric)
    if value is None:
        return _EMPTY
    return Cell(float(value), f"{value:.{_DECIMALS[column.unit]}f}")


def _all_columns(results: Sequence[Result]) -> tuple[Column, ...]:
    metrics = {key for result in results for side in result["metrics"].values() for key in side}
    recalls = sorted((key for key in metrics if key[:2] == "R@"), key=lambda key: int(key[2:]))
    units = dict.fromkeys(recalls, "percent") | _UNITS
    return tuple(Column(side, *item) for side in ("t2v", "v2t") for item in units.items())
