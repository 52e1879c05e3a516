"""Results on their own, or beside a paper's table.

What was published and what was measured never share a section: they come from different data, so
no column runs through both and no best mark compares them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from vrbench import published
from vrbench.published import Cell, Claim, Column, PublishedTable
from vrbench.published.conflicts import conflicts, sentences
from vrbench.results import labels
from vrbench.results.labels import CONTEXT, LABELS
from vrbench.results.schema import ResultDict
from vrbench.tables import measured
from vrbench.tables.claims import contradictions, gain_label
from vrbench.tables.formats import Line, Section, Table, csv, markdown, to_json
from vrbench.tables.latex import latex
from vrbench.tables.matching import fill, left_out, missing_heads, missing_methods
from vrbench.tables.measured import EMPTY, all_columns, line
from vrbench.tables.of_tasks import task_sections

__all__ = [
    "FORMATS",
    "Table",
    "csv",
    "filled_table",
    "markdown",
    "paper_table",
    "results_table",
    "to_json",
]

FORMATS: dict[str, Callable[[Table], str]] = {
    "markdown": markdown,
    "csv": csv,
    "latex": latex,
    "json": to_json,
}


def paper_table(name: str, results: Sequence[ResultDict]) -> Table:
    """Put a paper's table and, apart from it, the results that its rows correspond to.

    Each dataset, encoder and protocol among these results makes a separate section. A row for
    which nothing was measured has empty cells; several results for one row are all shown. Notes
    are the table's own, its claims that do not hold, and what other tables say differently.

    Args:
        name: one of ``published.names()`` or ``published.extras()``.
        results: dicts as in a result file, with ``rank_vectors`` where rows are to be tested.

    Raises:
        InputError: no published table has this name.
    """
    table = published.load(name)
    reasons = [*left_out(table, results), *missing_methods(table), *missing_heads(table, results)]
    return filled_table(table, fill(table, results), reasons)


def filled_table(
    table: PublishedTable, filled: Mapping[str, Sequence[ResultDict]], reasons: Sequence[str]
) -> Table:
    """Put a paper's table and, apart from it, the results of its rows.

    Args:
        table: the published table.
        filled: results by the slot of the row that they measure.
        reasons: why other rows are empty; they end the notes.
    """
    sections = [published_section(table), *measured.sections(table, filled), *_gains(table)]
    differing = sentences(one for one in conflicts() if table.name in one.tables)
    notes = (*table.notes, *contradictions(table), *differing, *reasons)
    return Table(table.name, f"{table.name}: {table.title}", tuple(sections), notes)


def results_table(results: Sequence[ResultDict]) -> Table:
    """Put every result on a row, in the order given.

    Encoder, tie rule and v2t rule get a column where they differ, else they are printed once.

    Args:
        results: dicts as in a result file.
    """
    results, of_tasks = _by_kind(results)
    if of_tasks and not results:
        return Table("results", "Results", tuple(task_sections(of_tasks)), labels.notes(of_tasks))
    values = {head: list(dict.fromkeys(map(text, results))) for head, text in CONTEXT.items()}
    heads = LABELS | {head: CONTEXT[head] for head in CONTEXT if len(values[head]) > 1}
    about = "; ".join(f"{head} {texts[0]}" for head, texts in values.items() if len(texts) == 1)
    columns = all_columns(results)
    lines = tuple(
        line(tuple(text(result) for text in heads.values()), columns, result) for result in results
    )
    section = Section("measured", "", about or "No results found.", tuple(heads), columns, lines)
    sections = (section, *task_sections(of_tasks))
    return Table("results", "Results", sections, labels.notes([*results, *of_tasks]))


def _by_kind(results: Sequence[ResultDict]) -> tuple[list[ResultDict], list[ResultDict]]:
    """Return the results with ranks, and those of tasks."""
    of_tasks = [one for one in results if one.get("task")]
    return [one for one in results if not one.get("task")], of_tasks


def published_section(table: PublishedTable) -> Section:
    """Return a paper's table as a section, bold as the paper marks it."""
    lines = tuple(Line((row.label,), row.cells, row.label, table.source) for row in table.rows)
    about = f"{', '.join(filter(None, (table.dataset, table.split, table.setting)))}."
    about += f" Source: {table.source}."
    if any(cell.best for row in lines for cell in row.cells):
        about += " Bold: best, as the paper marks it."
    return Section("published", "Published", about, ("published",), table.columns, lines)


def _gains(table: PublishedTable) -> list[Section]:
    """Return the gains that the paper's text claims, as a section of one row a gain."""
    claims = [claim for claim in table.claims if claim.gain]
    columns = tuple(dict.fromkeys(_gain_column(table, claim) for claim in claims))
    lines = []
    for claim in claims:
        what = f"{gain_label(table, claim)}, {', '.join(claim.columns)}"
        gain = Cell(float(claim.gain.strip(">")), claim.gain)
        own = _gain_column(table, claim)
        cells = tuple(gain if column == own else EMPTY for column in columns)
        lines.append(Line((what, claim.where), cells, what, f"{table.cite}, {claim.where}"))
    heading, heads = "Gains claimed in the paper's text", ("gain of", "stated in")
    return [Section("claimed", heading, "", heads, columns, tuple(lines))] if lines else []


def _gain_column(table: PublishedTable, claim: Claim) -> Column:
    if claim.relative:
        return Column("", "relative gain in percent", "1")
    [unit] = {column.unit for column in table.columns if column.label in claim.columns}
    unit = "points" if unit == "percent" else unit
    return Column("", f"gain in {unit}", "1")
