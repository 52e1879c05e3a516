"""What a normalization may see besides the similarities that it is applied to."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from vrbench.sims.sim import DIRECTIONS, Rows, Sim
from vrbench.truth import Truth


@dataclass(frozen=True, eq=False)
class BankSim:
    """A bank of queries, by their similarities.

    Attributes:
        kind: ``none``, ``train``, ``test``, ``rolling`` or ``file``.
        sim: t2v (n_bank_text, n_video) and v2t (n_text, n_bank_video); None for ``none``,
            ``test`` and ``rolling``, whose bank is made of the test queries.
        captions: (n_bank_video,) texts of each bank video, where known.
        window: queries that a rolling bank holds besides the current one; 0: all so far.
    """

    kind: str
    sim: Sim | None = None
    captions: NDArray[np.int64] | None = None
    window: int = 0

    def flat(self) -> BankSim:
        """Return the bank with its alignment levels averaged."""
        return self if self.sim is None else replace(self, sim=self.sim.flat())

    @cached_property
    def distinct(self) -> tuple[int, int]:
        """Numbers of different bank texts and bank videos, by their similarities to the gallery."""
        if self.sim is None:
            return 0, 0
        flat = self.sim.flat()
        known = [
            0 if getattr(flat, d) is None else Rows(flat.levels(d)[0]).distinct()
            for d in DIRECTIONS
        ]
        return known[0], known[1]

    def size(self, truth: Truth) -> tuple[int, int]:
        """Return the numbers of bank texts and bank videos."""
        if self.kind == "none":
            return 0, 0
        if self.sim is not None:
            texts = 0 if self.sim.t2v is None else self.sim.t2v.shape[-2]
            return texts, 0 if self.sim.v2t is None else self.sim.v2t.shape[-1]
        texts, videos = truth.n_text, int((truth.captions > 0).sum())
        held = self.window + 1 if self.window else texts + videos
        return min(texts, held), min(videos, held)
