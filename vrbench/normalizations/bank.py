"""The bank that a normalization is fitted on, before a direction is chosen."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from vrbench.errors import InputError
from vrbench.sims.sim import DIRECTIONS, Direction, Rows, Sim, check_finite
from vrbench.sims.truth import Truth


@dataclass(frozen=True, eq=False)
class BankSim:
    """A bank of queries, by their similarities.

    Attributes:
        kind: ``none``, ``train``, ``test``, ``rolling`` or ``file``.
        sim: t2v (n_bank_text, n_video) and v2t (n_text, n_bank_video); None for ``none``,
            ``test`` and ``rolling``, whose bank is made of the test queries.
        captions: (n_bank_video,) texts of each bank video, where known.
        window: queries that a rolling bank holds besides the current one; 0: all so far.
        inner: the bank against itself, (n_bank_text, n_bank_video) in both directions; None where
            it is not known, or not read.
        beyond: the test queries against the bank's gallery: t2v (n_text, n_bank_video), v2t
            (n_bank_text, n_video); None likewise.
    """

    kind: str
    sim: Sim | None = None
    captions: NDArray[np.int64] | None = None
    window: int = 0
    inner: Sim | None = None
    beyond: Sim | None = None

    def flat(self) -> BankSim:
        """Return the bank with its alignment levels averaged."""
        parts = (self.sim, self.inner, self.beyond)
        sim, inner, beyond = (None if part is None else part.flat() for part in parts)
        return replace(self, sim=sim, inner=inner, beyond=beyond)

    def further(
        self, which: Literal["inner", "beyond"], direction: Direction, n: int
    ) -> Rows | None:
        """Return the rows of a further matrix, (n queries, bank gallery); None: there is none.

        Raises:
            InputError: it has another number of queries, or a value that is not finite.
        """
        sim: Sim | None = getattr(self, which)
        if sim is None or getattr(sim, direction) is None:
            return None
        rows = Rows(sim.flat().levels(direction)[0])
        if len(rows) != n or not rows.width:
            of = "bank queries" if which == "inner" else "test queries"
            raise InputError(
                f"The {direction} similarities of {of} to the bank's gallery have {len(rows)} "
                f"queries, expected {n}."
            )
        check_finite(rows, direction, "bank's similarity")
        return rows

    def rows(self, direction: Direction) -> Rows | None:
        """Return the bank's queries of a direction, with their alignment levels averaged."""
        flat = None if self.sim is None else self.sim.flat()
        known = flat is not None and getattr(flat, direction) is not None
        return Rows(flat.levels(direction)[0]) if flat is not None and known else None

    @cached_property
    def distinct(self) -> tuple[int, int]:
        """Numbers of different bank texts and bank videos, by their similarities to the gallery."""
        rows = [self.rows(direction) for direction in DIRECTIONS]
        texts, videos = (0 if one is None else one.distinct() for one in rows)
        return texts, videos

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
