"""The grid that a paper's table needs on given features."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from vrbench.grid import Job, Settings, plan
from vrbench.measured import unknown_methods
from vrbench.published import MeasuredBy, PublishedTable
from vrbench.sources import Source


@dataclass(frozen=True)
class Reproduction:
    """What is to be run for a table.

    Attributes:
        jobs: cells of the grid, without repetition, those of a method together.
        empty: a sentence for each row that stays empty.
    """

    jobs: tuple[Job, ...]
    empty: tuple[str, ...]


def recalls(table: PublishedTable) -> tuple[int, ...]:
    """Return the K of the table's R@K, and 1, 5 and 10, which other tables share."""
    own = {int(column.metric[2:]) for column in table.columns if column.metric.startswith("R@")}
    return tuple(sorted(own | {1, 5, 10}))


def reproduction(
    table: PublishedTable, source: Source, settings: Settings, out: Path | None
) -> Reproduction:
    """Map the rows of a table to cells of the grid.

    Args:
        table: whose rows say by what they are measured.
        source: the features.
        settings: what else decides a result.
        out: folder in which results may exist.

    Raises:
        InputError: a row's method or norm cannot be read.
    """
    jobs: dict[str, Job] = {}
    empty: list[str] = []
    for row in table.rows:
        reason = _obstacle(row.measured_by, source)
        if reason:
            empty.append(f"{row.label}: {reason}.")
        elif row.measured_by:
            for job in _jobs(row.measured_by, source, settings, out):
                jobs.setdefault(job.name, job)
    ordered = sorted(jobs.values(), key=lambda job: job.method.spec if job.method else "")
    return Reproduction(tuple(ordered), tuple(empty))


def _obstacle(slot: MeasuredBy | None, source: Source) -> str:
    if slot is None:
        return "nothing that vrbench evaluates corresponds to it"
    missing = unknown_methods(slot)
    if missing:
        return f"vrbench has no method {' and '.join(missing)} yet"
    if slot.sequence:
        return f"needs sequences: vrbench eval --sequence {slot.sequence}"
    if slot.bank == "train" and not source.has_bank:
        return f"{source.about['features']['file']} has no bank of training queries"
    return ""


def _jobs(slot: MeasuredBy, source: Source, settings: Settings, out: Path | None) -> Sequence[Job]:
    method = slot.methods[0] if slot.methods else "global"
    bank = None if slot.bank == "none" else slot.bank
    return plan(source, settings, [method], [slot.norm], bank, out)
