"""Checking the claims of the papers' texts against the cells of their tables."""

from __future__ import annotations

from collections.abc import Iterator

from vrbench.metrics.table import find
from vrbench.published import Claim, Column, PublishedTable, Row

RISING = frozenset({"percent"})
"""Units of which more is better, of metrics that vrbench does not have; of others less is."""


def contradictions(table: PublishedTable) -> list[str]:
    """Return a sentence for each claim about a table that its cells contradict.

    A claim to be ahead holds where the row is better or equal, a strict one only where it is
    better; a gain holds if the cells' gain rounds to it (exceeds it, if it says "more than").
    """
    found = []
    for claim in table.claims:
        failed = list(_failed_gains(table, claim) if claim.gain else _behind(table, claim))
        if failed:
            says = f'{_start(claim.where)} says "{claim.text}"'
            found.append(f"{says}; {claim.row}: {', '.join(failed)}.")
    return found


def gain_label(table: PublishedTable, claim: Claim) -> str:
    """Return the label of a claimed gain: ``A over B``."""
    return f"{claim.row} over {', '.join(row.label for row in _others(table, claim))}"


def better(column: Column, one: float, other: float) -> bool:
    """Whether ``one`` is better than ``other``: as the table of metrics says, else by the unit."""
    metric = find(column.metric)
    if metric is not None and metric.more_is_better is not None:
        return metric.better(one, other)
    return one > other if column.unit in RISING else one < other


def _behind(table: PublishedTable, claim: Claim) -> Iterator[str]:
    for column, mine, other, row in _pairs(table, claim):
        if better(column, other, mine) or (claim.strict and other == mine):
            yield f"in {column.label} {mine:g} stands against {other:g} ({row.label})"


def _failed_gains(table: PublishedTable, claim: Claim) -> Iterator[str]:
    for column, mine, other, _ in _pairs(table, claim):
        gain = (mine - other) * (1 if better(column, 1, 0) else -1)
        if claim.relative:
            gain *= 100 / min(mine, other)
        if not _holds(claim.gain, gain):
            yield f"in {column.label} the cells give {gain:.2f}{' %' if claim.relative else ''}"


def _holds(claimed: str, gain: float) -> bool:
    if claimed.startswith(">"):
        return gain > float(claimed[1:])
    decimals = len(claimed.partition(".")[2])
    # Cells are themselves rounded to a decimal, so a difference of two is not exact in binary.
    return abs(gain - float(claimed)) <= 0.5 * 0.1**decimals + 1e-9


def _pairs(table: PublishedTable, claim: Claim) -> Iterator[tuple[Column, float, float, Row]]:
    """Yield column, value of the claim's row, value of another row, and that row."""
    [own] = [row for row in table.rows if row.label == claim.row]
    for i, column in enumerate(table.columns):
        mine = own.cells[i].value
        if mine is None or (claim.columns and column.label not in claim.columns):
            continue
        for row in _others(table, claim):
            other = row.cells[i].value
            if other is not None:
                yield column, mine, other, row


def _others(table: PublishedTable, claim: Claim) -> list[Row]:
    rows = {row.label: row for row in table.rows}
    if claim.over:
        return [rows[label] for label in claim.over]
    own = rows[claim.row]
    return [
        row
        for row in table.rows
        if row is not own and (row.dataset, row.setting) == (own.dataset, own.setting)
    ]


def _start(text: str) -> str:
    return text[:1].upper() + text[1:]
