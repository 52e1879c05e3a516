"""Assigning results to published rows."""

from __future__ import annotations

from collections.abc import Sequence

from vrbench.alignments import alignments, terms
from vrbench.normalizations import normalizations
from vrbench.published import MeasuredBy, PublishedTable
from vrbench.results import labels
from vrbench.results.schema import EncoderAbout, ResultDict
from vrbench.sequences import sequences
from vrbench.tables.trained import needing_head, obstacle, same_but_training, twin
from vrbench.tasks import tasks

WINDOWS = "windows"
CLIPS = {"captioned": "one clip for each caption", WINDOWS: "windows of whole videos"}
"""What ``PublishedTable.clips`` says, in words."""


def fill(table: PublishedTable, results: Sequence[ResultDict]) -> dict[str, list[ResultDict]]:
    """Return the results that measure each row, by the row's slot, where there are any.

    A result fits a row if its method, norm, bank and sequence alignment do, with every parameter
    that the row gives, under the table's v2t protocol. Where rows differ only in the encoder's
    training, a result fits the row with the training that its encoder states. One with a head
    fits a row that learns such a head by its loss; one without is beside such a row as well (and
    after those), but where only the training tells the row from one above it.
    """
    filled: dict[str, list[ResultDict]] = {}
    for label, slot in slots(table).items():
        found = [
            one
            for one in results
            if _measures(slot, one)
            and _same_v2t(table, one)
            and _same_clips(table, one)
            and not _other(table, slot, one)
        ]
        if found:
            filled[label] = sorted(found, key=lambda one: not one.get("head"))
    return filled


def left_out(table: PublishedTable, results: Sequence[ResultDict]) -> list[str]:
    """Return why results that fit a row's method and norm are not beside it."""
    notes: dict[str, None] = {}
    placed = [one for found in fill(table, results).values() for one in found]
    for label, slot in slots(table).items():
        for one in (result for result in results if _measures(slot, result)):
            if not _same_v2t(table, one):
                notes[
                    f"Results under --v2t {one['protocol']['v2t']} are left out: this table's rows "
                    f"are measured under --v2t {table.v2t}."
                ] = None
            elif not _same_clips(table, one):
                known = "not known to be" if table.clips == WINDOWS else "one"
                notes[
                    f"{labels.method(one)} on {labels.dataset(one)} is left out: this table is "
                    f"measured on {CLIPS[table.clips]}, and the result is {known} on "
                    f"{CLIPS[WINDOWS]}."
                ] = None
            elif one.get("head"):
                if not any(one is other for other in placed):
                    notes[f"{labels.method(one)} is not beside {label}: {obstacle(slot, one)}."] = (
                        None
                    )
            elif not trained_as(table, slot, one):
                said = labels.training(one)
                hint = f"vrbench reproduce {table.name} --method '{label}={slot.method}' does"
                if slot.task:
                    hint = "say it in the name of the encoder or of the split"
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
    With a head, the head is what was trained.
    """
    if about.get("head"):
        return slot.training != "zero-shot"
    said = labels.training(about)
    return not slot.training or (said == slot.training if said else not has_rival(table, slot))


def has_rival(table: PublishedTable, slot: MeasuredBy) -> bool:
    """Whether another row is measured by the same but for the encoder's training."""
    return any(
        other.training not in ("", slot.training) and same_but_training(other, slot)
        for other in slots(table).values()
    )


def unknown_methods(spec: str) -> list[str]:
    """Return the names of methods in a spec that vrbench does not have."""
    known = alignments.classes()
    names = (term.partition(":")[0] for term in terms(spec) if spec)
    return [name for name in names if name not in known]


def missing_heads(table: PublishedTable, results: Sequence[ResultDict]) -> list[str]:
    """Return notes that name the rows left empty because no result has a head for them."""
    filled, rows = fill(table, results), dict[str, list[str]]()
    for label, slot in slots(table).items():
        for reason in without_head(table, slot) if label not in filled else ():
            rows.setdefault(reason, []).append(label)
    return [
        f"Left empty: {'; '.join(found)}: {reason} ({training_hint(table)})."
        for reason, found in rows.items()
    ]


def training_hint(table: PublishedTable) -> str:
    """Return what makes a result with a head for a row of a table."""
    task = next((slot.task for slot in slots(table).values() if slot.task), "")
    if task:
        return f"vrbench train, then vrbench task {task.partition(':')[0]} --head"
    return f"vrbench reproduce {table.name} --train"


def without_head(table: PublishedTable, slot: MeasuredBy) -> list[str]:
    """Return why nothing measures a row without a head; empty: something does."""
    reasons = [f"{name} needs a head" for name in needing_head(slot.method)]
    above = twin(slots(table), slot)
    return reasons or ([f"only its loss, {slot.loss}, tells it from {above}"] if above else [])


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
    task = labels.task(result)
    if slot.task or task:
        return bool(slot.task and task) and tasks.states(task or "", slot.task)
    return (
        any(sequences.states(result.get("sequence") or "", one) for one in slot.sequences)
        and _method_fits(slot.method, result["method"] or "")
        and normalizations.states(result["norm"], slot.norm)
        and result["bank"]["kind"] == slot.bank
    )


def _other(table: PublishedTable, slot: MeasuredBy, result: ResultDict) -> bool:
    """Whether what was trained is not what a row trains."""
    missing = () if result.get("head") else without_head(table, slot)
    return bool(missing or obstacle(slot, result)) or not trained_as(table, slot, result)


def _method_fits(wanted: str, spec: str) -> bool:
    ours, theirs = terms(spec), terms(wanted)
    return not wanted or (len(ours) == len(theirs) and all(map(alignments.states, ours, theirs)))


def _same_clips(table: PublishedTable, result: ResultDict) -> bool:
    """Whether the long videos of a result are of the clips that a table is measured on."""
    if not table.clips or not result.get("sequence"):
        return True
    sides = (result.get("sequence_info") or {}).values()
    whole = any(isinstance(side, dict) and side.get("windows") for side in sides)
    return whole == (table.clips == WINDOWS)


def _same_v2t(table: PublishedTable, result: ResultDict) -> bool:
    return table.v2t in ("", result["protocol"]["v2t"])
