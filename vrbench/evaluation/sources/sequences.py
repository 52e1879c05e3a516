"""A source of paragraphs and long videos: captions and clips, scored and aligned in sequence."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from vrbench.alignments import Method
from vrbench.alignments.engine.driver import PairProgress
from vrbench.evaluation.sources.features import FeatureSource
from vrbench.evaluation.sources.scorer import Scorer
from vrbench.evaluation.sources.sequencing import Sequencing, joined
from vrbench.features import Tokens
from vrbench.normalizations.bank import BankSim
from vrbench.runtime.memory import spare
from vrbench.sequences import SequenceAlignment, sequences
from vrbench.sequences.engine.grouping import Grouping, group_tokens, paragraph_truth
from vrbench.sequences.engine.windows import apart, apart_note, timed, whole_windows
from vrbench.sims.sim import DIRECTIONS, Direction, Sim

CHUNK_BYTES = 400_000_000
"""Size of the clip-caption similarities that are in memory at once, both directions."""
MATCHES = 64
"""Matched pairs that are scored together, as a square of which the diagonal is read."""

Keep = Literal["both", "t2v", "v2t"]


@dataclass(eq=False)
class SequenceFeatures(FeatureSource):
    """A feature file whose items are captions and clips of sequences.

    Attributes:
        along: the sequence alignment over the alignment.
        apart: a note on pairs that a bucket's value was not taken of, by their kind of bank.
    """

    along: SequenceAlignment = field(kw_only=True)
    apart: dict[str, str] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.sequence = sequences.spec(self.along)
        text, video = self.features.text, self.features.video
        self.texts, self.videos = group_tokens(text, captions=True), group_tokens(video)
        ids = self.text_ids, self.video_ids
        self.truth = paragraph_truth(self.truth, self.texts, self.videos, ids)
        self.text_ids, self.video_ids = self.texts.ids, self.videos.ids
        self.captions = None if self.captions is None else joined(self.captions, self.texts)

    def keeps_matrix(self, bank: str, method: Method | None = None) -> bool:
        """Whether there is a matrix of paragraphs and long videos: always."""
        return True

    def same_sim(self, bank: str) -> Hashable:
        """Return whose matched similarities a bucket is taken of; None without one."""
        return None if self.along.matched_quantile is None else self._matched_kind(bank)

    def check_room(
        self, jobs: Sequence[tuple[Method | None, str]], whole: bool, saved: bool, times: int = 1
    ) -> None:
        """Clip-caption similarities are scored in blocks; each asks for its own room."""

    def _matched_kind(self, bank: str) -> str:
        """Return the kind of bank whose texts name their videos; ``test`` without one."""
        kind = "train" if bank == "none" else bank
        texts, videos = self._bank_sides(kind)
        known = texts is not None and videos is not None and texts.video is not None
        return kind if known else "test"

    def sim(self, method: Method | None, bank: str, progress: PairProgress | None) -> Sim:
        """Score every paragraph against every long video."""
        sides = (self.features.text, self.texts), (self.features.video, self.videos)
        return self._align(method, bank, *sides, "both", progress)

    def odd_rows(self) -> list[str]:
        """Return the notes on stored rows, and on captions that are apart from their clips."""
        return [*super().odd_rows(), *self.apart.values()]

    def bank(self, method: Method | None, kind: str, progress: PairProgress | None) -> BankSim:
        """Score the bank's paragraphs against the videos, the paragraphs against its videos."""
        texts, videos = self._bank_sides(kind)
        if texts is None and videos is None:
            return BankSim(kind, window=self.window)
        features, t2v, v2t, captions = self.features, None, None, None
        if texts is not None:
            sides = (texts, group_tokens(texts, captions=True)), (features.video, self.videos)
            t2v = self._align(method, kind, *sides, "t2v", progress).t2v
        if videos is not None:
            banked = group_tokens(videos)
            sides = (features.text, self.texts), (videos, banked)
            v2t = self._align(method, kind, *sides, "v2t", progress).v2t
            if texts is not None:
                known = group_tokens(texts, captions=True).ids
                captions = np.isin(banked.ids, known).astype(np.int64)
        return BankSim(kind, Sim(t2v, v2t), captions)

    def inner(self, method: Method | None, kind: str, progress: PairProgress | None) -> Sim | None:
        """Score the bank's paragraphs against its long videos."""
        texts, videos = self._bank_sides(kind)
        if texts is None or videos is None:
            return None
        sides = (texts, group_tokens(texts, captions=True)), (videos, group_tokens(videos))
        return self._align(method, kind, *sides, "both", progress)

    def beyond(
        self, method: Method | None, kind: str, bank: BankSim, progress: PairProgress | None
    ) -> Sim | None:
        """Score the test set's paragraphs against the bank's long videos, and the other way."""
        texts, videos = self._bank_sides(kind)
        if texts is None or videos is None:
            return None
        own = (self.features.text, self.texts), (self.features.video, self.videos)
        banked = (texts, group_tokens(texts, captions=True)), (videos, group_tokens(videos))
        t2v = self._align(method, kind, own[0], banked[1], "t2v", progress).t2v
        return Sim(t2v, self._align(method, kind, banked[0], own[1], "v2t", progress).v2t)

    def bank_ids(self, kind: str) -> Mapping[str, NDArray[Any] | None]:
        """Return the names of the bank's paragraphs and long videos."""
        texts, videos = self._bank_sides(kind)
        return {
            "text": None if texts is None else group_tokens(texts, captions=True).ids,
            "video": None if videos is None else group_tokens(videos).ids,
        }

    def beside(self, method: Method | None, kind: str) -> dict[str, Any]:
        """Return the paragraphs: what else a similarity file may keep is about single items."""
        return {} if self.captions is None else {"captions": self.captions}

    def _bank_wholes(self, videos: Tokens) -> NDArray[np.int64]:
        return group_tokens(videos).item

    def _align(
        self,
        method: Method | None,
        kind: str,
        text: tuple[Tokens, Grouping],
        video: tuple[Tokens, Grouping],
        keep: Keep,
        progress: PairProgress | None,
    ) -> Sim:
        (texts, paragraphs), (clips, videos) = text, video
        done, total = 0, len(texts) * len(clips) * len(method.terms if method else ())

        def score(rows: NDArray[np.int64]) -> Sim:
            nonlocal done
            start, pairs = done, len(rows) * len(clips)
            shown = partial(_shifted, progress, start, total) if progress else None
            done += pairs * len(method.terms if method else ())
            return self._score(method, texts.take(rows), clips, keep, shown, 16 * pairs)

        chunk = max(1, spare(CHUNK_BYTES) // (16 * len(clips)))
        matched = self._matched(method, kind)
        stage = Sequencing(self.along, self._longest, *matched, chunk, self._windows)
        return stage.apply(paragraphs, videos, score)

    @cached_property
    def _windows(self) -> bool | None:
        clips = self.features.video
        return whole_windows(clips, self.videos) if timed(clips) else None

    @property
    def _longest(self) -> tuple[int, int]:
        return int(self.texts.lengths.max()), int(self.videos.lengths.max())

    def _matched(
        self, method: Method | None, bank: str
    ) -> tuple[dict[Direction, NDArray[Any]], str | None]:
        """Score the matched clip-caption pairs by direction; nothing where none are read."""
        if self.along.matched_quantile is None:
            return {}, None
        kind = self._matched_kind(bank)
        texts, videos = self._bank_sides(kind)
        if kind == "test":
            texts, videos = self.features.text, self.features.video
        assert texts is not None
        assert videos is not None
        note = apart_note(texts, videos)
        if note is not None:
            self.apart[kind] = note
            texts = texts.select(np.flatnonzero(~apart(texts, videos)))
        parts: dict[Direction, list[NDArray[Any]]] = {direction: [] for direction in DIRECTIONS}
        for start in range(0, len(texts), MATCHES):
            some = texts.block(start, min(start + MATCHES, len(texts)))
            assert some.video is not None  # _matched_kind() has looked
            rows, place = np.unique(some.video, return_inverse=True)
            here = Scorer(self.compute)  # so few pairs are not worth sending
            sim = here(method, some, videos.take(rows), "both", None, 0).flat()
            for direction, values in parts.items():
                values.append(getattr(sim, direction)[np.arange(len(some)), place])
        return {direction: np.concatenate(values) for direction, values in parts.items()}, kind


def _shifted(progress: PairProgress, start: int, total: int, done: int, _: int) -> None:
    progress(start + done, total)
