"""The heads of a table's rows: trained where they are not there, and kept beside the results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vrbench.cli.app import note
from vrbench.errors import InputError

if TYPE_CHECKING:
    from vrbench.features import Features
    from vrbench.heads.head import Head
    from vrbench.tables.reproducing import Reproduction
    from vrbench.tables.trained import Recipe
    from vrbench.training.settings import TrainingSettings

FOLDER = "heads"
"""Beside the results."""


@dataclass(frozen=True)
class RowHeads:
    """Training features, and how heads are trained on them.

    Attributes:
        features: of the training videos.
        numbers: settings of the training that were given, by name.
        folder: of the results.
        device: ``auto``, ``cpu`` or ``cuda``.
        memory: bytes that the process may hold; None: unbounded.
        overwrite: train again what exists.
        quiet: say nothing.
    """

    features: Features
    numbers: Mapping[str, Any]
    folder: Path
    device: str
    memory: int | None
    overwrite: bool
    quiet: bool

    def settings(self, recipe: Recipe) -> TrainingSettings:
        """Return how a head is trained.

        Raises:
            InputError: a number is out of range.
        """
        from vrbench.training.settings import TrainingSettings

        how: dict[str, Any] = {"queue": recipe.queue, **self.numbers}
        return TrainingSettings(recipe.head, recipe.method, recipe.loss, **how)

    def path(self, recipe: Recipe) -> Path:
        """Return the file of a head."""
        from vrbench.training.folder import path_in

        return path_in(self.folder / FOLDER, self.features, self.settings(recipe))

    def check(self, work: Sequence[Reproduction]) -> None:
        """Check, before anything is trained, that all heads may be trained and evaluated.

        Raises:
            InputError: a test video is among those of training, the encoders differ, an item is
                longer than a head has places, or a number is out of range.
        """
        from vrbench.heads import parse_head
        from vrbench.training.folder import check_apart, check_places

        for found in work:
            test = found.grid.features
            for recipe in found.trained:
                head = self.settings(recipe).head
                check_places(parse_head(head), self.features, test)
            if found.trained:
                check_apart(self.features, test)

    def plan(self, recipe: Recipe) -> str:
        """Return what is to be done for a head."""
        from vrbench.training.folder import state_of

        settings, path = self.settings(recipe), self.path(recipe)
        state = "to be trained" if self.overwrite else state_of(path)
        how = f"{settings.epochs} epochs, lr {settings.lr:g}, seed {settings.seed}"
        return f"{recipe}, {how}: {state} ({path})"

    def existing(self, recipe: Recipe) -> Head | None:
        """Return a head that was trained before; None: it has to be trained."""
        from vrbench.heads import load

        path = self.path(recipe)
        return load(path) if path.exists() and not self.overwrite else None

    def learn(self, recipe: Recipe, which: str) -> Head:
        """Train a head, go on with it, or read it where it is there.

        Args:
            recipe: what it is trained with.
            which: says which of how many it is.

        Raises:
            InputError: the features do not fit the head, or a file cannot be written.
        """
        from vrbench.cli.printing.progress import Bars
        from vrbench.cli.printing.training import conclude, tell
        from vrbench.training.train import Where, run

        out = self.path(recipe)
        existed = out.exists() and not self.overwrite
        if not self.quiet:
            note(f"{which}: {self.plan(recipe)}")
        with nullcontext() if self.quiet else Bars() as bars:
            told = None if bars is None else lambda curve: tell(bars, curve)
            where = Where(out, None, self.device, self.memory, self.overwrite, bars, told)
            try:
                learnt = run(self.features, self.settings(recipe), where)
            except InputError as error:
                raise InputError(f"{recipe}: {error}") from error
        if not existed:
            conclude(out, learnt.about, existed, self.quiet)
        from vrbench.heads import load

        return load(out)  # as its file has it, whose name and hash results keep
