"""Attention over words and over frames, one after the other: the fine part of X-CLIP and UCoFiA."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from vrbench.alignments.attended import Attention, Maps, tensors
from vrbench.alignments.base import FRAMES, WORDS, Level, Side, TokenAlignment
from vrbench.alignments.engine.items import Items
from vrbench.alignments.engine.tiles import Tile

if TYPE_CHECKING:
    from torch import Tensor

ROOM = 1 << 19
"""Numbers that are worked on at once."""

Way = tuple[Attention, Attention]
"""What reduces the first axis, and what reduces the other."""


@dataclass(frozen=True, eq=False)
class BothWays(TokenAlignment):
    """Mean of the ways ``A_f(A_w(c))`` and ``A_w(A_f(c))``, as far as each is there.

    Attributes:
        words_first: attentions over words, then over frames.
        frames_first: attentions over frames, then over words.
        maps: matrices behind the tokens of both sides.
        level: tokens of the videos.
    """

    words_first: Way | None
    frames_first: Way | None
    maps: Maps = field(default_factory=Maps)
    level: Level = "frame"
    symmetric = True

    def mapped(self, side: Side, items: Items) -> Items:
        """Multiply the tokens."""
        return replace(items, tokens=self.maps.of(side, items.tokens))

    def learnt(self) -> tuple[Tensor, ...]:
        """Return the matrices of the attentions."""
        return tensors(*(self.words_first or ()), *(self.frames_first or ()))

    def reduce(self, tile: Tile) -> tuple[Tensor, Tensor]:
        """Return the same (T, V) for both directions."""
        import torch

        self._check(tile)
        step = max(1, ROOM // self._filled(tile))
        c = tile.c
        parts = [self._mean(c[start : start + step]) for start in range(0, len(c), step)]
        value = parts[0] if len(parts) == 1 else torch.cat(parts)
        return value, value

    def _mean(self, c: Tensor) -> Tensor:
        """(T, w, f, V) -> (T, V)."""
        found = []
        if self.words_first is not None:
            words, frames = self.words_first
            found.append(frames(words(c, WORDS), 1))
        if self.frames_first is not None:
            frames, words = self.frames_first
            found.append(words(frames(c, FRAMES), 1))
        return found[0] if len(found) == 1 else (found[0] + found[1]) / 2

    def _filled(self, tile: Tile) -> int:
        """Numbers that a text's similarities become where releases fill them up."""
        _, words, frames, videos = tile.shape
        slots = [one.slots for way in (self.words_first, self.frames_first) for one in way or ()]
        most = max(slots, default=0)
        return max(words * frames, most * max(words, frames)) * videos

    def _check(self, tile: Tile) -> None:
        texts, videos = tile.products.texts.items, tile.products.videos.items
        for way, turn in ((self.words_first, 1), (self.frames_first, -1)):
            for attention, side in zip((way or ())[::turn], ("text", "video"), strict=False):
                text = side == "text"
                attention.check(texts if text else videos, tile.text if text else tile.video)
