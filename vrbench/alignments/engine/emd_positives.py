"""``emd`` of the positive pairs: they tell ``emd_bounds.py`` what other pairs have to reach."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from vrbench.alignments.emd import EarthMover, solve
from vrbench.alignments.engine import emd_compiled
from vrbench.alignments.engine.emd_bounds import Contenders, Rivals
from vrbench.alignments.engine.items import prepare
from vrbench.alignments.engine.product import operand, ours, product, unit
from vrbench.features.tokens import Tokens, offsets_of
from vrbench.runtime.compiling import vectorized
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
        for a, b in zip(i.tolist(), j.tolist(), strict=True):
            value = _solved(exact, left, a, right, b)
            texts.add(t[a], value)
            videos.add(v[b], value)
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
        first: (n + 1,) where an item begins in it.
        lengths: (n,) tokens.
    """

    operand: Tensor
    first: list[int]
    lengths: list[int]

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
        return cls(made, (first // size).tolist(), lengths.tolist())

    def item(self, k: int) -> Tensor:
        """Return the operand of an item."""
        return self.operand[self.first[k] : self.first[k + 1]]


def _solved(exact: EarthMover, text: _Side, i: int, video: _Side, j: int) -> float:
    """Return the similarity, with the bits that it has in a tile."""
    found = product(text.item(i), video.item(j)).numpy()
    w, f = text.lengths[i], video.lengths[j]
    parts = found[:w, :f], found[w : w + 1, :f], found[:w, f : f + 1]  # c, d, e
    if vectorized() and (known := emd_compiled.exact_pair(exact.eps, parts)) is not None:
        return known
    value = solve(
        exact.masses(parts[1][0].astype(np.float64)),
        exact.masses(parts[2][:, 0].astype(np.float64)),
        (1 - parts[0]).T.astype(np.float64),
    )
    return float(np.float32(1 - value))
