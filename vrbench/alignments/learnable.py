"""``learnable``: one learnt weight for each place of a frame and of a word."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from vrbench.alignments import alignments
from vrbench.alignments.base import WORDS, Level, TokenAlignment, mean, total
from vrbench.alignments.engine.panels import LengthGroup
from vrbench.alignments.engine.tiles import Tile
from vrbench.errors import InputError

if TYPE_CHECKING:
    from torch import Tensor

    from vrbench.alignments.engine.items import Items

WEIGHT = "learnable.weight"


@alignments.register("learnable")
@dataclass(frozen=True)
class Learnable(TokenAlignment):
    """Sum of all similarities, weighted by the places of frame and word.

    ``s = sum_{s,t} A[s,t] c[s,t]``, A the softmax over all entries of ``W[:l1, :l2]``, W
    (frames, words) from a head (``vrbench train learnable``). Without one W is zero: ``uniform``.

    Source: TokenFlow section 3.2.2. The paper gives no formula: the softmax over the valid region
    is vrbench's.

    Attributes:
        level: tokens of the videos, ``frame`` or ``patch``, where the file has both.
        weight: W, which no spec can set; None: no head gave it.

    Raises:
        InputError: an item is longer than W.
    """

    level: Level = "frame"
    weight: Any = field(default=None, init=False, repr=False, compare=False)
    symmetric = True
    source = "TokenFlow 3.2.2"
    needs_head = True

    def with_weights(self, weights: Mapping[str, Any]) -> Self:
        """Return it with the head's W, where it has one."""
        import torch

        bound = type(self)(self.level)
        if WEIGHT in weights:
            object.__setattr__(bound, "weight", torch.as_tensor(weights[WEIGHT]))
        return bound

    def learnt(self) -> tuple[Tensor, ...]:
        """Return W, where there is one."""
        return () if self.weight is None else (self.weight,)

    def reduce(self, tile: Tile) -> tuple[Tensor, Tensor]:
        """Return the same (T, V) for both directions."""
        value = self._mean(tile.c) if self.weight is None else self._weighted(tile)
        return value, value

    def _mean(self, c: Tensor) -> Tensor:
        return mean(mean(c, WORDS), 1)

    def _weighted(self, tile: Tile) -> Tensor:
        _, words, frames, _ = tile.shape
        most_frames, most_words = self.weight.shape
        _check_length(tile.products.texts.items, tile.text, most_words)
        _check_length(tile.products.videos.items, tile.video, most_frames)
        region = self.weight[:frames, :words]
        part = region.flatten().softmax(0).view_as(region).to(tile.c)
        return total(total(tile.c * part.mT[:, :, None], WORDS), 1)


def _check_length(items: Items, group: LengthGroup, most: int) -> None:
    if group.length > most:
        raise InputError(
            f"Item '{items.stored.ids[group.index[0]]}' of {items.stored.name} has {group.length} "
            f"tokens, and the head has learnt weights of {most}: train one for longer items "
            "(learnable:frames=...,words=...)."
        )
