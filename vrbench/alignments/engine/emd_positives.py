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
        left, right = _Side.of(text.take(t)), _Side.of(video.take(v), columns=True)
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


def _rows(lengths: NDArray[np.int64], *, columns: bool) -> NDArray[np.int64]:
    """(n,) vectors of an item, its global one and zeros up to whole units included."""
    size = unit(4, columns=columns, own=vectorized())
    return np.asarray(-(-(lengths + 1) // size) * size)


@dataclass(frozen=True)
class _Side:
    """Items whose vectors are brought into the order of a product, one item after the other.

    Attributes:
        operand: each item's tokens, its global vector, and zeros up to whole units.
        items: (n, 2) where an item begins in it, and its tokens.
    """

    operand: Tensor
    items: NDArray[np.int64]

    @classmethod
    def of(cls, tokens: Tokens, *, columns: bool = False) -> _Side:
        """Prepare items."""
        import torch

        cpu = torch.device("cpu")
        items = prepare(tokens, torch.float32, cpu)
        whole, lengths = items.global_vectors, np.diff(items.offsets)
        vectors = torch.cat([items.tokens, whole, whole.new_zeros(1, whole.shape[1])])
        first = offsets_of(_rows(lengths, columns=columns))
        order = np.full(first[-1], len(vectors) - 1)
        tokens_first = np.repeat(first[:-1] - items.offsets[:-1], lengths)
        order[np.arange(len(items.tokens)) + tokens_first] = np.arange(len(items.tokens))
        order[first[:-1] + lengths] = len(items.tokens) + np.arange(len(items))
        own = ours(vectors.dtype, cpu)
        made = operand(vectors, order, columns=columns, own=own)
        size = made.shape[2] if own else 1
        return cls(made, np.stack([first[:-1] // size, lengths], axis=1))

    def item(self, k: int) -> tuple[Tensor, int]:
        """Return the operand of an item, and its tokens."""
        first, length = self.items[k].tolist()
        after = self.items[k + 1, 0] if k + 1 < len(self.items) else len(self.operand)
        return self.operand[first:after], length


def _solved(exact: EarthMover, text: _Side, i: Array, video: _Side, j: Array) -> Array:
    """Return similarities of pairs, with the bits that they have in a tile."""
    values = np.full(len(i), -np.inf, np.float32)
    if vectorized():
        from vrbench.alignments.engine.emd_contend import chosen

        pairs = np.stack([i, j], axis=1)
        most = [_rows(side.items[:, 1], columns=side is video).max() for side in (text, video)]
        room = np.empty(most[0] * most[1], np.float32)
        compiled(chosen)(
            text.operand.numpy(), video.operand.numpy(), text.items, video.items, pairs, exact.eps,
            room, values,
        )  # fmt: skip
    for pair in np.flatnonzero(~np.isfinite(values)):
        values[pair] = _solved_by_pot(exact, text.item(i[pair]), video.item(j[pair]))
    return values


def _solved_by_pot(
    exact: EarthMover, text: tuple[Tensor, int], video: tuple[Tensor, int]
) -> np.float32:
    found, w, f = product(text[0], video[0]).numpy(), text[1], video[1]
    value = solve(
        exact.masses(found[w, :f].astype(np.float64)),
        exact.masses(found[:w, f].astype(np.float64)),
        (1 - found[:w, :f]).T.astype(np.float64),
    )
    return np.float32(1 - value)
