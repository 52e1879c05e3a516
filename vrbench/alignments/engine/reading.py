"""How the sides that are scored are brought into memory, block by block."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from vrbench.alignments import alignments
from vrbench.alignments.base import Alignment, Level, Side, VectorAlignment
from vrbench.alignments.engine.items import Items, prepare
from vrbench.features.tokens import FRAME_LEVEL, PATCH_LEVEL, Tokens

if TYPE_CHECKING:
    from torch import Tensor, device, dtype

TOKEN_BYTES = 8 * 3
"""Working bytes of a number of a token: float64, with a grouped and a transposed copy."""

LEVELS: dict[Level, int] = {"frame": FRAME_LEVEL, "patch": PATCH_LEVEL}


def runs(tokens: Tokens, size: int) -> Iterator[slice]:
    """Split into runs of items whose working copies take at most ``size`` bytes."""
    per_token = tokens.dim * TOKEN_BYTES
    start = 0
    while start < len(tokens):
        room = tokens.offsets[start] + size // per_token
        stop = int(np.searchsorted(tokens.offsets, room, side="right")) - 1
        yield slice(start, max(stop, start + 1))
        start = max(stop, start + 1)


@dataclass(frozen=True)
class Reading:
    """The two sides, and how their blocks are brought into memory.

    Attributes:
        text: the texts.
        video: the videos.
        kind: of the products.
        on: the device.
        block_bytes: memory for the items of a block.
    """

    text: Tokens
    video: Tokens
    kind: dtype
    on: device
    block_bytes: int

    def choosing(self, part: Alignment) -> Self:
        """Return the same with the tokens that an alignment reads."""
        with alignments.calling(part):
            text = part.chosen("text", self.text, self.kind)
            return replace(self, text=text, video=part.chosen("video", self.video, self.kind))

    def blocks(self, part: Alignment, side: Side) -> Iterator[tuple[slice, Items]]:
        """Yield a side in blocks, as an alignment's products read it."""
        whole, level = (self.text, 0) if side == "text" else (self.video, LEVELS[part.level])
        for where in runs(whole, self.block_bytes):
            block = whole.block(where.start, where.stop)
            if side == "video" and part.unscaled:
                block = replace(block, normalized=False)
            yield where, part.mapped(side, prepare(block, self.kind, self.on, level))

    def vectors(self, part: VectorAlignment, side: Side) -> tuple[Tensor, NDArray[Any]]:
        """Return the vector of each item, and its largest magnitude as it is stored."""
        import torch

        found = [
            (part.vectors(items), items.largest(vectors=True))
            for _, items in self.blocks(part, side)
        ]
        vectors, largest = zip(*found, strict=True)
        return torch.cat(vectors), np.concatenate(largest)
