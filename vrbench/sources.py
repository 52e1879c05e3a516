"""Where similarities come from: a feature file and an alignment, or a similarity file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from vrbench.alignments import Method
from vrbench.alignments.driver import BLOCK_BYTES, Progress, score
from vrbench.alignments.threads import find_device
from vrbench.errors import InputError
from vrbench.features import Features, Tokens
from vrbench.folding import fold
from vrbench.memory import block_bytes, spare
from vrbench.memory import fits as fits_memory
from vrbench.normalizing import BankSim
from vrbench.sim import DIRECTIONS, Direction, Sim
from vrbench.simfile import SimFile
from vrbench.stored import spool
from vrbench.truth import Truth

SPOOLED = 50_000_000
"""Bytes of a bank's similarities that are scored at once, where they go to disk."""


@dataclass(frozen=True)
class Compute:
    """How to compute; nothing here changes a result beyond rounding.

    Attributes:
        precision: ``single`` or ``double``.
        device: ``auto``, ``cpu`` or ``cuda``.
        workers: threads; None: one a core.
        memory: bytes that the process may hold; None: unbounded.
        matrix: whether similarities are kept where a norm does not need all of them.
    """

    precision: Literal["single", "double"] = "single"
    device: str = "auto"
    workers: int | None = None
    memory: int | None = None
    matrix: bool = True


class Source(Protocol):
    """Similarities of texts and videos, and of the bank."""

    about: dict[str, Any]
    notes: tuple[str, ...]
    truth: Truth
    text_ids: NDArray[Any]
    video_ids: NDArray[Any]
    has_bank: bool
    captions: NDArray[Any] | None
    given_norm: str

    def pairs(self, bank: str) -> int:
        """Return how many similarities one alignment computes with this bank."""

    def bank_identity(self, kind: str) -> str | int | None:
        """Return what tells a bank of this kind from another one."""

    def version(self, bank: str) -> str:
        """Return which of its similarities ``sim`` gives for this bank."""

    def check_room(self, banks: Sequence[str]) -> None:
        """Refuse, before anything is scored, what the bound of memory cannot hold."""

    def sim(self, method: Method | None, bank: str, progress: Progress | None) -> Sim:
        """Return the raw similarities."""

    def bank(self, method: Method | None, kind: str, progress: Progress | None) -> BankSim:
        """Return the bank of the kind ``none``, ``train``, ``test``, ``rolling`` or ``file``."""


@dataclass(eq=False)
class FeatureSource:
    """A feature file, scored by an alignment.

    Attributes:
        features: the file, limited to the items wanted.
        compute: how to compute.
        other: the bank of ``--bank FILE``: a feature file or a similarity file.
        window: queries in a rolling bank; 0: all so far.
    """

    features: Features
    compute: Compute = field(default_factory=Compute)
    other: Features | SimFile | None = None
    window: int = 0

    def __post_init__(self) -> None:
        features = self.features
        attrs = features.attrs
        self.text_ids, self.video_ids = _names(features.text), _names(features.video)
        self.truth = Truth.of(
            (len(features.text), len(features.video)), text_video=features.text_video
        )
        self.notes = features.notes
        self.captions = features.text.captions
        self.given_norm = "none"
        self.has_bank = features.bank_text is not None and features.bank_video is not None
        self.about = {
            "dataset": str(attrs.get("dataset") or features.path.stem),
            "split": _text(attrs.get("split")),
            "encoder": _text(attrs.get("encoder")),
            "features": {"file": features.path.name, "sha256": features.sha256()},
        }

    def pairs(self, bank: str) -> int:
        """Return how many similarities one alignment computes with this bank."""
        sides = [(self.features.text, self.features.video), *self.bank_pairs(bank)]
        return sum(len(text) * len(video) for text, video in sides)

    def bank_pairs(self, bank: str) -> list[tuple[Tokens, Tokens]]:
        """Return the (text, video) sides that are scored for a bank."""
        texts, videos = self._bank_sides(bank)
        found = [(texts, self.features.video), (self.features.text, videos)]
        return [(text, video) for text, video in found if text and video]

    def bank_identity(self, kind: str) -> str | int | None:
        """Return the window, or the sha256 of the other file."""
        return _bank_identity(kind, self.other, self.window)

    def version(self, bank: str) -> str:
        """Return ``raw``, or ``folded`` where no matrix is kept."""
        fits = self.compute.matrix and fits_memory(2 * self._width * self.pairs("none"))
        return "raw" if fits or bank != "none" else "folded"

    def check_room(self, banks: Sequence[str]) -> None:
        """Refuse a bound of memory that is too small for the matrices of the whole grid.

        Raises:
            InputError: it is; the sentence says how much would be enough.
        """
        whole = [bank for bank in banks if self.version(bank) != "folded"]
        if whole and self.compute.memory is not None:
            normalized = self._normalized if any(bank != "none" for bank in whole) else 0
            raw = 2 * self._width * self.pairs("none")
            block_bytes(self.compute.memory, raw + normalized, BLOCK_BYTES)

    def sim(self, method: Method | None, bank: str, progress: Progress | None) -> Sim:
        """Score every text against every video, now or when the similarities are read."""
        if self.version(bank) == "folded":
            assert method is not None
            how = self.compute
            exact = how.precision == "single" and find_device(how.device).type == "cpu"
            return fold(self._score, method, self.features, self.truth, exact, progress)
        directions = 1 if method is not None and method.symmetric else 2
        raw = self.pairs("none") * self._width * directions
        sides = self.features.text, self.features.video
        more = 0 if bank == "none" else self._normalized
        return self._score(method, *sides, "both", progress, raw + more)

    @property
    def _width(self) -> int:
        """Bytes of a similarity."""
        return 8 if self.compute.precision == "double" else 4

    @property
    def _normalized(self) -> int:
        """Bytes of both directions' matrices after a norm."""
        return 2 * 8 * self.pairs("none")

    def bank(self, method: Method | None, kind: str, progress: Progress | None) -> BankSim:
        """Score the bank's texts against the videos, and the texts against the bank's videos."""
        if kind == "file" and isinstance(self.other, SimFile):
            return BankSim("file", whole_bank(self.other))
        texts, videos = self._bank_sides(kind)
        if texts is None and videos is None:
            return BankSim(kind, window=self.window)
        t2v = v2t = captions = None
        if texts is not None:
            t2v = self._bank_matrix(method, texts, "t2v", progress)
        if videos is not None:
            v2t = self._bank_matrix(method, videos, "v2t", progress).T
            if texts is not None and texts.video is not None:
                captions = np.bincount(texts.video, minlength=len(videos))
        return BankSim(kind, Sim(t2v, v2t), captions)

    def _bank_matrix(
        self, method: Method | None, asking: Tokens, keep: Direction, progress: Progress | None
    ) -> Any:
        """(bank queries, gallery) similarities: in memory, or on disk where they do not fit."""
        gallery = self.features.video if keep == "t2v" else self.features.text
        row = len(gallery) * self._width
        room = spare(len(asking) * row)

        def rows(start: int, stop: int) -> NDArray[Any]:
            some = asking.block(start, stop) if stop - start < len(asking) else asking
            sides = (some, gallery) if keep == "t2v" else (gallery, some)
            pending = (stop - start) * row + self._normalized
            return self._score(method, *sides, keep, progress, pending).levels(keep)[0]

        if room == len(asking) * row:
            return rows(0, len(asking))
        step = max(1, SPOOLED // row)
        return spool(
            rows(start, min(start + step, len(asking))) for start in range(0, len(asking), step)
        )

    def _bank_sides(self, kind: str) -> tuple[Tokens | None, Tokens | None]:
        if kind == "train":
            return self.features.bank_text, self.features.bank_video
        if kind == "file" and isinstance(self.other, Features):
            return self.other.text, self.other.video
        return None, None

    def _score(
        self,
        method: Method | None,
        text: Tokens,
        video: Tokens,
        keep: Literal["both", "t2v", "v2t"],
        progress: Progress | None,
        pending: int,
    ) -> Sim:
        """Score two sides, leaving room for ``pending`` bytes of matrices still to come."""
        assert method is not None  # plan() gives every feature file a method
        how = self.compute
        size = BLOCK_BYTES
        if how.memory is not None:
            size = block_bytes(how.memory, pending, BLOCK_BYTES)
        return score(
            text,
            video,
            method,
            precision=how.precision,
            device=how.device,
            workers=how.workers,
            block_bytes=size,
            keep=keep,
            progress=progress,
        )


@dataclass(eq=False)
class SimSource:
    """A similarity file; there is nothing to score.

    Attributes:
        file: the similarity file.
        other: the bank of ``--bank FILE``, a similarity file.
        window: queries in a rolling bank; 0: all so far.
    """

    file: SimFile
    other: Features | SimFile | None = None
    window: int = 0

    def __post_init__(self) -> None:
        self.text_ids, self.video_ids = self.file.text_ids, self.file.video_ids
        self.truth, self.has_bank = self.file.truth, self.file.bank is not None
        self.notes: tuple[str, ...] = ()
        self.captions: NDArray[Any] | None = None
        self.given_norm = self.file.norm
        about = {"file": self.file.path.name, "sha256": self.file.sha256()}
        self.about = {
            "dataset": self.file.path.stem,
            "split": None,
            "encoder": None,
            "features": about,
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
        return _bank_identity(kind, self.other, self.window)

    def version(self, bank: str) -> str:
        """Return ``given`` or ``raw``."""
        return "given" if bank == "none" else "raw"

    def check_room(self, banks: Sequence[str]) -> None:
        """Nothing is scored."""

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
            return BankSim(kind, whole_bank(self.other))
        return BankSim(kind, whole_bank(self.file) if kind == "train" else None, window=self.window)


def whole_bank(file: SimFile) -> Sim | None:
    """Return the bank of a similarity file.

    Raises:
        InputError: it has one direction only.
    """
    for direction in DIRECTIONS if file.bank is not None else ():
        if getattr(file.bank, direction) is None:
            raise InputError(
                f"{file.path} has no bank_{direction}, but a bank is needed in both directions."
            )
    return file.bank


def _bank_identity(kind: str, other: Features | SimFile | None, window: int) -> str | int | None:
    if kind == "file" and other is not None:
        return other.sha256()
    return window if kind == "rolling" else None


def _names(items: Tokens) -> NDArray[Any]:
    """(n,) ids as fixed-width strings, which npz files hold without pickling."""
    return np.array([str(name) for name in items.ids])


def _text(value: Any) -> str | None:
    return None if value in (None, "") else str(value)
