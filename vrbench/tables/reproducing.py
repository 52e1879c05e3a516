"""The grid that a paper's table needs on given features."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from vrbench.evaluation.grid import Job, Settings, plan
from vrbench.evaluation.opening import open_source
from vrbench.evaluation.sources import Compute, Source
from vrbench.features import Features, open_features
from vrbench.published import MeasuredBy, PublishedTable, Row
from vrbench.tables.measured import unknown_methods


@dataclass(frozen=True)
class Reproduction:
    """What is to be run for a table on one source.

    Attributes:
        source: a feature file's items, or its paragraphs and long videos under one sequence
            alignment.
        jobs: cells of the grid, without repetition, those of a method together.
        empty: a sentence for each row that stays empty.
    """

    source: Source
    jobs: tuple[Job, ...]
    empty: tuple[str, ...]


def recalls(table: PublishedTable) -> tuple[int, ...]:
    """Return the K of the table's R@K, and 1, 5 and 10, which other tables share."""
    own = {int(column.metric[2:]) for column in table.columns if column.metric.startswith("R@")}
    return tuple(sorted(own | {1, 5, 10}))


def reproductions(
    table: PublishedTable, path: Path, settings: Settings, compute: Compute, out: Path | None
) -> Iterator[Reproduction]:
    """Map the rows of a table to cells of the grid: one of the items, one for each sequence.

    Args:
        table: whose rows say by what they are measured.
        path: the feature file.
        settings: what else decides a result.
        compute: how to compute.
        out: folder in which results may exist.

    Raises:
        InputError: the file, or a row's method or norm, cannot be read.
    """
    features = open_features(path)
    rows: dict[str, list[Row]] = {}
    for row in table.rows:
        rows.setdefault(_sequence(row, features), []).append(row)
    for sequence, some in rows.items():
        _, source = open_source(features, None, None, compute, settings, sequence or None)
        yield _reproduction(some, source, settings, out)


def _sequence(row: Row, features: Features) -> str:
    """Return the sequence alignment under which a row is to be run; empty: none, or it cannot."""
    slot = row.measured_by
    return slot.sequence if slot is not None and _has_sequences(features) else ""


def _has_sequences(features: Features) -> bool:
    return all("sequence" in side.item_columns for side in (features.text, features.video))


def _reproduction(
    rows: Sequence[Row], source: Source, settings: Settings, out: Path | None
) -> Reproduction:
    jobs: dict[str, Job] = {}
    empty: list[str] = []
    for row in rows:
        reason = _obstacle(row.measured_by, source)
        if reason:
            empty.append(f"{row.label}: {reason}.")
        elif row.measured_by:
            for job in _jobs(row.measured_by, source, settings, out):
                jobs.setdefault(job.name, job)
    ordered = sorted(jobs.values(), key=lambda job: job.method.spec if job.method else "")
    return Reproduction(source, tuple(ordered), tuple(empty))


def _obstacle(slot: MeasuredBy | None, source: Source) -> str:
    file = source.about["features"]["file"]
    if slot is None:
        return "nothing that vrbench evaluates corresponds to it"
    missing = unknown_methods(slot)
    if missing:
        return f"vrbench has no method {' and '.join(missing)} yet"
    if slot.sequence and source.sequence is None:
        return f"{file} does not say which clips and captions are a sequence"
    if slot.bank == "train" and not source.has_bank:
        return f"{file} has no bank of training queries"
    return ""


def _jobs(slot: MeasuredBy, source: Source, settings: Settings, out: Path | None) -> Sequence[Job]:
    method = slot.methods[0] if slot.methods else "global"
    bank = None if slot.bank == "none" else slot.bank
    return plan(source, settings, [method], [slot.norm], bank, out)
