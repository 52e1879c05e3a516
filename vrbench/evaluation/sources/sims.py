"""A source of similarities: a similarity file."""

from __future__ import annotations

import sys
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrbench.alignments import Method
from vrbench.alignments.engine.driver import PairProgress
from vrbench.errors import InputError
from vrbench.evaluation.sources import other_bank
from vrbench.evaluation.sources.base import Source
from vrbench.evaluation.sources.splitting import sims_held_out
from vrbench.features import Features
from vrbench.features.logit_scale import logit_scale
from vrbench.normalizations.bank import BankSim
from vrbench.runtime.memory import check_fits, spare
from vrbench.runtime.npz import open_npz
from vrbench.sims.beside import MATRICES, read_method
from vrbench.sims.file import SimFile
from vrbench.sims.limiting import matrices
from vrbench.sims.sim import Sim
from vrbench.sims.single import is_single
from vrbench.sims.stored import loaded_bytes


@dataclass(eq=False)
class SimSource(Source):
    """A similarity file; there is nothing to score.

    Attributes:
        file: the similarity file.
        other: the bank of ``--bank FILE``, a similarity file.
        window: queries before the current one in a rolling bank; 0: all so far.
    """

    file: SimFile
    other: Features | SimFile | None = None
    window: int = 0

    def __post_init__(self) -> None:
        self.text_ids, self.video_ids = self.file.text_ids, self.file.video_ids
        self.truth, self.has_bank = self.file.truth, self.file.bank is not None
        self.notes = tuple(map(str, self.file.beside.get("notes", ())))
        self.captions = self.file.beside.get("captions")
        self.given_norm = self.file.norm
        self._room = spare(sys.maxsize)
        self.scale = logit_scale(self.file.beside.get("scale"), str(self.file.path))
        self.about = {
            "dataset": self.file.path.stem,
            "split": None,
            "encoder": None,
            "features": {"file": self.file.path.name, "sha256": self.file.sha256()},
        }
        if self.notes:
            self.about["notes"] = list(self.notes)
        if isinstance(self.other, Features):
            raise InputError(
                f"{self.other.path} cannot be the bank of a similarity file: there is no method "
                "to score it with; give a similarity file that holds a bank."
            )

    def bank_ids(self, kind: str) -> Mapping[str, NDArray[Any] | None]:
        """Return the ids of the bank's queries, where its file names them."""
        return super().bank_ids(kind) if kind == "file" else other_bank.ids(self.file)

    def same_sim(self, bank: str) -> Hashable:
        """Return whether the similarities are wanted as they are given."""
        return bank == "none"

    def check_room(
        self, jobs: Sequence[tuple[Method | None, str]], whole: bool, saved: bool, times: int = 1
    ) -> None:
        """Refuse a bound that what is made of the matrices does not fit in."""
        t2v = self.file.sim.t2v
        # the mean of each direction's levels, and a level that is normalized by itself
        flat = 2 * t2v[0].nbytes + 8 * t2v[0].size if t2v.ndim == 3 else 0
        beside = 0
        if saved and not is_single(self.file.opened):
            with open_npz(self.file.opened) as npz:
                beside = loaded_bytes(npz, MATRICES)
        for _, bank in jobs:
            normalized = 2 * 8 * self.truth.n_text * self.truth.n_video if bank != "none" else 0
            check_fits(flat + beside + normalized, self._room)

    def sim(self, method: Method | None, bank: str, progress: PairProgress | None) -> Sim:
        """Return the similarities before normalization, or as they are where none is wanted.

        Raises:
            InputError: they are already normalized and the raw ones were not kept.
        """
        if bank == "none":
            return self.file.sim
        if self.file.raw is None:
            raise InputError(
                f"{self.file.path} is already normalized by '{self.file.norm}' and holds no "
                "raw_t2v: only --norm none can be measured."
            )
        return self.file.raw

    def bank(self, method: Method | None, kind: str, progress: PairProgress | None) -> BankSim:
        """Return the bank in the file, or of the other file."""
        if kind != "train":
            return super().bank(method, kind, progress)
        bank, owner = other_bank.whole(self.file), self.file.beside.get("bank_text_video")
        if bank is None or owner is None:
            return BankSim(kind, bank)
        return BankSim(kind, bank, np.bincount(owner, minlength=bank.v2t.shape[-1]))

    def made_by(self, method: Method | None) -> str | None:
        """Return what the file says of it."""
        return read_method(self.file.opened)

    def symmetric(self, method: Method | None) -> bool:
        """Whether the file has the same numbers for both directions."""
        sim = self.file.raw or self.file.sim
        t2v, v2t = sim.t2v, sim.v2t
        return v2t is t2v or np.array_equal(t2v, v2t)

    def inner(self, method: Method | None, kind: str, progress: PairProgress | None) -> Sim | None:
        """Return the bank against itself, where its file has it and it is the file's own."""
        found = matrices(self.file, ("bank_bank_t2v", "bank_bank_v2t")) if kind == "train" else {}
        t2v = found.get("bank_bank_t2v")
        return None if t2v is None else Sim(t2v, found.get("bank_bank_v2t", t2v))

    def within(self) -> dict[str, NDArray[Any]]:
        """Return the similarities given, the mean of both directions where they differ."""
        return {**matrices(self.file, ("text_text", "video_video")), **super().within()}

    def beside(self, method: Method | None, kind: str) -> dict[str, Any]:
        """Return what the file has."""
        return {**self.file.beside, **matrices(self.file, MATRICES)}

    def held_out(self, share: float, seed: int) -> SimSource:
        """Split the bank's videos, by its similarities to itself."""
        cut = sims_held_out(self.file, self.bank_wholes, share, seed)
        return replace(self, file=cut, other=None, window=0)

    def bank_wholes(self, n_video: int) -> NDArray[np.int64]:
        """(n_video,) the number of what each bank video must stay together with: itself."""
        return np.arange(n_video)
