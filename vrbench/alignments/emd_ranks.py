"""Exact ranks under ``emd`` without its matrix: bounds on most pairs, the solver on the rest."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrbench.alignments import Method, driver
from vrbench.alignments.emd import EarthMover
from vrbench.alignments.emd_bounds import Pairs, Relaxed
from vrbench.alignments.items import Items, prepare
from vrbench.features.tokens import Tokens
from vrbench.metrics import Counts
from vrbench.sim import Direction
from vrbench.truth import Truth

Array = NDArray[Any]

MARGIN = 1e-5
"""A pair is dropped if its bound falls short by more than this: bounds are rounded."""


@dataclass(frozen=True, eq=False)
class EmdRanks:
    """What beats and ties each query's right item, and how it was found.

    Attributes:
        counts: by direction.
        solved: share of the pairs that the exact solver was needed for.
    """

    counts: dict[Direction, Counts]
    solved: float


def rank(
    text: Tokens, video: Tokens, truth: Truth, exact: EarthMover, workers: int | None = None
) -> EmdRanks:
    """Count both directions' ranks (v2t: best captions); they are those of the whole matrix.

    A pair matters only if its similarity reaches that of its text's or its video's right pair.
    Upper bounds, each tried on what the one before left, show of most pairs that it does not:
    ``Relaxed``; the optimal duals of the text's and of the video's right pair, made feasible for
    this one; the duals of a few Sinkhorn steps.

    Args:
        text: n_text items.
        video: n_video items; both sides are held in memory, and one float32 matrix of bounds.
        truth: the right pairs.
        exact: the alignment, in float32 products.
        workers: threads; None: one a core. The result does not depend on it.
    """
    import torch

    relaxed = Method(((1.0, Relaxed(exact)),))
    bound = driver.score(text, video, relaxed, device="cpu", workers=workers, keep="t2v").t2v
    on = torch.device("cpu")
    texts, videos = (prepare(side.block(0, len(side)), torch.float32, on) for side in (text, video))
    work = _Work(exact, texts, videos, truth)
    _ = texts.global_vectors, videos.global_vectors  # made before the threads ask for them
    threads, before = workers or len(os.sched_getaffinity(0)), torch.get_num_threads()
    with ThreadPoolExecutor(threads, initializer=torch.set_num_threads, initargs=(1,)) as pool:
        work.remember(list(pool.map(work.own, range(truth.n_text))))
        found = list(pool.map(work.others, range(truth.n_text), bound))
    torch.set_num_threads(before)
    pairs = [np.concatenate(parts) for parts in zip(*found, strict=True)]
    counts = {d: work.count(d, *pairs) for d in ("t2v", "v2t")}
    solved = (len(truth.text) + len(pairs[0])) / bound.size
    return EmdRanks(counts, solved)  # type: ignore[arg-type]


class _Work:
    """The two sides, and what is known of the right pairs."""

    def __init__(self, exact: EarthMover, texts: Items, videos: Items, truth: Truth) -> None:
        self.exact, self.texts, self.videos, self.truth = exact, texts, videos, truth
        order = np.argsort(truth.text, kind="stable")
        self.right = np.split(truth.video[order], np.searchsorted(truth.text[order], np.arange(1, truth.n_text)))
        self.best: dict[Direction, Array] = {}

    def own(self, i: int) -> list[tuple[float, Array, Array]]:
        """Solve the right pairs of text i."""
        index = self.right[i]
        pairs = Pairs(self.exact, self.texts, i, self.videos, index)
        return [pairs.solve(k) for k in range(len(index))]

    def remember(self, solved: list[list[tuple[float, Array, Array]]]) -> None:
        """Keep the best right similarity of each item, and the duals that belong to it."""
        text = np.full(self.truth.n_text, np.inf, np.float32)
        video = np.full(self.truth.n_video, np.inf, np.float32)
        self.words: dict[int, Array] = {}
        frames: dict[int, Array] = {}
        for i, (index, found) in enumerate(zip(self.right, solved, strict=True)):
            for j, (value, u, v) in zip(index.tolist(), found, strict=True):
                if i not in self.words or value > text[i]:
                    text[i], self.words[i] = value, v
                if j not in frames or value > video[j]:
                    video[j], frames[j] = value, u
        self.best = {"t2v": text, "v2t": video}
        offsets = self.videos.offsets
        self.frames = np.zeros(offsets[-1])
        for j, dual in frames.items():
            self.frames[offsets[j] : offsets[j + 1]] = dual

    def others(self, i: int, bound: Array) -> tuple[Array, Array, Array]:
        """Return (text, video, similarity) of the pairs of text i that its bounds leave."""
        need = np.minimum(self.best["t2v"][i], self.best["v2t"]) - MARGIN
        left = bound >= need
        left[self.right[i]] = False
        index = np.flatnonzero(left)
        if len(index):
            index, values = self._solve(i, index, need[index])
        else:
            values = np.empty(0, np.float32)
        return np.full(len(index), i), index, values

    def _solve(self, i: int, index: Array, need: Array) -> tuple[Array, Array]:
        pairs = Pairs(self.exact, self.texts, i, self.videos, index)
        rows = np.concatenate([np.arange(*self.videos.offsets[j : j + 2]) for j in index])
        bound = np.minimum(pairs.bound_by_words(self.words[i]), pairs.bound_by_frames(self.frames[rows]))
        left = bound >= need
        if left.any():
            left &= pairs.bound_by_sinkhorn() >= need
        left = np.flatnonzero(left)
        return index[left], np.array([pairs.solve(k)[0] for k in left], dtype=np.float32)

    def count(self, direction: Direction, text: Array, video: Array, value: Array) -> Counts:
        """Count what the solved foreign pairs do to each query of a direction."""
        query, best = text if direction == "t2v" else video, self.best[direction]
        asked = np.isfinite(best)
        better, tied = (
            np.bincount(query, weights=hits, minlength=len(best)).astype(np.int64)
            for hits in (value > best[query], value == best[query])
        )
        return Counts(asked, better, tied)
