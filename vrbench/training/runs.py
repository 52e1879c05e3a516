"""Runs of consecutive clips of long videos, and batches of runs that are hard to tell apart."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vrbench.alignments.engine.driver import global_vectors
from vrbench.training.items import Index, TrainingItems, long_videos

BLOCK = 256
"""Clips whose vectors are made at once."""


@dataclass(frozen=True, eq=False)
class Runs:
    """Long videos cut into runs.

    Attributes:
        clips: the rows of the videos of each run, in order.
        sequence: (runs,) which long video each is of.
        vectors: (runs, d) mean of its clips' global vectors, of length 1.
        items: where the clips are.
    """

    clips: list[Index]
    sequence: NDArray[np.int64]
    vectors: NDArray[np.float64]
    items: TrainingItems

    @classmethod
    def of(cls, items: TrainingItems, length: int) -> Runs:
        """Cut the training videos that have a text into runs of at most ``length`` clips.

        The runs of a long video are as equal as can be.

        Raises:
            InputError: the clips have no sequence or no place in it.
        """
        groups = long_videos(items.video)
        trained = groups.order[np.isin(groups.order, items.trained)]
        clips, sequence = [], []
        for number in np.unique(groups.item[trained]):
            mine = trained[groups.item[trained] == number]
            parts = np.array_split(mine, -(-len(mine) // length))
            clips += parts
            sequence += [number] * len(parts)
        return cls(clips, np.array(sequence), _vectors(items, clips), items)

    def batches(self, epoch: int, size: int, seed: int) -> Iterator[tuple[Index, Index]]:
        """Yield the texts of each batch of an epoch, and how many clips each of its runs has.

        An epoch has every run once, with a random caption of each clip. A batch begins with a
        random run and goes on with the nearest ones of other long videos, up to ``size`` clips;
        what is left at the end without another long video to tell it from is left out.
        """
        rng = np.random.default_rng([seed, epoch])
        texts = self._texts(rng)
        left = list(rng.permutation(len(self.clips)))
        while left:
            chosen = self._hard(left, size)
            left = [run for run in left if run not in chosen]
            if len(chosen) > 1:
                rows = np.concatenate([self.clips[run] for run in chosen])
                yield texts[rows], np.array([len(self.clips[run]) for run in chosen])

    def _hard(self, left: list[int], size: int) -> list[int]:
        """Return the first of these runs, and the nearest of others, one of a long video each."""
        chosen, seen = [left[0]], {self.sequence[left[0]]}
        near = self.vectors[left] @ self.vectors[left[0]]
        clips = len(self.clips[left[0]])
        for place in np.argsort(-near, kind="stable"):
            run = left[place]
            clips += len(self.clips[run]) if self.sequence[run] not in seen else 0
            if clips > size and len(chosen) > 1:
                break
            if self.sequence[run] not in seen:
                chosen.append(run)
                seen.add(self.sequence[run])
        return chosen

    def _texts(self, rng: np.random.Generator) -> Index:
        """(n_video,) a random text of each video; -1 where it has none."""
        found = np.full(len(self.items.video), -1, dtype=np.int64)
        order = rng.permutation(len(self.items.owner))
        found[self.items.owner[order]] = order
        return found


def _vectors(items: TrainingItems, clips: list[Index]) -> NDArray[np.float64]:
    rows = np.concatenate(clips)
    text_of = np.full(len(items.video), -1, dtype=np.int64)
    text_of[items.owner] = np.arange(len(items.owner))
    blocks = (rows[start : start + BLOCK] for start in range(0, len(rows), BLOCK))
    each = np.concatenate([global_vectors(items.pairs(text_of[block])[1]) for block in blocks])
    ends = np.cumsum([len(run) for run in clips])
    means = np.array([part.mean(0) for part in np.split(each, ends[:-1])])
    return np.asarray(means / np.maximum(np.linalg.norm(means, axis=1, keepdims=True), 1e-12))
