"""Where similarities come from, the second of two: a similarity file."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from vrbench.alignments import Method
from vrbench.alignments.engine.driver import Progress
from vrbench.errors import InputError
from vrbench.features import Features
from vrbench.features.logit_scale import logit_scale
from vrbench.normalizations.bank import BankSim
from vrbench.runtime.memory import check_fits, spare
from vrbench.runtime.npz import open_npz
from vrbench.sims.beside import MATRICES
from vrbench.sims.file import SimFile
from vrbench.sims.limiting import bank_for, by_place, matrices
from vrbench.sims.sim import DIRECTIONS, Sim
from vrbench.sims.stored import loaded_bytes


class Asking(Protocol):
    """Test queries, and the file that ``--bank`` names."""

    other: Features | SimFile | None
    sequence: str | None
    text_ids: NDArray[Any]
    video_ids: NDArray[Any]


@dataclass(eq=False)
class SimSource:
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
        self.sequence: str | None = None
        self._room = spare(sys.maxsize)
        self.scale = logit_scale(self.file.beside.get("scale"), str(self.file.path))
        about = {"file": self.file.path.name, "sha256": self.file.sha256()}
        self.about = {
            "dataset": self.file.path.stem,
            "split": None,
            "encoder": None,
            "features": about,
            **({"notes": list(self.notes)} if self.notes else {}),
        }
        if isinstance(self.other, Features):
            raise InputError(
                f"{self.other.path} cannot be the bank of a similarity file: there is no method "
                "to score it with; give a similarity file that holds a bank."
            )

    def pairs(self, bank: str) -> int:
        """Return 0: nothing is computed."""
        return 0

    def bank_identity(self, kind: str) -> str | int | None:
        """Return the window, or the sha256 of the other file."""
        return bank_identity_of(kind, self.other, self.window)

    def bank_ids(self, kind: str) -> Mapping[str, NDArray[Any] | None]:
        """Return the ids of the bank's queries, where its file names them."""
        other = self.other if kind == "file" else self.file
        return bank_ids_of(other) if isinstance(other, SimFile) else {"text": None, "video": None}

    def bank_notes(self, kind: str) -> list[str]:
        """Return what a reader of numbers should know of the other file, where it is the bank."""
        return [*bank_notes_of(kind, self.other), *place_notes(kind, self)]

    def version(self, bank: str) -> str:
        """Return ``given`` or ``raw``."""
        return "given" if bank == "none" else "raw"

    def odd_rows(self) -> list[str]:
        """Return nothing: there are no rows."""
        return []

    def check_room(
        self, jobs: Sequence[tuple[Method | None, str]], whole: bool, saved: bool
    ) -> None:
        """Refuse a bound that what is made of the matrices does not fit in."""
        t2v = self.file.sim.t2v
        # the mean of each direction's levels, and a level that is normalized by itself
        flat = 2 * t2v[0].nbytes + 8 * t2v[0].size if t2v.ndim == 3 else 0
        with open_npz(self.file.opened) as npz:
            beside = loaded_bytes(npz, MATRICES) if saved else 0
        for _, bank in jobs:
            normalized = 2 * 8 * self.truth.n_text * self.truth.n_video if bank != "none" else 0
            check_fits(flat + beside + normalized, self._room)

    def sim(self, method: Method | None, bank: str, progress: Progress | None) -> Sim:
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

    def bank(self, method: Method | None, kind: str, progress: Progress | None) -> BankSim:
        """Return the bank in the file, or of the other file."""
        if kind == "file" and isinstance(self.other, SimFile):
            return BankSim(kind, whole_bank(self.other, self.text_ids, self.video_ids))
        if kind != "train":
            return BankSim(kind, window=self.window)
        bank, owner = whole_bank(self.file), self.file.beside.get("bank_text_video")
        if bank is None or owner is None:
            return BankSim(kind, bank)
        return BankSim(kind, bank, np.bincount(owner, minlength=bank.v2t.shape[-1]))

    def within(self) -> dict[str, NDArray[Any]]:
        """Return the similarities given, the mean of both directions where they differ."""
        raw = self.sim(None, "test", None).flat()
        found = matrices(self.file, ("text_text", "video_video"))
        return {**found, "text_video": (raw.t2v.astype(np.float64) + raw.v2t) / 2}

    def beside(self, method: Method | None, kind: str) -> dict[str, Any]:
        """Return what the file has."""
        return {**self.file.beside, **matrices(self.file, MATRICES)}


def whole_bank(
    file: SimFile, texts: NDArray[Any] | None = None, videos: NDArray[Any] | None = None
) -> Sim | None:
    """Return the bank of a similarity file.

    Args:
        file: it.
        texts: (n_text,) ids of the gallery of v2t that it is used for; None: the file's own.
        videos: (n_video,) ids of the gallery of t2v.

    Raises:
        InputError: it has one direction only, or lacks an item of the gallery.
    """
    for direction in DIRECTIONS if file.bank is not None else ():
        if getattr(file.bank, direction) is None:
            raise InputError(
                f"{file.path} has no bank_{direction}, but a bank is needed in both directions."
            )
    if file.bank is None or texts is None or videos is None:
        return file.bank
    return bank_for(file, texts, videos)


def bank_ids_of(file: SimFile) -> dict[str, NDArray[Any] | None]:
    """Return the ids of the queries of a similarity file's bank, where it names them."""
    return {side: file.beside.get(f"bank_{side}_ids") for side in ("text", "video")}


def bank_notes_of(kind: str, other: Features | SimFile | None) -> list[str]:
    """Return the notes of another file that is the bank, each under its name."""
    if kind != "file" or other is None:
        return []
    notes = other.data_notes if isinstance(other, Features) else other.beside.get("notes", ())
    return [f"Bank {other.path.name}: {note}" for note in notes]


def place_notes(kind: str, source: Asking) -> Iterator[str]:
    """Say that the gallery of a bank in another similarity file is the source's by place."""
    other = source.other
    if kind != "file" or not isinstance(other, SimFile) or source.sequence is not None:
        return
    if by_place(other, source.text_ids, source.video_ids):
        yield (
            f"Bank {other.path.name}: its rows and columns are those of the test set by place, as "
            "only one of the files has names (text_ids, video_ids)."
        )


def bank_identity_of(kind: str, other: Features | SimFile | None, window: int) -> str | int | None:
    """Return what tells a bank of this kind from another: the file's sha256, or the window."""
    if kind == "file" and other is not None:
        return other.sha256()
    return window and window + 1 if kind == "rolling" else None  # the rows, itself included
