"""``wti``: each token keeps its best match, weighted by what a head or the file says of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from vrbench.alignments import alignments
from vrbench.alignments.base import FRAMES, WORDS, Level, Side, TokenAlignment, mean, softmax, total
from vrbench.alignments.engine.tiles import Tile
from vrbench.errors import InputError

if TYPE_CHECKING:
    from torch import Tensor, dtype

    from vrbench.features.tokens import Tokens

STORED = "weight"
"""The column of a feature file that weighs tokens."""

COLUMN = "wti"
"""The number of each token, before the softmax over its item, that the head ``wti`` gives."""


@alignments.register("wti")
@dataclass(frozen=True)
class Wti(TokenAlignment):
    """Weighted mean of both directions' best matches of a token.

    ``s = (sum_w a_w max_f c + sum_f b_f max_w c) / 2``, a the softmax over the words of what the
    head gives for each word, b likewise over frames. Without a head the weights are those of
    ``/text/weight`` and ``/video/weight`` in the feature file, divided by their sum in an item; a
    side without them weighs all its tokens the same. Without either this is ``token-mean``.

    Source: DRL (Wang et al., 2022), weighted token-wise interaction. Deviation: padded tokens do
    not exist here, while the released code multiplies similarities by the masks.

    Attributes:
        level: tokens of the videos, ``frame`` or ``patch``, where the file has both.
    """

    level: Level = "frame"
    symmetric = True
    stored = STORED
    source = "DRL, arXiv:2203.07111"
    needs_head = True

    def chosen(self, side: Side, tokens: Tokens, kind: dtype) -> Tokens:
        """Check the weights that a file has of the tokens.

        Raises:
            InputError: one is negative or no number, or all of an item are 0.
        """
        _check(tokens)
        return tokens

    def reduce(self, tile: Tile) -> tuple[Tensor, Tensor]:
        """Return the same (T, V) for both directions."""
        words, frames = tile.of_words(COLUMN), tile.of_frames(COLUMN)
        best = tile.c.amax(FRAMES), tile.c.amax(WORDS)
        if words is not None and frames is not None:
            of_text = total(best[0] * softmax(words, 1)[:, :, None], 1)
            of_video = total(best[1] * softmax(frames, 0), 1)
        else:
            of_text = _weighed(best[0], tile.of_words(STORED), 1)
            of_video = _weighed(best[1], tile.of_frames(STORED), 0)
        value = (of_text + of_video) / 2
        return value, value


def _weighed(best: Tensor, weight: Tensor | None, axis: int) -> Tensor:
    """(T, x, V) -> (T, V) the mean over x, by weights of which ``axis`` is x; None: all the same.

    (T, x) weights are those of texts, (x, V) of videos.
    """
    if weight is None:
        return mean(best, 1)
    share = weight / total(weight, axis).unsqueeze(axis)
    return total(best * (share[:, :, None] if axis else share), 1)


def _check(tokens: Tokens) -> None:
    weight = tokens.token_columns.get(STORED)
    if weight is None:
        return
    weight = np.asarray(weight)
    lengths = tokens.lengths
    sums = np.add.reduceat(weight.astype(np.float64), tokens.offsets[:-1])
    wrong = ~(np.isfinite(weight) & (weight >= 0))
    item = np.repeat(np.arange(len(lengths)), lengths)[np.argmax(wrong)] if wrong.any() else None
    if item is None and (sums <= 0).any():
        item = int(np.argmax(sums <= 0))
    if item is not None:
        raise InputError(
            f"The weights of item '{tokens.ids[item]}' of {tokens.name} are no numbers >= 0 with a "
            "sum above 0: correct the column weight, or leave it out."
        )
