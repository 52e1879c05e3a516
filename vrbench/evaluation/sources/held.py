"""A source of similarities that are in memory: a Sim, or a matrix."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from vrbench.alignments import Method
from vrbench.alignments.engine.driver import PairProgress
from vrbench.errors import InputError
from vrbench.evaluation.sources.base import Source
from vrbench.normalizations.bank import BankSim
from vrbench.runtime.digest import digest
from vrbench.sims.sim import Sim, as_matrix, as_sim
from vrbench.sims.truth import Truth

NAME = "similarities in memory"


@dataclass(eq=False)
class HeldSims(Source):
    """Similarities in memory, with the bank that was given beside them.

    Attributes:
        held: both directions, (n_text, n_video), or (levels, n_text, n_video).
        truth: the positive pairs.
        banked: t2v (n_bank_text, n_video) and v2t (n_text, n_bank_video), or None.
    """

    held: Sim
    truth: Truth
    banked: Sim | None = None

    def __post_init__(self) -> None:
        self.text_ids = np.array([f"text{i}" for i in range(self.truth.n_text)])
        self.video_ids = np.array([f"video{i}" for i in range(self.truth.n_video)])
        self.has_bank = self.banked is not None
        parts = [self.held.t2v, self.held.v2t, self.truth.text, self.truth.video]
        parts += [self.banked.t2v, self.banked.v2t] if self.banked is not None else []
        self.about = {
            "dataset": "similarities",
            "split": None,
            "encoder": None,
            "features": {"file": NAME, "sha256": digest(parts)},
        }

    @classmethod
    def of(cls, sim: Any, *, text_video: Any = None, bank: Any = None) -> HeldSims:
        """Return what ``normalize`` takes as a source.

        Args:
            sim: a Sim, an object or dict with ``t2v`` and ``v2t``, or one (n_text, n_video)
                matrix for both directions.
            text_video: (n_text,) column of each text's video; None: text i belongs to video i.
            bank: an object or dict with ``t2v`` and ``v2t``.

        Raises:
            InputError: a matrix is no matrix of finite numbers, or shapes do not fit.
        """
        held = as_sim(sim)
        if held.t2v is None or held.v2t is None:
            raise InputError("There are similarities of one direction only: give t2v and v2t.")
        matrices = [as_matrix(part) for part in (held.t2v, held.v2t)]
        if matrices[0].shape != matrices[1].shape:
            shapes = " and ".join(str(part.shape) for part in matrices)
            raise InputError(f"t2v and v2t have different shapes, {shapes}.")
        _check(held, "similarities")
        truth = Truth.of(matrices[0].shape[-2:], text_video)
        banked = None if bank is None else as_sim(bank)
        if banked is not None:
            _check_bank(banked, truth)
        same = held.v2t is held.t2v
        return cls(Sim(matrices[0], matrices[0] if same else matrices[1]), truth, banked)

    def sim(self, method: Method | None, bank: str, progress: PairProgress | None) -> Sim:
        """Return them."""
        return self.held

    def bank(self, method: Method | None, kind: str, progress: PairProgress | None) -> BankSim:
        """Return the bank that was given, as that of training queries."""
        if kind == "train":
            return BankSim(kind, self.banked)
        return super().bank(method, kind, progress)

    def symmetric(self, method: Method | None) -> bool:
        """Whether there is one matrix for both directions."""
        return self.held.v2t is self.held.t2v


def _check(sim: Sim, what: str) -> None:
    for direction, matrix in (("t2v", sim.t2v), ("v2t", sim.v2t)):
        if not np.isfinite(as_matrix(matrix)).all():
            raise InputError(f"{direction} of the {what} holds NaN or infinity.")


def _check_bank(bank: Sim, truth: Truth) -> None:
    if bank.t2v is None or bank.v2t is None:
        raise InputError("The bank has one direction only: give t2v and v2t.")
    _check(bank, "bank")
    t2v, v2t = as_matrix(bank.t2v), as_matrix(bank.v2t)
    if t2v.shape[-1] != truth.n_video or v2t.shape[-2] != truth.n_text:
        raise InputError(
            f"The bank has shapes {t2v.shape} and {v2t.shape}, expected t2v (bank texts, "
            f"{truth.n_video}) and v2t ({truth.n_text}, bank videos)."
        )
