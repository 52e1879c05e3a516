"""Assigning results to published rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from vrbench.alignments import alignments, terms
from vrbench.normalizations import normalizations
from vrbench.published import MeasuredBy, PublishedTable
from vrbench.results import labels
from vrbench.results.schema import EncoderAbout, ResultDict
from vrbench.sequences import sequences


def fill(table: PublishedTable, results: Sequence[ResultDict]) -> dict[str, list[ResultDict]]:
    """Return the results that measure each row, by the row's slot, where there are any.

    A result fits a row if its method, norm, bank and sequence alignment do, with every parameter
    that the row gives, under the table's v2t protocol. Where rows differ only in the encoder's
    training, a result fits the row with the training that its encoder states.
    """
    filled: dict[str, list[ResultDict]] = {}
    for label, slot in slots(table).items():
        found = [
            one
            for one in results
            if _measures(slot, one) and _same_v2t(table, one) and trained_as(table, slot, one)
        ]
        if found:
            filled[label] = found
    return filled


def left_out(table: PublishedTable, results: Sequence[ResultDict]) -> list[str]:
    """Return why results that fit a row's method and norm are not beside it."""
    notes: dict[str, None] = {}
    for label, slot in slots(table).items():
        for one in (result for result in results if _measures(slot, result)):
            if not _same_v2t(table, one):
                notes[
                    f"Results under --v2t {one['protocol']['v2t']} are left out: this table's rows "
                    f"are measured under --v2t {table.v2t}."
                ] = None
            elif not trained_as(table, slot, one):
                said = labels.training(one)
                hint = f"vrbench reproduce {table.name} --method '{label}={slot.method}' does"
                reason = f"it is {said}" if said else f"it does not say its training; {hint}"
                notes[
                    f"{label} ({slot.training}) is not filled by results on "
                    f"{labels.dataset(one)} with the encoder {labels.CONTEXT['encoder'](one)}: "
                    f"{reason}."
                ] = None
    return list(notes)


def slots(table: PublishedTable) -> dict[str, MeasuredBy]:
    """Return the specs that measure each row that can be measured, by the row's slot."""
    return {row.slot: row.measured_by for row in table.rows if row.measured_by is not None}


def trained_as(table: PublishedTable, slot: MeasuredBy, about: EncoderAbout) -> bool:
    """Whether a row's encoder was trained as that of a result.

    An encoder with unknown training fits, unless another row differs from this in training only.
    """
    said = labels.training(about)
    return not slot.training or (said == slot.training if said else not has_rival(table, slot))


def has_rival(table: PublishedTable, slot: MeasuredBy) -> bool:
    """Whether another row is measured by the same but for the encoder's training."""
    return any(
        other.training not in ("", slot.training)
        and replace(other, training="") == replace(slot, training="")
        for other in slots(table).values()
    )


def unknown_methods(spec: str) -> list[str]:
    """Return the names of methods in a spec that vrbench does not have."""
    known = alignments.classes()
    names = (term.partition(":")[0] for term in terms(spec) if spec)
    return [name for name in names if name not in known]


def needing_head(spec: str) -> list[str]:
    """Return the names of methods in a spec that say nothing of themselves without a head."""
    known = alignments.classes()
    names = (term.partition(":")[0] for term in terms(spec) if spec)
    return [name for name in names if name in known and known[name].needs_head]


def missing_heads(table: PublishedTable, results: Sequence[ResultDict]) -> list[str]:
    """Return a note that names the rows left empty because no result has a head for them."""
    filled, rows = fill(table, results), dict[str, list[str]]()
    for label, slot in slots(table).items():
        for name in needing_head(slot.method) if label not in filled else ():
            rows.setdefault(name, []).append(label)
    return [
        f"The method {name} needs a head (vrbench train, eval --head), so that nothing is measured "
        f"for {'; '.join(found)}."
        for name, found in rows.items()
    ]


def missing_methods(table: PublishedTable) -> list[str]:
    """Return a note that names the rows left empty because their method does not exist."""
    rows: dict[str, list[str]] = {}
    for label, slot in slots(table).items():
        for name in unknown_methods(slot.method):
            rows.setdefault(name, []).append(label)
    return [
        f"vrbench has no method {name} yet, so that nothing is measured for {'; '.join(found)}."
        for name, found in rows.items()
    ]


def _measures(slot: MeasuredBy, result: ResultDict) -> bool:
    return (
        sequences.states(result.get("sequence") or "", slot.sequence)
        and _method_fits(slot.method, result["method"] or "")
        and (bool(result.get("head")) or not needing_head(slot.method))
        and normalizations.states(result["norm"], slot.norm)
        and result["bank"]["kind"] == slot.bank
    )


def _method_fits(wanted: str, spec: str) -> bool:
    ours, theirs = terms(spec), terms(wanted)
    return not wanted or (len(ours) == len(theirs) and all(map(alignments.states, ours, theirs)))


def _same_v2t(table: PublishedTable, result: ResultDict) -> bool:
    return table.v2t in ("", result["protocol"]["v2t"])
