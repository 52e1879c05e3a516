"""Where similarities come from."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrbench.alignments import Method
from vrbench.alignments.emd import EarthMover
from vrbench.alignments.engine.driver import PairProgress
from vrbench.errors import InputError
from vrbench.evaluation.settings import Compute
from vrbench.evaluation.sources import other_bank
from vrbench.features import Features, Tokens
from vrbench.heads.head import Head
from vrbench.normalizations.bank import BankSim
from vrbench.results.schema import DataAbout
from vrbench.sims.file import SimFile
from vrbench.sims.sim import Sim
from vrbench.sims.truth import Truth


class Source(ABC):
    """Similarities of texts and videos, and of the bank.

    A kind of source sets the first five attributes and says how to get ``sim``; the rest has a
    meaning for sources that have more to give.

    Attributes:
        about: what a Result says of the data.
        truth: the positive pairs.
        text_ids: (n_text,) names.
        video_ids: (n_video,) names.
        aligned: whether an alignment makes the similarities; else they are given.
        notes: remarks for the reader.
        captions: (n_text,) or None.
        has_bank: whether there are training queries on both sides.
        given_norm: spec of the norm that the similarities came with.
        sequence: spec of the sequence alignment over the alignment.
        scale: the logit scale of the head, else of the encoder, where it is known.
        compute: how to compute.
        features: the feature file, for what looks into it.
        other: the bank of ``--bank FILE``: a feature file or a similarity file.
        window: queries before the current one in a rolling bank; 0: all so far.
        head: what the items went through, and whose weights methods get.
        judged: sha256 of the files that ``qrels`` and ``candidates`` come from.
        blocks: folder in which finished blocks wait for the results, or None.
    """

    about: DataAbout
    truth: Truth
    text_ids: NDArray[Any]
    video_ids: NDArray[Any]
    aligned: bool = False
    notes: tuple[str, ...] = ()
    captions: NDArray[Any] | None = None
    has_bank: bool = False
    given_norm: str = "none"
    sequence: str | None = None
    scale: float | None = None
    compute: Compute = Compute()
    features: Features | None = None
    other: Features | SimFile | None = None
    window: int = 0
    head: Head | None = None
    queue: bool = False
    judged: Mapping[str, str] = MappingProxyType({})
    blocks: Path | None = None

    @abstractmethod
    def sim(self, method: Method | None, bank: str, progress: PairProgress | None) -> Sim:
        """Return the raw similarities; with bank ``none`` as they are to be measured."""

    def bank(self, method: Method | None, kind: str, progress: PairProgress | None) -> BankSim:
        """Return the bank of the kind ``none``, ``train``, ``test``, ``rolling`` or ``file``."""
        if kind == "file" and isinstance(self.other, SimFile):
            return BankSim(kind, other_bank.whole(self.other, self.text_ids, self.video_ids))
        return BankSim(kind, window=self.window)

    def inner(self, method: Method | None, kind: str, progress: PairProgress | None) -> Sim | None:
        """Return the bank against itself, where it can be had: see ``BankSim``."""
        return None

    def beyond(
        self, method: Method | None, kind: str, bank: BankSim, progress: PairProgress | None
    ) -> Sim | None:
        """Return the test queries against the bank's gallery, where they can be had.

        They are what the bank has of the other direction, if that is scored alike.
        """
        if bank.sim is None or not self.symmetric(method):
            return None
        return Sim(bank.sim.v2t, bank.sim.t2v)

    def symmetric(self, method: Method | None) -> bool:
        """Whether both directions are scored alike."""
        return method is not None and method.symmetric

    def learnt(self, method: Method) -> Method:
        """Return a method with the weights that the head has for it.

        Raises:
            InputError: the bank is the head's queue, and lacks what the method reads.
        """
        if self.head is None:
            return method
        if self.queue:
            self.head.check_bank(method)
        return self.head.bound(method)

    @property
    def name(self) -> str:
        """The file, as messages call it."""
        return str(self.about["features"]["file"])

    def sides(self, bank: str) -> list[tuple[Tokens, Tokens]]:
        """Return the (text, video) items that are scored with this bank, the test set first."""
        return []

    def pairs(self, bank: str) -> int:
        """Return how many similarities one alignment computes with this bank."""
        return sum(len(text) * len(video) for text, video in self.sides(bank))

    def same_sim(self, bank: str) -> Hashable:
        """Return what is equal for banks with which ``sim`` gives the same similarities."""
        return None

    def keeps_matrix(self, bank: str, method: Method | None = None) -> bool:
        """Whether the similarities exist as a whole, and are not only folded over.

        Args:
            bank: what they are scored for.
            method: that scores them: of one with alignment levels there are several matrices.
        """
        return True

    def bounds(self, method: Method | None) -> EarthMover | None:
        """Return the alignment whose ranks are found by bounds where no matrix is kept."""
        return None

    def bank_identity(self, kind: str) -> str | int | None:
        """Return what identifies a bank of this kind: its file's sha256, or the window."""
        if kind == "file" and self.other is not None:
            return self.other.sha256()
        return self.window and self.window + 1 if kind == "rolling" else None  # itself included

    def bank_ids(self, kind: str) -> Mapping[str, NDArray[Any] | None]:
        """Return the ids of the bank's ``text`` and ``video`` queries, where they are known."""
        if kind == "file" and isinstance(self.other, SimFile):
            return other_bank.ids(self.other)
        return {"text": None, "video": None}

    def made_by(self, method: Method | None) -> str | None:
        """Return the spec of the alignment that made the similarities, where it is known."""
        return None if method is None else method.spec

    def bank_notes(self, kind: str) -> list[str]:
        """Return what a reader of numbers should know of a bank that is another file."""
        if kind != "file" or self.other is None:
            return []
        return list(other_bank.notes(self.other, self.text_ids, self.video_ids, self.sequence))

    def identity(self, bank: str) -> dict[str, object]:
        """Return what of the source decides a result with this bank."""
        along = [self.sequence, self.same_sim(bank)] if self.sequence else None
        return {
            "features": self.about["features"]["sha256"],
            "sequence": along,
            "bank": [bank, self.bank_identity(bank)],
            **self.judged,
        }

    def odd_rows(self) -> list[str]:
        """Return a note on each kind of stored row that is probably a mistake."""
        return []

    def check_room(  # noqa: B027  only some kinds take memory of their own
        self, jobs: Sequence[tuple[Method | None, str]], whole: bool, saved: bool, times: int = 1
    ) -> None:
        """Refuse, before anything is scored, a (method, bank) that the bound cannot hold.

        Args:
            jobs: what is to be scored.
            whole: whether the matrix has to be kept, and not only what is counted of it.
            saved: whether it is to be saved with all that stands beside it.
            times: how many of them are there at once.
        """

    def held_out(self, share: float, seed: int) -> Source:
        """Split the bank's videos: a share of them with their texts, and the rest as their bank.

        Long videos are split whole, where a sequence alignment is asked for.

        Raises:
            InputError: the bank cannot be had as a set of its own, or a part is empty.
        """
        raise InputError(
            f"{self.name} has no bank of texts and videos to tune on: parameters are never chosen "
            "on the test set."
        )

    def within(self) -> dict[str, NDArray[Any]]:
        """Return what is known of ``text_text``, ``video_video`` and ``text_video`` similarities.

        Of the global vectors, or of the similarities given.
        """
        raw = self.sim(None, "test", None).flat()
        return {"text_video": (raw.t2v.astype(np.float64) + raw.v2t) / 2}

    def beside(self, method: Method | None, kind: str) -> dict[str, Any]:
        """Return what a similarity file keeps beside matrices: see ``vrbench.sims.beside``."""
        return {}
