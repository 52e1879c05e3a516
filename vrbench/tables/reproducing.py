"""The grid that a paper's table needs on given features."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from vrbench.errors import InputError
from vrbench.evaluation.evaluation import Evaluation
from vrbench.evaluation.plan import Job, parse_norm
from vrbench.evaluation.settings import Compute, Settings
from vrbench.evaluation.sources.base import Source
from vrbench.features import Features, open_features
from vrbench.metrics.table import recall_k
from vrbench.published import MeasuredBy, PublishedTable, Row
from vrbench.results import labels
from vrbench.tables.choices import Choices
from vrbench.tables.matching import needing_head, trained_as, unknown_methods

NOTHING = "nothing that vrbench evaluates corresponds to it"
"""Why a row without a slot is empty; tables do not repeat it."""


@dataclass(frozen=True)
class Reproduction:
    """The jobs to run for a table on one source.

    Attributes:
        evaluation: of a feature file's items, or of its paragraphs and long videos under one
            sequence alignment.
        jobs: cells of the grid, without repetition, those of a method together.
        rows: names of the jobs that measure a row, by its slot.
        empty: rows that stay empty, by their label, and why.
    """

    evaluation: Evaluation
    jobs: tuple[Job, ...]
    rows: Mapping[str, tuple[str, ...]]
    empty: Mapping[str, str]


def recalls(table: PublishedTable) -> tuple[int, ...]:
    """Return the K of the table's R@K, and 1, 5 and 10, which other tables share."""
    own = {recall_k(column.metric) for column in table.columns}
    return tuple(sorted(own - {0} | {1, 5, 10}))


def reproductions(
    table: PublishedTable,
    path: Path,
    settings: Settings,
    compute: Compute,
    out: Path | None,
    choices: Choices,
) -> Iterator[Reproduction]:
    """Map the rows of a table to cells of the grid: one of the items, one for each sequence.

    Args:
        table: the published table; its rows name the specs that measure them.
        path: the feature file.
        settings: the other settings of an evaluation.
        compute: how to compute.
        out: folder in which results may exist.
        choices: specs that replace those of the rows.

    Raises:
        InputError: the file, or a row's method or norm, cannot be read, or one result would fill
            rows of encoders that were trained differently.
    """
    features = open_features(path)
    grouped: dict[str, list[Row]] = {}
    for row in table.rows:
        grouped.setdefault(_sequence(row, features), []).append(row)
    for sequence, rows in grouped.items():
        opened = Evaluation.open(
            features, settings, compute, bank=choices.bank, sequence=sequence or None
        )
        grid = _Grid(table, opened, choices, out)
        grid.check_training()
        yield grid.of(rows)


def reasons(work: Iterable[Reproduction]) -> list[str]:
    """Return a sentence for each reason why rows stay empty, with the rows."""
    rows: dict[str, dict[str, None]] = {}
    for label, reason in (item for one in work for item in one.empty.items()):
        rows.setdefault(reason, {})[label] = None
    rows.pop(NOTHING, None)
    return [f"Left empty: {'; '.join(found)}: {reason}." for reason, found in rows.items()]


def _sequence(row: Row, features: Features) -> str:
    """Return the sequence alignment of a row; empty: it has none, or it cannot be run."""
    slot = row.measured_by
    return slot.sequence if slot is not None and _has_sequences(features) else ""


def _has_sequences(features: Features) -> bool:
    return all("sequence" in side.item_columns for side in (features.text, features.video))


@dataclass(frozen=True)
class _Grid:
    """The cells that rows of a table need of an evaluation."""

    table: PublishedTable
    evaluation: Evaluation
    choices: Choices
    out: Path | None

    @property
    def source(self) -> Source:
        return self.evaluation.source

    def of(self, rows: Sequence[Row]) -> Reproduction:
        jobs: dict[str, Job] = {}
        found: dict[str, tuple[str, ...]] = {}
        empty: dict[str, str] = {}
        for row in rows:
            slot = self.choices.slot(row)
            reason = NOTHING if slot is None else self._obstacle(row, slot)
            if slot is None or reason:
                empty[row.label] = reason
                continue
            needed = {job.name: job for job in self._jobs(row, slot)}
            jobs |= needed
            found[row.slot] = tuple(dict.fromkeys((*found.get(row.slot, ()), *needed)))
        ordered = sorted(jobs.values(), key=lambda job: job.method.spec if job.method else "")
        return Reproduction(self.evaluation, tuple(ordered), found, empty)

    def check_training(self) -> None:
        """Refuse one result for rows of different training where the encoder's is unknown.

        Raises:
            InputError: the user names both rows.
        """
        slots = [row.measured_by for row in self.table.rows if row.label in self.choices.methods]
        trained = sorted({slot.training for slot in slots if slot and slot.training})
        if len(trained) > 1 and not labels.training(self.source.about):
            raise InputError(
                f"{self._file} does not say how its encoder was trained, and cannot fill rows that "
                f"are {' and '.join(trained)}: name one of them in --method."
            )

    def _obstacle(self, row: Row, slot: MeasuredBy) -> str:
        methods = self.choices.methods_of(row, slot)
        missing = [name for spec in methods for name in unknown_methods(spec)]
        if missing:
            return f"vrbench has no method {' and '.join(missing)} yet"
        learnt = [name for spec in methods for name in needing_head(spec)]
        if learnt:
            return f"{' and '.join(learnt)} needs a head: vrbench train, then eval --head"
        if slot.sequence and self.source.sequence is None:
            return f"{self._file} does not say which clips and captions are a sequence"
        return self._other_training(row, slot) or self._no_bank(slot)

    def _other_training(self, row: Row, slot: MeasuredBy) -> str:
        said = labels.training(self.source.about)
        if trained_as(self.table, slot, self.source.about):
            return ""
        if said:
            return f"the encoder of {self._file} is {said}, the row's {slot.training}"
        if row.label in self.choices.methods:
            return ""
        return (
            f"{self._file} does not say whether its encoder is zero-shot or fine-tuned; if it is "
            f"{slot.training}, give --method '{row.printed}={slot.method}'"
        )

    def _no_bank(self, slot: MeasuredBy) -> str:
        asked = self._bank(slot)
        norms = [parse_norm(spec, self.source) for spec in self.choices.norms_of(self.table, slot)]
        needed = any(
            norm.needs_bank and (asked == "train" or not norm.transductive) for norm in norms
        )
        if needed and asked in (None, "train") and not self.source.has_bank:
            return f"{self._file} has no bank of training queries"
        return ""

    def _jobs(self, row: Row, slot: MeasuredBy) -> list[Job]:
        methods = self.choices.methods_of(row, slot)
        norms = self.choices.norms_of(self.table, slot)
        return self.evaluation.jobs(methods, norms, self.out, bank=self._bank(slot))

    def _bank(self, slot: MeasuredBy) -> str | None:
        return "test" if slot.bank == "test" else self.evaluation.bank

    @property
    def _file(self) -> str:
        return self.source.name
