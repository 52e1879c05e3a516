"""A source of similarities: a feature file, scored by an alignment."""

from __future__ import annotations

import sys
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrbench.alignments import Method
from vrbench.alignments.emd import EarthMover
from vrbench.alignments.engine.driver import PairProgress, global_vectors
from vrbench.evaluation.settings import Compute
from vrbench.evaluation.sources.bank_matrix import bank_matrix
from vrbench.evaluation.sources.scorer import Score, Scorer
from vrbench.evaluation.sources.second_bank import SecondBank
from vrbench.evaluation.sources.sizes import Sizes
from vrbench.evaluation.sources.splitting import features_held_out
from vrbench.evaluation.sources.spread import Spread
from vrbench.evaluation.sources.without_matrix import emd_alone, fold
from vrbench.features import Features, Tokens
from vrbench.features.doubts import padding_notes, scan
from vrbench.features.logit_scale import logit_scale
from vrbench.heads.head import Head
from vrbench.normalizations.bank import BankSim
from vrbench.results.about import about
from vrbench.runtime.device import torch_device
from vrbench.runtime.memory import check_fits, spare
from vrbench.sequences.engine.grouping import ordered
from vrbench.sims.beside import MOST_PAIRS
from vrbench.sims.file import SimFile
from vrbench.sims.journal import folder_of
from vrbench.sims.names import SEQUENCES
from vrbench.sims.sim import Direction, Sim
from vrbench.sims.truth import Truth


@dataclass(eq=False)
class FeatureSource(SecondBank):
    """A feature file, scored by an alignment.

    Attributes:
        features: the file, limited to the items wanted.
        compute: how to compute.
        other: the bank of ``--bank FILE``: a feature file or a similarity file.
        window: queries before the current one in a rolling bank; 0: all so far.
        head: what all sides went through.
        queue: whether the train bank is the head's.
    """

    features: Features = field()
    compute: Compute = field(default_factory=Compute)
    other: Features | SimFile | None = None
    window: int = 0
    head: Head | None = None
    queue: bool = False

    def __post_init__(self) -> None:
        features, self.aligned = self.features, True
        attrs = features.attrs
        self.text_ids, self.video_ids = _names(features.text), _names(features.video)
        self.truth = Truth.of(
            (len(features.text), len(features.video)), text_video=features.text_video
        )
        self.notes = (*features.notes, *features.data_notes)
        self.captions = features.text.captions
        self.scale = self.head.scale if self.head else None
        if self.scale is None:
            self.scale = logit_scale(attrs.get("scale"), str(features.path))
        self._room = spare(sys.maxsize)
        self._score: Score = Scorer(self.compute)
        if self.compute.blocks is not None:
            self.blocks = folder_of(self.compute.blocks, features.path)
        if self.compute.backend is not None:
            self._score = Spread.of(self.compute, self.compute.backend, self.blocks)
        width = 8 if self.compute.precision == "double" else 4
        self._sizes = Sizes(len(features.text), len(features.video), width)
        self.has_bank = features.bank_text is not None and features.bank_video is not None
        self.about = about(features)

    def sides(self, bank: str) -> list[tuple[Tokens, Tokens]]:
        """Return the (text, video) items that are scored with this bank, the test set first."""
        text, video = self._sides
        texts, videos = self._bank_sides(bank)
        found = [(text, video), (texts, video), (text, videos)]
        return [(text, video) for text, video in found if text and video]

    def bank_identity(self, kind: str) -> str | int | None:
        """Return what tells a bank of this kind from another one."""
        return "head" if kind == "train" and self.queue else super().bank_identity(kind)

    def bank_notes(self, kind: str) -> list[str]:
        """Return what a reader should know of another file, or of a head, that is the bank."""
        if kind != "train" or not self.queue:
            return super().bank_notes(kind)
        return ["The bank is the head's queue: its last training queries, repeats and all."]

    def bank_ids(self, kind: str) -> Mapping[str, NDArray[Any] | None]:
        """Return the ids of the bank's queries; of ``--bank FILE`` those of its file."""
        if kind == "file" and isinstance(self.other, SimFile):
            return super().bank_ids(kind)
        sides = zip(("text", "video"), self._bank_sides(kind), strict=True)
        return {side: None if items is None else items.ids for side, items in sides}

    def keeps_matrix(self, bank: str, method: Method | None = None) -> bool:
        """Whether a norm needs the matrix, or there is room for it and it is wanted."""
        size = self._sizes.raw(levels=_levels(method))
        return bank != "none" or (self.compute.matrix and size <= self._room)

    def same_sim(self, bank: str) -> Hashable:
        """Return whether the matrix is kept."""
        return self.keeps_matrix(bank)

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
        self, jobs: Sequence[tuple[Method | None, str]], whole: bool, saved: bool, times: int = 1
    ) -> None:
        """Refuse a bound of memory that is too small for the matrices of the whole grid.

        Raises:
            InputError: it is; the sentence says how much would be enough.
        """
        instead = ", or fewer items (--limit)"
        if self.compute.backend is not None:
            instead += "; whatever the workers are, this process holds and normalizes them"
        for method, bank in jobs:
            levels = _levels(method)
            size = self._sizes.raw(levels=levels) + self._normalized(bank, levels)
            if saved:
                texts, videos = (len(side or ()) for side in self._bank_sides(bank))
                size += self._sizes.beside(texts, videos, levels)
            elif not self.keeps_matrix(bank, method) and not whole:
                size = 0
            check_fits(times * size, self._room, instead)

    def sim(self, method: Method | None, bank: str, progress: PairProgress | None) -> Sim:
        """Score every text against every video, now or when the similarities are read."""
        if not self.keeps_matrix(bank, method):
            assert method is not None
            exact = self.bounds(method)
            return fold(self._score, method, exact, self.features, self.truth, progress)
        directions = 1 if method is not None and method.symmetric else 2
        levels = _levels(method)
        pending = self._sizes.raw(directions, levels) + self._normalized(bank, levels)
        return self._score(method, *self._sides, "both", progress, pending)

    def _normalized(self, bank: str, levels: int) -> int:
        """Bytes of what a norm makes, and of the level that it works on where there are several."""
        one = 0 if levels == 1 else 8 * self._sizes.pairs
        return 0 if bank == "none" else self._sizes.normalized + one

    @property
    def _sides(self) -> tuple[Tokens, Tokens]:
        return self.features.text, self.features.video

    def bounds(self, method: Method | None) -> EarthMover | None:
        """Return the alignment that bounds rank: ``emd`` alone, of float32 products on the CPU."""
        how = self.compute
        usual = how.precision == "single" and torch_device(how.device) == "cpu"
        return emd_alone(method) if usual and method is not None else None

    def bank(self, method: Method | None, kind: str, progress: PairProgress | None) -> BankSim:
        """Score the bank's texts against the videos, and the texts against the bank's videos."""
        texts, videos = self._bank_sides(kind)
        if texts is None and videos is None:
            return super().bank(method, kind, progress)
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
        if self._sizes.within_is_kept:
            kept |= self.within()
            del kept["text_video"]  # there it names each text's video
        if texts is None or videos is None or texts.video is None:
            return kept
        kept["bank_text_video"] = texts.video
        pairs = len(texts) * len(videos)
        if pairs <= MOST_PAIRS:
            pending = self._sizes.banked(len(texts), len(videos), _levels(method))
            sim = self._score(method, texts, videos, "both", None, pending)
            kept |= {"bank_bank_t2v": sim.t2v}
            kept |= {} if sim.v2t is sim.t2v else {"bank_bank_v2t": sim.v2t}
        return kept

    def _bank_matrix(
        self, method: Method | None, queries: Tokens, keep: Direction, progress: PairProgress | None
    ) -> Any:
        gallery = self.features.video if keep == "t2v" else self.features.text
        return bank_matrix(self._score, self._sizes, method, queries, gallery, keep, progress)

    def held_out(self, share: float, seed: int) -> FeatureSource:
        """Split the bank's videos."""
        cut = features_held_out(self.features, self._bank_wholes, share, seed)
        return replace(self, features=cut, other=None, window=0, queue=False)

    def _bank_wholes(self, videos: Tokens) -> NDArray[np.int64]:
        """(n,) the number of what each bank video must stay together with: itself."""
        return np.arange(len(videos))

    def _bank_sides(self, kind: str) -> tuple[Tokens | None, Tokens | None]:
        if kind == "train":
            return self.features.bank_text, self.features.bank_video
        if kind == "file" and isinstance(self.other, Features):
            return self.other.text, self.other.video
        return None, None


def _levels(method: Method | None) -> int:
    """Return how many matrices a method makes of each direction."""
    return max(1, len(method.levels)) if method is not None else 1


def _names(items: Tokens) -> NDArray[Any]:
    """(n,) ids as fixed-width strings, which npz files hold without pickling."""
    return np.array([str(name) for name in items.ids])
