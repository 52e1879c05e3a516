"""``emd`` where only ranks are wanted: bounds drop most pairs, and the rest is solved exactly."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from vrbench.alignments.base import FRAMES, WORDS, Reduce, TokenAlignment, total
from vrbench.alignments.emd import EarthMover, solve
from vrbench.alignments.engine import emd_compiled
from vrbench.alignments.engine.emd_kernels import DROPPED, LEAST, MOST
from vrbench.alignments.engine.items import Items
from vrbench.alignments.engine.tiles import Products, Tile
from vrbench.features.tokens import Tokens

if TYPE_CHECKING:
    from torch import Tensor

Array = NDArray[Any]

MARGIN, MANY = 1e-5, 32
"""A pair is dropped if its bound falls short by more than this: bounds are rounded. Relative to
the longest tokens' product where dot products are scored as they are, and as much again for each
so many tokens of the longest item: sums of alike numbers are all rounded to one side."""
REG, STEPS = 0.01, 8
"""Of the Sinkhorn bound. Any values give a bound, others a looser or a slower one."""
CHUNK = 1 << 20
"""Products of the pairs that are looked at together."""


@dataclass(eq=False)
class Rivals:
    """What is known of one side from the positive pairs.

    Attributes:
        row: the row of each id.
        least: (n,) similarity of an item's worst positive pair, infinite where it has none; what
            lies above it is wanted.
    """

    row: dict[Any, int]
    least: Array

    @classmethod
    def of(cls, side: Tokens) -> Rivals:
        """Nothing is known yet."""
        row = {name: i for i, name in enumerate(side.ids.tolist())}
        return cls(row, np.full(len(side), np.inf, np.float32))

    def rows(self, items: Items, index: Array) -> Array:
        """(k,) rows of some items of a block."""
        return np.array([self.row[name] for name in items.stored.ids[index].tolist()])


@dataclass(frozen=True, eq=False)
class Contenders(TokenAlignment):
    """``emd`` of the pairs that may reach a positive pair of their text or video, else ``DROPPED``.

    An upper bound below both positive pairs drops a pair. Each is tried on what the last one left:

    * relaxed: the tokens of one side all take their best match (Kusner et al., ICML 2015);
    * the duals after a few Sinkhorn steps: those of one side, ``v``, are made feasible by
      ``u_s = min_t (cost[s,t] - v_t)``, and then no plan costs less than
      ``sum_s d_s u_s + sum_t e_t v_t``.

    Attributes:
        exact: the alignment.
        texts: positive pairs, by text.
        videos: positive pairs, by video.
    """

    exact: EarthMover
    texts: Rivals
    videos: Rivals
    symmetric = True

    def reduce(self, tile: Tile) -> tuple[Tensor, Tensor]:
        """Return the same (T, V) for both directions."""
        import torch

        text, video = self._needed(tile.products)
        need = np.minimum(text[tile.text.items, None], video[tile.video.items])
        some = np.full(need.shape, DROPPED)
        pairs = np.argwhere(self._relaxed(tile).numpy() >= need)
        step = max(1, CHUNK // (tile.text.length * tile.video.length))
        for start in range(0, len(pairs), step):
            t, v = pairs[start : start + step].T
            some[t, v] = self._solve(tile, t, v, need[t, v])
        result = torch.as_tensor(some).to(tile.c)
        return result, result

    def kernel(self, cosines: bool) -> Reduce | None:
        """Return the compiled reduction."""
        return self._compiled

    def _compiled(self, tile: Tile) -> tuple[Tensor, Tensor]:
        from vrbench.alignments.engine.emd_contend import contend

        how = self.exact.eps, 1 / REG, STEPS, *self._needed(tile.products)
        value = emd_compiled.exact(contend, how, tile)
        return self.reduce(emd_compiled.as_read(tile)) if value is None else (value, value)

    def _needed(self, products: Products) -> tuple[Array, Array]:
        """Return what the panels' texts and videos need, with the margin."""
        return products.once(self, lambda: self._least(products))

    def _least(self, products: Products) -> tuple[Array, Array]:
        text, video = products.texts, products.videos
        tokens = max(group.length for panel in (text, video) for group in panel.groups)
        margin = MARGIN * _size(products) * (1 + tokens / MANY)
        of_text = self.texts.least[self.texts.rows(text.items, text.index)]
        of_video = self.videos.least[self.videos.rows(video.items, video.index)]
        return of_text - margin, of_video - margin

    def _relaxed(self, tile: Tile) -> Tensor:
        import torch

        by_frame = self._weighted(tile.d, tile.c.amax(WORDS))
        by_word = self._weighted(tile.e, tile.c.amax(FRAMES))
        return torch.minimum(by_frame, by_word)

    def _weighted(self, weight: Tensor, best: Tensor) -> Tensor:
        mass = weight.clamp(min=0) + self.exact.eps
        whole = total(mass, 1)
        value = total(mass * best, 1) / whole
        known = value.isfinite() & (whole > LEAST) & (whole < MOST)
        uniform = total(best, 1) / best.shape[1]  # where all masses are zero
        return value.where(known, math.inf).where(whole > 0, uniform)

    def _solve(self, tile: Tile, t: Array, v: Array, need: Array) -> Array:
        """(k,) similarities of k pairs, ``DROPPED`` for those that their bounds exclude."""
        cost = 1 - np.moveaxis(tile.c.numpy()[t, :, :, v], 2, 1)  # (k, f, w)
        frames = self.exact.masses(tile.d.numpy()[t, :, v].astype(np.float64))
        words = self.exact.masses(tile.e.numpy()[t, :, v].astype(np.float64))
        value: Array = np.full(len(t), DROPPED)
        left = ~(_dual_bound(cost, frames, words) < need)  # a NaN excludes nothing
        for pair in np.flatnonzero(left):
            value[pair] = 1 - solve(frames[pair], words[pair], cost[pair].astype(np.float64))
        return value


def _size(products: Products) -> float:
    """Return a bound of the products' size, from 1."""
    texts, videos = products.texts.items, products.videos.items
    return 1.0 if texts.stored.normalized else max(1.0, texts.longest * videos.longest)


def _dual_bound(cost: Array, frames: Array, words: Array) -> Array:
    """(k,) bounds after a few Sinkhorn steps; cost (k, f, w), masses (k, f) and (k, w)."""
    kernel = np.exp((cost.min(axis=2, keepdims=True) - cost) / REG).clip(1e-35)
    v: Array = np.ones(words.shape)
    for _ in range(STEPS):
        u = frames / (kernel @ v[:, :, None])[:, :, 0]
        v = words / (u[:, None] @ kernel)[:, 0]
    dual = REG * np.log(np.maximum(v, 1e-35))
    of_frames = (cost - dual[:, None]).min(axis=2)
    of_words = (cost - of_frames[:, :, None]).min(axis=1)
    return np.asarray(1 - (frames * of_frames).sum(axis=1) - (words * of_words).sum(axis=1))
