"""``emd`` of the positive pairs: they tell ``emd_bounds.py`` what other pairs have to reach."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from vrbench.alignments.emd import EarthMover, solve
from vrbench.alignments.engine.emd_bounds import Contenders, Rivals
from vrbench.alignments.engine.items import prepare
from vrbench.alignments.engine.product import operand, ours, product, unit
from vrbench.features.tokens import Tokens, offsets_of
from vrbench.runtime.compiling import compiled, vectorized
from vrbench.sims.truth import Truth

if TYPE_CHECKING:
    from torch import Tensor

Array = NDArray[Any]

ROOM = 4_000_000
"""Numbers of positive pairs' vectors that are in memory together."""


def contenders(text: Tokens, video: Tokens, truth: Truth, exact: EarthMover) -> Contenders:
    """Solve the positive pairs, and return the alignment that the others are scored by.

    Args:
        text: n_text items.
        video: n_video items.
        truth: the positive pairs; v2t ranks best captions.
        exact: the alignment, of float32 products.
    """
    texts, videos = Rivals.of(text), Rivals.of(video)
    for pairs in _together(text, video, truth):
        t, i = np.unique(truth.text[pairs], return_inverse=True)
        v, j = np.unique(truth.video[pairs], return_inverse=True)
        left, right = _Side.of(_some(text, t)), _Side.of(_some(video, v), columns=True)
        values = _solved(exact, left, i, right, j)
        np.minimum.at(texts.least, t[i], values)
        np.minimum.at(videos.least, v[j], values)
    return Contenders(exact, texts, videos)


def _together(text: Tokens, video: Tokens, truth: Truth) -> Iterator[Array]:
    """Yield which pairs are solved together."""
    rows, columns = _rows(text.lengths, columns=False), _rows(video.lengths, columns=True)
    numbers = np.cumsum(rows[truth.text] + columns[truth.video]) * text.dim
    whole = np.flatnonzero(np.diff(numbers // ROOM)) + 1
    yield from np.split(np.arange(len(numbers)), whole)


def _some(side: Tokens, index: Array) -> Tokens:
    """Return some items; a run of them is not copied where it is in memory."""
    first, last = int(index[0]), int(index[-1])
    run = last - first + 1 == len(index)
    return side.block(first, last + 1) if run else side.take(index)


def _rows(lengths: NDArray[np.int64], *, columns: bool) -> NDArray[np.int64]:
    """(n,) rows of an item in an operand: tokens, one for the global vector, and up to units."""
    size = unit(4, columns=columns, own=vectorized())
    return np.asarray(-(-(lengths + 1) // size) * size)


@dataclass(frozen=True)
class _Side:
    """Items whose vectors are brought into the order of a product, one item after the other.

    Attributes:
        operand: each item's tokens, its global vector where no share is known, and anything up to
            whole units.
        items: (n, 2) where an item begins in it, and its tokens.
        shares: (n,) ``Items.shares``; 0 for torch, which has all global vectors.
    """

    operand: Tensor
    items: NDArray[np.int64]
    shares: NDArray[np.float32]

    @classmethod
    def of(cls, tokens: Tokens, *, columns: bool = False) -> _Side:
        """Prepare items."""
        import torch

        cpu = torch.device("cpu")
        items = prepare(tokens, torch.float32, cpu)
        vectors, lengths, own = items.tokens, np.diff(items.offsets), ours(torch.float32, cpu)
        first = offsets_of(_rows(lengths, columns=columns))
        order = np.zeros(first[-1], np.int64)
        tokens_first = np.repeat(first[:-1] - items.offsets[:-1], lengths)
        order[np.arange(len(items.tokens)) + tokens_first] = np.arange(len(items.tokens))
        shares = items.shares if own else np.zeros_like(items.shares)
        if not shares.all():
            order[first[:-1] + lengths] = len(vectors) + np.arange(len(items))
            vectors = torch.cat([vectors, items.global_vectors])
        made = operand(vectors, order, columns=columns, own=own)
        size = made.shape[2] if own else 1
        return cls(made, np.stack([first[:-1] // size, lengths], axis=1), shares)

    def item(self, k: int) -> _Side:
        """Return an item alone."""
        after = self.items[k + 1, 0] if k + 1 < len(self.items) else len(self.operand)
        one = slice(k, k + 1)
        return _Side(self.operand[self.items[k, 0] : after], self.items[one], self.shares[one])


def _solved(exact: EarthMover, text: _Side, i: Array, video: _Side, j: Array) -> Array:
    """Return similarities of pairs, with the bits that they have in a tile."""
    values = np.full(len(i), -np.inf, np.float32)
    if vectorized():
        from vrbench.alignments.engine.emd_contend import chosen

        pairs = np.stack([i, j], axis=1)
        most = [_rows(side.items[:, 1], columns=side is video).max() for side in (text, video)]
        room = np.empty(most[0] * most[1], np.float32)
        compiled(chosen)(
            text.operand.numpy(), video.operand.numpy(), text.items, video.items, text.shares,
            video.shares, pairs, exact.eps, room, values,
        )  # fmt: skip
    for pair in np.flatnonzero(~np.isfinite(values)):
        values[pair] = _solved_by_pot(exact, text.item(i[pair]), video.item(j[pair]))
    return values


def _solved_by_pot(exact: EarthMover, text: _Side, video: _Side) -> np.float32:
    found, w, f = product(text.operand, video.operand).numpy(), text.items[0, 1], video.items[0, 1]
    c, of_text, of_video = found[:w, :f], text.shares[0], video.shares[0]
    d = c.sum(0) * of_text if of_text else found[w, :f]
    e = c.sum(1) * of_video if of_video else found[:w, f]
    frames, words = (exact.masses(whole.astype(np.float64)) for whole in (d, e))
    return np.float32(1 - solve(frames, words, (1 - c).T.astype(np.float64)))
