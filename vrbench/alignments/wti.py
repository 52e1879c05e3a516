"""``wti``: each token keeps its best match, weighted by what a head says of the token."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from vrbench.alignments import alignments
from vrbench.alignments.base import FRAMES, WORDS, Level, TokenAlignment, mean, softmax, total
from vrbench.alignments.engine.tiles import Tile

if TYPE_CHECKING:
    from torch import Tensor

COLUMN = "wti"
"""The number of each token, before the softmax over its item, that the head ``wti`` gives."""


@alignments.register("wti")
@dataclass(frozen=True)
class Wti(TokenAlignment):
    """Weighted mean of both directions' best matches of a token.

    ``s = (sum_w a_w max_f c + sum_f b_f max_w c) / 2``, a the softmax over the words of what the
    head gives for each word, b likewise over frames. Without a head all tokens weigh the same:
    ``token-mean``.

    Source: DRL (Wang et al., 2022), weighted token-wise interaction. Deviation: padded tokens do
    not exist here, while the released code multiplies similarities by the masks.

    Attributes:
        level: tokens of the videos, ``frame`` or ``patch``, where the file has both.
    """

    level: Level = "frame"
    symmetric = True
    source = "DRL, arXiv:2203.07111"
    needs_head = True

    def reduce(self, tile: Tile) -> tuple[Tensor, Tensor]:
        """Return the same (T, V) for both directions."""
        words, frames = tile.of_words(COLUMN), tile.of_frames(COLUMN)
        best = tile.c.amax(FRAMES), tile.c.amax(WORDS)
        if words is None or frames is None:
            value = (mean(best[0], 1) + mean(best[1], 1)) / 2
        else:
            of_text = total(best[0] * softmax(words, 1)[:, :, None], 1)
            of_video = total(best[1] * softmax(frames, 0), 1)
            value = (of_text + of_video) / 2
        return value, value
