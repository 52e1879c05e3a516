"""The grid that a paper's table needs on given features."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from vrbench.errors import InputError
from vrbench.evaluation.evaluation import Evaluation
from vrbench.evaluation.plan import Job
from vrbench.evaluation.settings import Compute, Settings
from vrbench.evaluation.sources.base import Source
from vrbench.features import Features, open_features
from vrbench.heads.head import Head
from vrbench.metrics.table import recall_k
from vrbench.published import MeasuredBy, PublishedTable, Row
from vrbench.results import labels
from vrbench.tables.choices import Choices
from vrbench.tables.clips import check_clips
from vrbench.tables.obstacles import Obstacles, recipes
from vrbench.tables.trained import Recipe

QUEUE = "head"
"""The bank that is the queue of the head."""

NOTHING = "nothing that vrbench evaluates corresponds to it"
"""Why a row without a slot is empty; tables do not repeat it."""


@dataclass(frozen=True)
class Reproduction:
    """The jobs to run for a table on one source.

    Attributes:
        grid: of a feature file's items, or of its paragraphs and long videos under one sequence
            alignment.
        jobs: cells of the grid, without repetition, those of a method together.
        rows: names of the jobs that measure a row, by its slot.
        empty: rows that stay empty, by their label, and why.
        trained: rows that are measured with heads still to be trained, by the head.
    """

    grid: Grid
    jobs: tuple[Job, ...]
    rows: Mapping[str, tuple[str, ...]]
    empty: Mapping[str, str]
    trained: Mapping[Recipe, tuple[Row, ...]]

    @property
    def evaluation(self) -> Evaluation:
        """The data and settings of the jobs."""
        return self.grid.evaluation

    def with_head(self, of: Recipe, head: Head) -> Reproduction:
        """Return the jobs of the rows that a head was trained for.

        Raises:
            InputError: the head does not fit the features, or was trained on their test videos.
        """
        return self.grid.with_head(of, head).of(self.trained[of])


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
    check_clips(table, features)
    grouped: dict[str, list[Row]] = {}
    for row in table.rows:
        for sequence in _sequences(row, features):
            grouped.setdefault(sequence, []).append(row)
    for sequence, rows in grouped.items():
        opened = Evaluation.open(
            features, settings, compute, bank=choices.bank, sequence=sequence or None
        )
        grid = Grid(table, features, opened, choices, out)
        grid.check_training()
        yield grid.of(rows)


def reasons(work: Iterable[Reproduction]) -> list[str]:
    """Return a sentence for each reason why rows stay empty, with the rows."""
    rows: dict[str, dict[str, None]] = {}
    for label, reason in (item for one in work for item in one.empty.items()):
        rows.setdefault(reason, {})[label] = None
    rows.pop(NOTHING, None)
    return [f"Left empty: {'; '.join(found)}: {reason}." for reason, found in rows.items()]


def _sequences(row: Row, features: Features) -> tuple[str, ...]:
    """Return the sequence alignments of a row; an empty one: it has none, or none can be run."""
    slot = row.measured_by
    return slot.sequences if slot is not None and _has_sequences(features) else ("",)


def _has_sequences(features: Features) -> bool:
    return all("sequence" in side.item_columns for side in (features.text, features.video))


@dataclass(frozen=True)
class Grid:
    """The cells that rows of a table need of an evaluation.

    Attributes:
        table: the published table.
        features: the feature file.
        evaluation: of it.
        choices: specs that replace those of the rows.
        out: folder in which results may exist.
        recipe: of the head that the evaluation is behind; None: it has none.
    """

    table: PublishedTable
    features: Features
    evaluation: Evaluation
    choices: Choices
    out: Path | None
    recipe: Recipe | None = None

    @property
    def source(self) -> Source:
        """What is evaluated."""
        return self.evaluation.source

    def of(self, rows: Sequence[Row]) -> Reproduction:
        """Return the jobs of rows, and which rows need a head first."""
        jobs: dict[str, Job] = {}
        found: dict[str, tuple[str, ...]] = {}
        empty: dict[str, str] = {}
        trained: dict[Recipe, tuple[Row, ...]] = {}
        reasons = Obstacles(self.table, self.source, self.choices, self.evaluation.bank)
        for row in rows:
            slot = self.choices.slot(row)
            reason = NOTHING if slot is None else reasons.of(row, slot)
            if slot is None or reason:
                empty[row.label] = reason
                continue
            if self.recipe is None and self.choices.trains(slot):
                for one in recipes(self.choices, row, slot):
                    trained[one] = (*trained.get(one, ()), row)
                continue
            needed = {job.name: job for job in self._jobs(row, slot)}
            jobs |= needed
            found[row.slot] = tuple(dict.fromkeys((*found.get(row.slot, ()), *needed)))
        ordered = sorted(jobs.values(), key=lambda job: job.method.spec if job.method else "")
        return Reproduction(self, tuple(ordered), found, empty, trained)

    def with_head(self, of: Recipe, head: Head) -> Grid:
        """Return the grid of the same features behind a head."""
        opened, bank = self.evaluation, self.choices.bank
        if bank is None and of.queue:
            bank = QUEUE
        along = opened.source.sequence
        behind = Evaluation.open(
            self.features, opened.settings, opened.compute, bank=bank, sequence=along, head=head
        )
        return replace(self, evaluation=behind, recipe=of)

    def check_training(self) -> None:
        """Refuse one result for rows of different training where the encoder's is unknown.

        Raises:
            InputError: the user names both rows.
        """
        named = [row.measured_by for row in self.table.rows if row.label in self.choices.methods]
        slots = [slot for slot in named if slot and not self.choices.trains(slot)]
        trained = sorted({slot.training for slot in slots if slot.training})
        if len(trained) > 1 and not labels.training(self.source.about):
            raise InputError(
                f"{self.source.name} does not say how its encoder was trained, and cannot fill "
                f"rows that are {' and '.join(trained)}: name one of them in --method."
            )

    def _jobs(self, row: Row, slot: MeasuredBy) -> list[Job]:
        norms = self.choices.norms_of(self.table, slot)
        methods = (
            self.choices.methods_of(row, slot) if self.recipe is None else (self.recipe.method,)
        )
        bank = "test" if slot.bank == "test" else self.evaluation.bank
        return self.evaluation.jobs(methods, norms, self.out, bank=bank)
