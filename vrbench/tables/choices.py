"""A user's choice of methods, norms and bank for a table's rows."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from vrbench.alignments import parse_method
from vrbench.errors import InputError, did_you_mean
from vrbench.heads import parse_head
from vrbench.published import MeasuredBy, PublishedTable, Row

HEAD = "linear"
"""The head that is trained where none is asked for: it brings two encoders into one space."""

_CITATION = re.compile(r"\s*(\[\d+\]|\([^()]*\d{4}\w?\)|†)")


@dataclass(frozen=True)
class Choices:
    """Methods, norms and bank that replace those of the rows.

    Attributes:
        methods: specs by the label of a row.
        norms: specs, for the rows that have a norm; for all rows, where no row has one.
        bank: a kind of bank, or a file; None: the training queries.
        head: spec of a head that is trained for each row whose system is; None: nothing is.
    """

    methods: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    norms: tuple[str, ...] = ()
    bank: str | Path | None = None
    head: str | None = None

    def slot(self, row: Row) -> MeasuredBy | None:
        """Return what measures a row; a method makes a slot of one that has none."""
        return row.measured_by or (MeasuredBy() if row.label in self.methods else None)

    def methods_of(self, row: Row, slot: MeasuredBy) -> tuple[str, ...]:
        """Return the specs of the alignments that a row is measured by."""
        return self.methods.get(row.label, (slot.method or "global",))

    def norms_of(self, table: PublishedTable, slot: MeasuredBy) -> tuple[str, ...]:
        """Return the specs of the norms that a row is measured under."""
        replaced = slot.norm != "none" or not _has_norms(table)
        own = slot.head_norm if slot.head_norm and self.trains(slot) else slot.norm
        return self.norms if self.norms and replaced else (own,)

    def trains(self, slot: MeasuredBy) -> bool:
        """Whether a row is measured with a head that is trained for it."""
        return self.head is not None and bool(slot.loss)


def read_choices(
    table: PublishedTable,
    methods: Sequence[str],
    norms: Sequence[str] = (),
    bank: str | Path | None = None,
    head: str | None = None,
) -> Choices:
    """Read ``ROW=SPEC`` and the other choices.

    Raises:
        InputError: a row or a spec is unknown, a bank is given and no row has a norm, or a head
            and no row is trained.
    """
    chosen: dict[str, tuple[str, ...]] = {}
    if head is not None:
        parse_head(head)
        if not any(row.measured_by and row.measured_by.loss for row in table.rows):
            raise InputError(
                f"No row of {table.name} is trained by a loss of vrbench's: leave --train out."
            )
    for text in methods:
        name, equals, spec = (part.strip() for part in text.partition("="))
        if not name or not equals or not spec:
            raise InputError(
                f"Cannot read --method {text}: write ROW=SPEC, with ROW as {table.name} prints it."
            )
        parse_method(spec)
        for row in rows_called(table, name):
            chosen[row.label] = (*chosen.get(row.label, ()), spec)
    if bank is not None and not norms and not _has_norms(table):
        raise InputError(
            f"No row of {table.name} is measured with a normalization, so that --bank {bank} "
            "changes nothing: give --norm too, or leave it out."
        )
    return Choices(chosen, tuple(norms), bank, head)


def rows_called(table: PublishedTable, name: str) -> list[Row]:
    """Return the rows of a name: a label, with or without reference or setting, or a system.

    Raises:
        InputError: there is none.
    """
    names = {row.label: _names(row) for row in table.rows}
    found = [row for row in table.rows if name.casefold() in names[row.label]]
    if not found:
        known = dict.fromkeys(row.printed for row in table.rows)
        raise InputError(
            f"{table.name} has no row '{name}'.{did_you_mean(name, known)} Its rows: "
            f"{'; '.join(known)}."
        )
    return found


def without_reference(label: str) -> str:
    """Return a label as printed without the reference: ``SCAN [14]`` is SCAN."""
    return _CITATION.sub("", label).strip()


def _names(row: Row) -> set[str]:
    printed = (row.label, row.slot, row.printed, row.system)
    return {name.casefold() for label in printed for name in (label, without_reference(label))}


def _has_norms(table: PublishedTable) -> bool:
    return any(row.measured_by and row.measured_by.norm != "none" for row in table.rows)
