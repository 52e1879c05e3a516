"""The first of two sources of similarities: a feature file with an alignment."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrbench.alignments import Method
from vrbench.alignments.emd import EarthMover
from vrbench.alignments.engine.driver import Progress, global_vectors
from vrbench.evaluation.sources.base import Compute
from vrbench.evaluation.sources.scorer import Scorer
from vrbench.evaluation.sources.sims import (
    bank_identity_of,
    bank_ids_of,
    bank_notes_of,
    place_notes,
    whole_bank,
)
from vrbench.evaluation.sources.without_matrix import emd_alone, fold, readable
from vrbench.features import Features, Tokens
from vrbench.features.doubts import padding_notes, scan
from vrbench.features.logit_scale import logit_scale
from vrbench.normalizations.bank import BankSim
from vrbench.runtime.device import torch_device
from vrbench.runtime.memory import check_fits, spare
from vrbench.sequences.engine.grouping import ordered
from vrbench.sims.beside import MOST_PAIRS
from vrbench.sims.file import SimFile
from vrbench.sims.names import SEQUENCES
from vrbench.sims.sim import Direction, Sim
from vrbench.sims.stored import spool
from vrbench.sims.truth import Truth

SPOOLED = 50_000_000
"""Bytes of a bank's similarities that are scored at once, where they go to disk."""


@dataclass(eq=False)
class FeatureSource:
    """A feature file, scored by an alignment.

    Attributes:
        features: the file, limited to the items wanted.
        compute: how to compute.
        other: the bank of ``--bank FILE``: a feature file or a similarity file.
        window: queries before the current one in a rolling bank; 0: all so far.
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
        self.notes = (*features.notes, *features.data_notes)
        self.captions = features.text.captions
        self.given_norm = "none"
        self.sequence: str | None = None
        self.scale = logit_scale(attrs.get("scale"), str(features.path))
        self._room = spare(sys.maxsize)
        self._score = Scorer(self.compute)
        self.has_bank = features.bank_text is not None and features.bank_video is not None
        self.about = {
            "dataset": str(attrs.get("dataset") or features.path.stem),
            "split": _text(attrs.get("split")),
            "encoder": _text(attrs.get("encoder")),
            "features": {"file": features.path.name, "sha256": features.sha256()},
            "notes": list(features.data_notes),
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
        return bank_identity_of(kind, self.other, self.window)

    def bank_ids(self, kind: str) -> Mapping[str, NDArray[Any] | None]:
        """Return the ids of the bank's queries; of ``--bank FILE`` those of its file."""
        if kind == "file" and isinstance(self.other, SimFile):
            return bank_ids_of(self.other)
        sides = zip(("text", "video"), self._bank_sides(kind), strict=True)
        return {side: None if items is None else items.ids for side, items in sides}

    def bank_notes(self, kind: str) -> list[str]:
        """Return what a reader of numbers should know of the other file, where it is the bank."""
        return [*bank_notes_of(kind, self.other), *place_notes(kind, self)]

    def version(self, bank: str) -> str:
        """Return ``raw``, or ``folded`` where no matrix is kept."""
        fits = self.compute.matrix and 2 * self._width * self.pairs("none") <= self._room
        return "raw" if fits or bank != "none" else "folded"

    def odd_rows(self) -> list[str]:
        """Return how many rows may be padding where dot products are scored, unless it is known."""
        return [note for note in self._padding if note not in self.features.data_notes]

    @cached_property
    def _padding(self) -> list[str]:
        if self.features.video.normalized:
            return []  # zeros are refused
        sides = {"video": self.features.video, "text": self.features.text}
        return [n for side, items in sides.items() for n in padding_notes(side, items, scan(items))]

    def check_room(
        self, jobs: Sequence[tuple[Method | None, str]], whole: bool, saved: bool
    ) -> None:
        """Refuse a bound of memory that is too small for the matrices of the whole grid.

        Raises:
            InputError: it is; the sentence says how much would be enough.
        """
        raw = 2 * self._width * self.pairs("none")
        for method, bank in jobs:
            size = raw + (self._normalized if bank != "none" else 0)
            if saved:
                size += self._beside(bank)
            elif self.version(bank) == "folded" and not whole:
                size = 4 * self.pairs("none") if self.bounds(method) else 0
            check_fits(size, self._room, ", or fewer items (--limit)")

    def sim(self, method: Method | None, bank: str, progress: Progress | None) -> Sim:
        """Score every text against every video, now or when the similarities are read."""
        if self.version(bank) == "folded":
            assert method is not None
            exact = self.bounds(method)
            return fold(self._score, method, exact, self.features, self.truth, progress)
        directions = 1 if method is not None and method.symmetric else 2
        raw = self.pairs("none") * self._width * directions
        more = 0 if bank == "none" else self._normalized
        return self._score(method, *self._sides, "both", progress, raw + more)

    @property
    def _sides(self) -> tuple[Tokens, Tokens]:
        return self.features.text, self.features.video

    def bounds(self, method: Method | None) -> EarthMover | None:
        """Return the alignment that bounds rank: ``emd`` alone, of float32 products on the CPU."""
        how = self.compute
        usual = how.precision == "single" and torch_device(how.device) == "cpu"
        return emd_alone(method) if usual and method is not None else None

    @property
    def _width(self) -> int:
        """Bytes of a similarity."""
        return 8 if self.compute.precision == "double" else 4

    @property
    def _normalized(self) -> int:
        """Bytes of both directions' matrices after a norm."""
        return 2 * 8 * self.pairs("none")

    def _beside(self, bank: str) -> int:
        """Bytes of the matrices that ``beside`` makes."""
        texts, videos = self._bank_sides(bank)
        banked = len(texts) * len(videos) if texts is not None and videos is not None else 0
        text, video = map(len, self._sides)
        within = text**2 + video**2 + text * video if self._within_is_kept else 0
        return 8 * within + (2 * self._width * banked if banked <= MOST_PAIRS else 0)

    @property
    def _within_is_kept(self) -> bool:
        return max(map(len, self._sides)) ** 2 <= MOST_PAIRS

    def bank(self, method: Method | None, kind: str, progress: Progress | None) -> BankSim:
        """Score the bank's texts against the videos, and the texts against the bank's videos."""
        if kind == "file" and isinstance(self.other, SimFile):
            return BankSim("file", whole_bank(self.other, self.text_ids, self.video_ids))
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

    def within(self) -> dict[str, NDArray[Any]]:
        """Return the products of the global vectors, in float64."""
        text, video = global_vectors(self.features.text), global_vectors(self.features.video)
        within = {"text_text": text @ text.T, "video_video": video @ video.T}
        return {**within, "text_video": text @ video.T}

    def beside(self, method: Method | None, kind: str) -> dict[str, Any]:
        """Score what tuning and figures need, up to ``MOST_PAIRS`` pairs a matrix."""
        kept: dict[str, Any] = {"scale": self.scale}
        named = ((side, ids) for side, ids in self.bank_ids(kind).items() if ids is not None)
        kept |= {f"bank_{side}_ids": np.array([str(name) for name in ids]) for side, ids in named}
        if self.captions is not None:
            kept["captions"] = np.array([str(caption) for caption in self.captions])
        texts, videos = self._bank_sides(kind)
        sides = (self.features.text, self.features.video, texts, videos)
        kept |= {key: ordered(side) for key, side in zip(SEQUENCES, sides, strict=True) if side}
        if self._within_is_kept:
            kept |= self.within()
            del kept["text_video"]  # there it names each text's video
        if texts is None or videos is None or texts.video is None:
            return kept
        kept["bank_text_video"] = texts.video
        pairs = len(texts) * len(videos)
        if pairs <= MOST_PAIRS:
            sim = self._score(method, texts, videos, "both", None, 2 * self._width * pairs)
            kept |= {"bank_bank_t2v": sim.t2v}
            kept |= {} if sim.v2t is sim.t2v else {"bank_bank_v2t": sim.v2t}
        return kept

    def _bank_matrix(
        self, method: Method | None, asking: Tokens, keep: Direction, progress: Progress | None
    ) -> Any:
        """(bank queries, gallery) similarities: in memory, or on disk where they do not fit."""
        gallery = self.features.video if keep == "t2v" else self.features.text
        row = len(gallery) * self._width
        whole = spare(len(asking) * row, self._normalized) == len(asking) * row

        def rows(start: int, stop: int) -> NDArray[Any]:
            some = asking.block(start, stop) if stop - start < len(asking) else asking
            sides = (some, gallery) if keep == "t2v" else (gallery, some)
            pending = (stop - start) * row + self._normalized
            return self._score(method, *sides, keep, progress, pending).levels(keep)[0]

        if whole:
            return rows(0, len(asking))
        step = max(1, min(SPOOLED // row, readable(asking)))
        return spool(
            rows(start, min(start + step, len(asking))) for start in range(0, len(asking), step)
        )

    def _bank_sides(self, kind: str) -> tuple[Tokens | None, Tokens | None]:
        if kind == "train":
            return self.features.bank_text, self.features.bank_video
        if kind == "file" and isinstance(self.other, Features):
            return self.other.text, self.other.video
        return None, None


def _names(items: Tokens) -> NDArray[Any]:
    """(n,) ids as fixed-width strings, which npz files hold without pickling."""
    return np.array([str(name) for name in items.ids])


def _text(value: Any) -> str | None:
    return None if value in (None, "") else str(value)
