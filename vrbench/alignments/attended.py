"""Softmax-weighted means of similarities along one axis: what X-CLIP and UCoFiA are made of."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from vrbench.alignments.base import (
    Level,
    Side,
    TokenAlignment,
    VectorAlignment,
    attend,
    softmax,
    total,
)
from vrbench.alignments.engine.items import Items
from vrbench.alignments.engine.panels import LengthGroup
from vrbench.alignments.engine.product import on_grid
from vrbench.alignments.engine.tiles import Tile
from vrbench.errors import InputError

if TYPE_CHECKING:
    from torch import Tensor

TAU = 0.01
"""Temperature of all softmaxes, in both papers' code."""
FEW = 8
"""Entries up to which weights are multiplied slice by slice."""


@dataclass(frozen=True, eq=False)
class Attention:
    """Mean along an axis, weighted by a softmax of the similarities themselves.

    ``sum_i a_i x_i`` with ``a = softmax(x / 0.01) W`` (X-CLIP's AOSM), or, ``twice``,
    ``a = softmax(softmax(x / 0.01) W / 0.01)`` (UCoFiA's ISA). W is cut to as many entries as x.

    Attributes:
        weight: (most, most) W; None: the identity.
        twice: whether the weights go through a second softmax.
        slots: entries that x is filled up to with zeros, as a release without masks has it; 0: none
            are added.
    """

    weight: Tensor | None = None
    twice: bool = True
    slots: int = 0

    def __call__(self, x: Tensor, axis: int) -> Tensor:
        """Return x without the axis."""
        x = _filled(x, axis, self.slots)
        shares = softmax(x / TAU, axis)
        if self.weight is not None:
            shares = _times(shares, self.weight, axis)
        return attend(shares / TAU, x, axis) if self.twice else total(shares * x, axis)

    def check(self, items: Items, group: LengthGroup) -> None:
        """Refuse items with more tokens than W has weights of.

        Raises:
            InputError: there are such.
        """
        if self.weight is not None and group.length > len(self.weight):
            raise InputError(
                f"Item '{items.stored.ids[group.index[0]]}' of {items.stored.name} has "
                f"{group.length} tokens, and the head has learnt weights of {len(self.weight)}: "
                "train one on items as long."
            )


def _filled(x: Tensor, axis: int, slots: int) -> Tensor:
    import torch

    missing = slots - x.shape[axis]
    if missing <= 0:
        return x
    shape = list(x.shape)
    shape[axis] = missing
    return torch.cat([x, x.new_zeros(shape)], dim=axis)


def _times(shares: Tensor, weight: Tensor, axis: int) -> Tensor:
    """Multiply rows along an axis by the part of W for as many entries."""
    n = shares.shape[axis]
    part = weight[:n, :n].to(shares)
    if n <= FEW and not (shares.requires_grad or part.requires_grad):
        return _times_few(shares, part, axis)
    rows = shares.movedim(axis, -1)
    return matmul(rows.reshape(-1, n), part).view(rows.shape).movedim(-1, axis)


def _times_few(shares: Tensor, part: Tensor, axis: int) -> Tensor:
    """Multiply slice by slice: filled up to the grid, few entries would become many."""
    import torch

    rows = shares.unbind(axis)
    found = torch.empty_like(shares)
    for into, column in zip(found.unbind(axis), part.unbind(1), strict=True):
        torch.mul(rows[0], column[0], out=into)
        for row, weight in zip(rows[1:], column[1:], strict=True):
            into += row * weight
    return found


def matmul(rows: Tensor, matrix: Tensor) -> Tensor:
    """(n, d) x (d, m); without gradient a row has the same bits wherever it stands."""
    if rows.requires_grad or matrix.requires_grad:
        return rows @ matrix
    product = on_grid(rows, columns=True) @ on_grid(matrix, columns=True)
    return product[: len(rows), : matrix.shape[1]]


@dataclass(frozen=True, eq=False)
class Maps:
    """Square matrices behind the vectors of both sides, ``x W``; None: the identity."""

    text: Tensor | None = None
    video: Tensor | None = None

    def of(self, side: Side, rows: Tensor) -> Tensor:
        """Return rows of a side, multiplied."""
        weight = self.text if side == "text" else self.video
        if weight is None:
            return rows
        if len(weight) != rows.shape[1]:
            raise InputError(
                f"The {side} vectors are {rows.shape[1]} wide, and the head has learnt a matrix "
                f"for {len(weight)}: use the features that it was trained on."
            )
        return matmul(rows, weight.to(rows))


@dataclass(frozen=True, eq=False)
class Wholes(VectorAlignment):
    """Product of both global vectors, each behind a matrix: ``scale (s W1) . (v W2)``."""

    maps: Maps = Maps()
    scale: float = 1.0

    def mapped(self, side: Side, items: Items) -> Items:
        """Multiply the global vectors; the scale goes to the texts' side."""
        vectors = self.maps.of(side, items.global_vectors)
        if side == "text" and self.scale != 1:
            vectors = vectors * self.scale
        return replace(items, vectors=vectors)

    def vectors(self, items: Items) -> Tensor:
        """(n, d) them."""
        return items.global_vectors


@dataclass(frozen=True, eq=False)
class OfFrames(TokenAlignment):
    """Attention over the frames' similarities to the text's global vector."""

    attention: Attention
    scale: float = 1.0
    level: Level = "frame"
    symmetric = True

    def learnt(self) -> tuple[Tensor, ...]:
        """Return W."""
        return tensors(self.attention)

    def reduce(self, tile: Tile) -> tuple[Tensor, Tensor]:
        """Return the same (T, V) for both directions."""
        self.attention.check(tile.products.videos.items, tile.video)
        value = self.attention(tile.d, 1) * self.scale
        return value, value


@dataclass(frozen=True, eq=False)
class OfWords(TokenAlignment):
    """Attention over the words' similarities to the video's global vector."""

    attention: Attention
    symmetric = True

    def learnt(self) -> tuple[Tensor, ...]:
        """Return W."""
        return tensors(self.attention)

    def reduce(self, tile: Tile) -> tuple[Tensor, Tensor]:
        """Return the same (T, V) for both directions."""
        self.attention.check(tile.products.texts.items, tile.text)
        value = self.attention(tile.e, 1)
        return value, value


def tensors(*attentions: Attention) -> tuple[Tensor, ...]:
    """Return the matrices that attentions have."""
    return tuple(one.weight for one in attentions if one.weight is not None)
