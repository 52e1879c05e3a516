"""Rules on evaluation in batches."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from vrbench.auditing.rules import rules
from vrbench.auditing.rules.base import Audited, Reported, Rule, reported
from vrbench.errors import InputError
from vrbench.runtime.memory import check_machine
from vrbench.sims.sim import Direction, Sim
from vrbench.sims.truth import Truth


@rules.register("padded")
@dataclass(frozen=True)
class Padded(Rule):
    """A sampler repeats the first items until the texts fill whole batches.

    ``n' = batch * ceil(n_text / batch)``. With one text per video the videos of repeated pairs are
    in the gallery twice, too, and a copy ties with its original; with several texts per video the
    videos stay as they are, and a copy of a caption is another positive of its video.

    Attributes:
        batch: items over all processes: batch size, or processes, or their product, as the
            sampler has it.

    Raises:
        InputError: ``batch`` is below 1, or so large that the padded matrix fits into no memory.
    """

    batch: int = 16
    changes = "padding"
    source = "the log in microsoft/XPretrain issue 13: 1,008 of 1,000 items"

    def __post_init__(self) -> None:
        if self.batch < 1:
            raise InputError(f"batch must be at least 1, it is {self.batch}.")

    def report(self, audited: Audited, direction: Direction) -> Reported | None:
        """Report over the padded test set."""
        truth = audited.truth
        missing = -truth.n_text % self.batch
        if not truth.single or not missing:
            return None
        unpadded = audited.matrix(direction)
        rows = truth.n_text + missing
        width = truth.n_video + (0 if audited.several_captions else missing)
        size = rows * (truth.n_video + width) * unpadded.itemsize
        what = f"The matrix of padded:batch={self.batch}, {rows:,} x {width:,},"
        check_machine(size, what, "give the batch size of the evaluation")
        text = np.arange(rows) % truth.n_text
        owner = truth.video[np.argsort(truth.text)][text]
        matrix = unpadded[text]
        if not audited.several_captions:
            matrix = np.hstack([matrix, matrix[:, owner[truth.n_text :]]])
            owner[truth.n_text :] = truth.n_video + np.arange(missing)
        sim = Sim(matrix, None) if direction == "t2v" else Sim(None, matrix)
        padded = replace(audited, sim=sim, truth=Truth.of(matrix.shape, owner), _counted={})
        return reported(padded.ranks(direction), audited.ks)
