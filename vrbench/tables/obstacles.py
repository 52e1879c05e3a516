"""Why a row of a table cannot be measured on given features."""

from __future__ import annotations

from dataclasses import dataclass

from vrbench.alignments import parse_method
from vrbench.evaluation.plan import parse_norm
from vrbench.evaluation.sources.base import Source
from vrbench.features import Tokens
from vrbench.features.logit_scale import with_scale
from vrbench.features.tokens import PATCH_LEVEL
from vrbench.normalizations import normalizations
from vrbench.normalizations.base import Normalization
from vrbench.published import MeasuredBy, PublishedTable, Row
from vrbench.results import labels
from vrbench.tables.choices import Choices
from vrbench.tables.matching import trained_as, unknown_methods, without_head
from vrbench.tables.trained import Recipe, missing, needing_head, recipe

ANY_SCALE = 100.0
"""Logit scale of a head that is still to be trained, where only a norm's other needs are read."""


@dataclass(frozen=True)
class Obstacles:
    """Reasons why rows stay empty.

    Attributes:
        table: the published table.
        source: what is evaluated.
        choices: specs that replace those of the rows.
        bank: kind of bank asked for.
    """

    table: PublishedTable
    source: Source
    choices: Choices
    bank: str | None

    def of(self, row: Row, slot: MeasuredBy) -> str:
        """Return why a row stays empty; an empty string: it is measured.

        Raises:
            InputError: a method or norm of the user's cannot be read.
        """
        if slot.task:
            name = slot.task.partition(":")[0]
            return f"vrbench task {name} --out RESULTS measures it, for vrbench table"
        unknown = [n for m in self.choices.methods_of(row, slot) for n in unknown_methods(m)]
        if unknown:
            return f"vrbench has no method {' and '.join(unknown)} yet"
        trains = self.choices.trains(slot)
        reason = self._not_learnt(row, slot) if trains else self._needs_head(row, slot)
        if reason:
            return reason
        if self._no_patches(row, slot):
            return f"{self._file} has no patches (level 1) beside its frames"
        if "" not in slot.sequences and self.source.sequence is None:
            return f"{self._file} does not say which clips and captions are a sequence"
        return ("" if trains else self._other_training(row, slot)) or self._no_bank(slot)

    def _not_learnt(self, row: Row, slot: MeasuredBy) -> str:
        reason = missing(slot)
        if reason or recipes(self.choices, row, slot):
            return reason
        return f"--head {self.choices.head} has no part that it learns"

    def _no_patches(self, row: Row, slot: MeasuredBy) -> bool:
        features = self.source.features
        if features is None or has_patches(features.video):
            return False
        return any(parse_method(m).reads_patches for m in self.choices.methods_of(row, slot))

    def _needs_head(self, row: Row, slot: MeasuredBy) -> str:
        chosen = self.choices.methods.get(row.label)
        reasons = without_head(self.table, slot)
        if chosen is not None:
            reasons = [f"{name} needs a head" for spec in chosen for name in needing_head(spec)]
        return f"{' and '.join(reasons)}: give --train" if reasons else ""

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
        asked = "test" if slot.bank == "test" else self.bank
        norms = [self._norm(spec, slot) for spec in self.choices.norms_of(self.table, slot)]
        needed = any(
            norm.needs_bank and (asked == "train" or not norm.transductive) for norm in norms
        )
        kept = slot.queue > 0 and self.choices.trains(slot) and self.choices.bank is None
        if needed and asked in (None, "train") and not kept and not self.source.has_bank:
            return f"{self._file} has no bank of training queries"
        return ""

    def _norm(self, spec: str, slot: MeasuredBy) -> Normalization:
        if self.choices.trains(slot):
            return normalizations.parse(with_scale(spec, ANY_SCALE, self._file))
        return parse_norm(spec, self.source)

    @property
    def _file(self) -> str:
        return self.source.name


def has_patches(videos: Tokens) -> bool:
    """Whether every video has patches beside its frames."""
    marked = "level" in videos.token_columns
    return marked and bool((videos.counts_at(PATCH_LEVEL) > 0).all())


def recipes(choices: Choices, row: Row, slot: MeasuredBy) -> list[Recipe]:
    """Return how the heads of a row are trained: one for each method.

    Raises:
        InputError: a spec cannot be read.
    """
    found = (recipe(slot, m, choices.head or "") for m in choices.methods_of(row, slot))
    return [one for one in found if one is not None]
