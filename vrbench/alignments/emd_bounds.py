"""Upper bounds of ``emd``: a similarity that cannot be reached needs no solver."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from vrbench.alignments.base import FRAMES, WORDS, TokenAlignment, total
from vrbench.alignments.emd import EarthMover, solve
from vrbench.alignments.items import Items
from vrbench.alignments.tiles import Tile, on_grid
from vrbench.features.tokens import offsets_of, token_rows

if TYPE_CHECKING:
    from torch import Tensor

Array = NDArray[Any]

REG, STEPS = 0.05, 4
"""Of the Sinkhorn bound. Any values give a bound, others a looser or a slower one."""


@dataclass(frozen=True)
class Relaxed(TokenAlignment):
    """An upper bound of ``emd``: the tokens of one side all take their best match.

    ``min(sum_s d_s max_t c[s,t], sum_t e_t max_s c[s,t])`` with the masses of ``emd``.

    Source: the relaxed word mover's distance, Kusner et al., ICML 2015.

    Attributes:
        exact: the alignment that it bounds.
    """

    exact: EarthMover
    symmetric = True

    def reduce(self, tile: Tile) -> tuple[Tensor, Tensor]:
        """Return the same (T, V) for both directions."""
        import torch

        by_frame = self._weighted(tile.d, tile.c.amax(WORDS))
        by_word = self._weighted(tile.e, tile.c.amax(FRAMES))
        value = torch.minimum(by_frame, by_word)
        return value, value

    def _weighted(self, weight: Tensor, best: Tensor) -> Tensor:
        mass = weight.clamp(min=0) + self.exact.eps
        value = total(mass * best, 1) / total(mass, 1)
        uniform = total(best, 1) / best.shape[1]  # all masses zero
        return value.where(value.isfinite(), uniform)


class Pairs:
    """One text with k videos: what ``emd`` needs of them, with the bits that it has in a tile.

    Attributes:
        start: (k + 1,) offsets of the videos' frames.
        cost: (w, sum f) of each word and frame.
        frames: (sum f,) masses, which sum to 1 for each video.
        words: (k, w) masses of the text's words with each video.
    """

    def __init__(self, exact: EarthMover, texts: Items, i: int, videos: Items, index: Array):
        import torch

        word = slice(int(texts.offsets[i]), int(texts.offsets[i + 1]))
        w, rows = word.stop - word.start, token_rows(videos.offsets, index)
        left = torch.cat([texts.tokens[word], texts.global_vectors[i : i + 1]])
        right = torch.cat([videos.tokens[rows], videos.global_vectors[index]])
        product = on_grid(left) @ on_grid(right).mT
        self.start = offsets_of(np.diff(videos.offsets)[index])
        self.cost = (1 - product[:w, : len(rows)]).double().numpy()
        frames = product[w, : len(rows)].double().numpy()
        self.frames = np.concatenate(
            [exact.masses(part) for part in np.split(frames, self.start[1:-1])]
        )
        words = product[:w, len(rows) : len(rows) + len(index)]
        self.words = exact.masses(np.ascontiguousarray(words.double().numpy().T))

    def solve(self, k: int) -> tuple[float, Array, Array]:
        """Return the exact similarity with video k, and the duals of its frames and the words."""
        part = slice(self.start[k], self.start[k + 1])
        cost, u, v = solve(self.frames[part], self.words[k], self.cost[:, part].T)
        return 1 - cost, u, v

    def bound_by_words(self, dual: Array) -> Array:
        """(k,) bound from any duals (w,) or (k, w) of the words.

        ``u_s = min_t (cost - v_t)`` and then ``v_t = min_s (cost - u_s)`` are feasible, so that no
        plan costs less than ``sum_s d_s u_s + sum_t e_t v_t``.
        """
        each = dual if dual.ndim == 1 else np.repeat(dual, np.diff(self.start), axis=0).T
        frames = (self.cost - (each[:, None] if dual.ndim == 1 else each)).min(axis=0)
        words = self._least(self.cost - frames)
        return 1 - self._sums(self.frames * frames) - (self.words * words.T).sum(axis=1)

    def bound_by_frames(self, dual: Array) -> Array:
        """(k,) bound from any duals (sum f,) of the frames."""
        return self.bound_by_words(self._least(self.cost - dual).T)

    def bound_by_sinkhorn(self) -> Array:
        """(k,) bound from the duals of a few Sinkhorn steps."""
        kernel = np.exp(-self.cost / REG)
        each = np.repeat(np.arange(len(self.words)), np.diff(self.start))
        words = np.ones_like(self.words)
        for _ in range(STEPS):
            frames = self.frames / (kernel * words.T[:, each]).sum(axis=0)
            words = self.words / np.add.reduceat(kernel * frames, self.start[:-1], axis=1).T
        with np.errstate(divide="ignore"):
            return self.bound_by_words(REG * np.log(words))

    def _least(self, values: Array) -> Array:
        """(w, sum f) -> (w, k) least value over the frames of each video."""
        return np.asarray(np.minimum.reduceat(values, self.start[:-1], axis=1))

    def _sums(self, values: Array) -> Array:
        return np.asarray(np.add.reduceat(values, self.start[:-1]))
