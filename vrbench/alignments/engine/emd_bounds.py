"""``emd`` where only ranks are wanted: bounds drop most pairs, and the rest is solved exactly."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from vrbench.alignments.base import FRAMES, WORDS, TokenAlignment, total
from vrbench.alignments.emd import EarthMover, solve
from vrbench.alignments.engine import emd_compiled, emd_kernels
from vrbench.alignments.engine.emd_kernels import DROPPED, LEAST, MOST
from vrbench.alignments.engine.items import Items
from vrbench.alignments.engine.tiles import Tile
from vrbench.features.tokens import Tokens
from vrbench.runtime.compiling import vectorized

if TYPE_CHECKING:
    from torch import Tensor

Array = NDArray[Any]

MARGIN = 1e-5
"""A pair is dropped if its bound falls short by more than this: bounds are rounded. Relative to
the largest product where dot products are scored as they are."""
REG, STEPS = 0.015, 4
"""Of the Sinkhorn bound. Any values give a bound, others a looser or a slower one."""
CHUNK = 1 << 20
"""Products of the pairs that are looked at together."""


@dataclass(eq=False)
class Rivals:
    """What is known of one side from the positive pairs.

    Attributes:
        row: the row of each id.
        best: (n,) similarity of an item's best positive pair; infinite where it has none.
        least: (n,) that of its worst positive pair; what lies above it is wanted.
        offsets: (n + 1,) where an item's duals begin; there is room for tokens of all levels.
        duals: (sum l,) the optimal duals of the items' tokens in that pair.
    """

    row: dict[Any, int]
    best: Array
    least: Array
    offsets: Array
    duals: Array

    @classmethod
    def of(cls, side: Tokens) -> Rivals:
        """Nothing is known yet."""
        row = {name: i for i, name in enumerate(side.ids.tolist())}
        best = np.full(len(side), np.inf, np.float32)
        return cls(row, best, best.copy(), side.offsets, np.zeros(int(side.offsets[-1])))

    def add(self, i: int, value: float, dual: Array) -> None:
        """Take a positive pair into account; the duals of the best one are kept."""
        self.least[i] = min(self.least[i], value)
        if np.isinf(self.best[i]) or value > self.best[i]:
            self.best[i] = value
            self.duals[self.offsets[i] : self.offsets[i] + len(dual)] = dual

    def of_tokens(self, rows: Array, length: int) -> Array:
        """(k, length) duals of k items of this length."""
        found: Array = self.duals[self.offsets[rows][:, None] + np.arange(length)]
        return found

    def rows(self, items: Items, index: Array) -> Array:
        """(k,) rows of some items of a block."""
        return np.array([self.row[name] for name in items.stored.ids[index].tolist()])


@dataclass(frozen=True, eq=False)
class Contenders(TokenAlignment):
    """``emd`` of the pairs that may reach a positive pair of their text or video, else ``DROPPED``.

    An upper bound below both positive pairs drops a pair. Each is tried on what the last one left:

    * relaxed: the tokens of one side all take their best match (Kusner et al., ICML 2015);
    * the optimal duals of the text's, and of the video's, positive pair;
    * the duals after a few Sinkhorn steps.

    A dual side ``v`` is made feasible by ``u_s = min_t (cost[s,t] - v_t)``, and then no plan costs
    less than ``sum_s d_s u_s + sum_t e_t v_t``.

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

        text = self.texts.rows(tile.products.texts.items, tile.text.index)
        video = self.videos.rows(tile.products.videos.items, tile.video.index)
        need = np.minimum(self.texts.least[text][:, None], self.videos.least[video])
        need -= MARGIN * _size(tile)
        if vectorized():
            words = self.texts.offsets[text], self.texts.duals
            frames = self.videos.offsets[video], self.videos.duals
            bound = emd_compiled.relaxed(self.exact.eps, tile)
            how = (bound, self.exact.eps, 1 / REG, STEPS, need, *words, *frames)
            if (value := emd_compiled.exact(emd_kernels.contend, how, tile)) is not None:
                return value, value
        some = np.full(need.shape, DROPPED)
        pairs = np.argwhere(self._relaxed(tile).numpy() >= need)
        step = max(1, CHUNK // (tile.text.length * tile.video.length))
        for start in range(0, len(pairs), step):
            t, v = pairs[start : start + step].T
            some[t, v] = self._solve(tile, t, v, text[t], video[v], need[t, v])
        result = torch.as_tensor(some).to(tile.c)
        return result, result

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

    def _solve(
        self, tile: Tile, t: Array, v: Array, text: Array, video: Array, need: Array
    ) -> Array:
        """(k,) similarities of k pairs, ``DROPPED`` for those that their bounds exclude."""
        cost = 1 - np.moveaxis(tile.c.numpy()[t, :, :, v], 2, 1)  # (k, f, w)
        frames = self.exact.masses(tile.d.numpy()[t, :, v].astype(np.float64))
        words = self.exact.masses(tile.e.numpy()[t, :, v].astype(np.float64))
        f, w = cost.shape[1:]
        duals = self.texts.of_tokens(text, w), self.videos.of_tokens(video, f)
        value: Array = np.full(len(t), DROPPED)
        for pair in np.flatnonzero(_reach(cost, frames, words, *duals, need)):
            exact, *_ = solve(frames[pair], words[pair], cost[pair].astype(np.float64))
            value[pair] = 1 - exact
        return value


def _size(tile: Tile) -> float:
    """Return a bound of the products' size, from 1."""
    normalized = tile.products.texts.items.stored.normalized
    return 1.0 if normalized else max(1.0, float(tile.c.abs().max()))


def _reach(
    cost: Array, frames: Array, words: Array, by_text: Array, by_video: Array, need: Array
) -> Array:
    """(k,) whether every bound of a pair reaches what is needed."""
    keep = _of_words(cost, frames, words, by_text) >= need
    keep[keep] = _of_words(*_take(keep, cost.swapaxes(1, 2), words, frames, by_video)) >= need[keep]
    cost, frames, words = _take(keep, cost, frames, words)
    dual = _sinkhorn(cost, frames, words)
    keep[keep] = _of_words(cost.swapaxes(1, 2), words, frames, dual) >= need[keep]
    return keep


def _take(keep: Array, *arrays: Array) -> tuple[Array, ...]:
    return tuple(array[keep] for array in arrays)


def _of_words(cost: Array, frames: Array, words: Array, dual: Array) -> Array:
    """(k,) bounds from any duals (k, w) of the words; cost (k, f, w), masses (k, f) and (k, w)."""
    other = (cost - dual[:, None]).min(axis=2)
    return np.asarray(1 - (frames * other).sum(axis=1) - (words * dual).sum(axis=1))


def _sinkhorn(cost: Array, frames: Array, words: Array) -> Array:
    """(k, f) duals of the frames that fit those of the words after a few steps."""
    kernel = np.exp((cost.min(axis=2, keepdims=True) - cost) / REG).clip(1e-35)
    v: Array = np.ones(words.shape)
    for _ in range(STEPS):
        u = frames / (kernel @ v[:, :, None])[:, :, 0]
        v = words / (u[:, None] @ kernel)[:, 0]
    dual = REG * np.log(np.maximum(v, 1e-35))
    return np.asarray((cost - dual[:, None]).min(axis=2))
