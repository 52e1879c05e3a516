"""A source of paragraphs and long videos: the similarities of a file, aligned in sequence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrbench.alignments import Method
from vrbench.alignments.engine.driver import PairProgress
from vrbench.errors import InputError
from vrbench.evaluation.sources.sequencing import Sequencing, joined
from vrbench.evaluation.sources.sims import SimSource
from vrbench.normalizations.bank import BankSim
from vrbench.sequences import SequenceAlignment, sequences
from vrbench.sequences.engine.grouping import Grouping, grouping, paragraph_truth
from vrbench.sims.sim import DIRECTIONS, Direction, Sim, as_matrix


@dataclass(eq=False)
class SequenceSims(SimSource):
    """A similarity file of captions and clips, with the sequence of each.

    Attributes:
        along: the sequence alignment over the similarities.
    """

    along: SequenceAlignment = field(kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.sequence = sequences.spec(self.along)
        self.texts, self.videos = self.group("text"), self.group("video")
        if self.truth.gain is not None or self.truth.candidates is not None:
            raise InputError(
                f"{self.file.path} has relevance or candidates, which are of single captions and "
                "clips: leave them out, or --sequence."
            )
        self.pairs_of_clips = self.truth
        ids = self.text_ids, self.video_ids
        self.truth = paragraph_truth(self.truth, self.texts, self.videos, ids)
        self.text_ids, self.video_ids = self.texts.ids, self.videos.ids
        self.captions = None if self.captions is None else joined(self.captions, self.texts)

    def sim(self, method: Method | None, bank: str, progress: PairProgress | None) -> Sim:
        """Align the similarities; a bucket's quantile is that of the matched ones (test set)."""
        given = super().sim(method, bank, progress).flat()
        pairs = self.pairs_of_clips.text, self.pairs_of_clips.video
        matched = {d: as_matrix(getattr(given, d))[pairs] for d in DIRECTIONS}
        return self._align(given, self.texts, self.videos, matched)

    def bank(self, method: Method | None, kind: str, progress: PairProgress | None) -> BankSim:
        """Align the bank in the file, whose sequences it has to name."""
        found = super().bank(method, kind, progress)
        if found.sim is None:
            return found
        if kind == "file":
            raise InputError("--sequence cannot read a bank from another similarity file.")
        own, sim = super().sim(method, kind, progress).flat(), found.sim.flat()
        pairs = self.pairs_of_clips.text, self.pairs_of_clips.video
        matched = {d: as_matrix(getattr(own, d))[pairs] for d in DIRECTIONS}
        texts, videos = self.group("bank_text"), self.group("bank_video")
        t2v = self._align(Sim(sim.t2v, None), texts, self.videos, matched).t2v
        v2t = self._align(Sim(None, sim.v2t), self.texts, videos, matched).v2t
        return BankSim(kind, Sim(t2v, v2t), np.isin(videos.ids, texts.ids).astype(np.int64))

    def inner(self, method: Method | None, kind: str, progress: PairProgress | None) -> Sim | None:
        """Return nothing: what the file has of the bank against itself is of single items."""
        return None

    def bank_ids(self, kind: str) -> Mapping[str, NDArray[Any] | None]:
        """Return the names of the bank's paragraphs and long videos."""
        named = {side: f"bank_{side}_sequence" in self.file.sequences for side in ("text", "video")}
        return {s: self.group(f"bank_{s}").ids if named[s] else None for s in named}

    def bank_wholes(self, n_video: int) -> NDArray[np.int64]:
        """(n_video,) the number of the long video of each bank clip."""
        return self.group("bank_video").item

    def beside(self, method: Method | None, kind: str) -> dict[str, Any]:
        """Return nothing: what the file has beside its matrices is about single items."""
        return {}

    def _align(
        self, sim: Sim, texts: Grouping, videos: Grouping, matched: Mapping[Direction, NDArray[Any]]
    ) -> Sim:
        whole = {d: np.asarray(getattr(sim, d)) for d in DIRECTIONS if getattr(sim, d) is not None}
        symmetric = sim.t2v is sim.v2t

        def clips(rows: NDArray[np.int64]) -> Sim:
            t2v, v2t = (whole[d][rows] if d in whole else None for d in DIRECTIONS)
            return Sim(t2v, t2v if symmetric else v2t)

        longest = int(self.texts.lengths.max()), int(self.videos.lengths.max())
        asked = self.along.matched_quantile is not None
        chunk = len(texts.order)
        return Sequencing(self.along, longest, matched, "test" if asked else None, chunk).apply(
            texts, videos, clips
        )

    def group(self, side: str) -> Grouping:
        """Return the sequences of ``text``, ``video``, ``bank_text`` or ``bank_video``.

        Raises:
            InputError: the file does not name them.
        """
        names = self.file.sequences.get(f"{side}_sequence")
        if names is None:
            raise InputError(
                f"{self.file.path} has no {side}_sequence, which names the sequence of each row: "
                "add it, rows of a sequence in order, or leave --sequence out."
            )
        rows = np.arange(len(names))
        return grouping(names, None, rows, f"{side}_sequence in {self.file.path}")
