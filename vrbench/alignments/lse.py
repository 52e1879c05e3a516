"""``lse``: a soft maximum over the other side's tokens."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vrbench.alignments import alignments
from vrbench.alignments.base import FRAMES, WORDS, Level, Reduce, TokenAlignment, log_sum_exp, mean
from vrbench.alignments.engine import fused
from vrbench.alignments.engine.tiles import Tile
from vrbench.errors import InputError

if TYPE_CHECKING:
    from torch import Tensor


LEAST, MOST = 1e-30, 1e30
SHALLOW = 0.5
"""``alpha`` from which the exponentials of cosines differ by less than two digits."""


@alignments.register("lse")
@dataclass(frozen=True)
class LogSumExp(TokenAlignment):
    """Mean of log-sum-exp token matches, both ways averaged.

    ``s = (mean_s LSE_t(c[s,t]) + mean_t LSE_s(c[s,t])) / 2`` with
    ``LSE_t(c) = alpha log sum_t exp(c / alpha)``

    Source: Norton eq. 5. The sum adds ``alpha log(length)`` a side, so longer items score higher;
    ``length_norm`` removes it. The released min-max scaling and fusion are not part of eq. 5.

    Attributes:
        alpha: softness > 0, on the scale of the similarities; toward 0 it becomes ``token-mean``.
        length_norm: subtract ``alpha log(number of tokens summed over)``; toward infinite ``alpha``
            it becomes ``uniform``.
        level: tokens of the videos, ``frame`` or ``patch``, where the file has both.

    Raises:
        InputError: ``alpha`` is not positive, or beyond what float32 holds.
    """

    alpha: float = 1.0
    length_norm: bool = False
    level: Level = "frame"
    symmetric = True
    source = "Norton eq. 5"

    def __post_init__(self) -> None:
        if self.alpha <= 0:
            raise InputError(f"alpha must be positive, it is {self.alpha}.")
        if not LEAST <= self.alpha <= MOST:
            raise InputError(f"alpha must lie between {LEAST:g} and {MOST:g}, it is {self.alpha}.")

    def reduce(self, tile: Tile) -> tuple[Tensor, Tensor]:
        """Return the same (T, V) for both directions."""
        logits = tile.c / self.alpha
        soft = log_mean_exp if self.shallow(tile) else log_sum_exp
        value = self.scaled(mean(soft(logits, WORDS), 1) + mean(soft(logits, FRAMES), 1), tile)
        return value, value

    @fused.differentiable
    def kernel(self, cosines: bool) -> Reduce | None:
        """Return the compiled reduction, as far as its exponents reach."""
        return self._compiled if cosines and 1 / self.alpha <= fused.REACH else None

    def _compiled(self, tile: Tile) -> tuple[Tensor, Tensor]:
        from vrbench.alignments.engine import reductions

        kernel = reductions.log_mean_exp if self.shallow(tile) else reductions.lse
        t2v, v2t = fused.run(kernel, 1 / self.alpha, tile)
        value = self.scaled(t2v + v2t, tile)
        return value, value

    def shallow(self, tile: Tile) -> bool:
        """Whether the logs of the lengths leave out so much of the sums that few digits are left.

        The mean of the exponentials is taken then, as a deviation from 1; for cosines and a small
        ``alpha`` it is the logs of the sums that keep more digits. Raw products may be small beside
        any ``alpha``.
        """
        cosines = tile.products.texts.items.stored.normalized
        return self.length_norm and (self.alpha >= SHALLOW or not cosines)

    def scaled(self, both: Tensor, tile: Tile) -> Tensor:
        """Return the similarity, given both ways' (T, V) logs of sums, or of means, added."""
        if self.length_norm and not self.shallow(tile):
            both = both - math.log(tile.text.length * tile.video.length)
        return self.alpha * both / 2


def log_mean_exp(logits: Tensor, axis: int) -> Tensor:
    """Log of the mean of exponentials along ``axis``, which is dropped; exact near 0.

    Where most terms are next to nothing beside the largest, as only raw products can be, it is the
    sum itself that keeps its digits.
    """
    top = logits.detach().amax(axis, keepdim=True)
    below = logits - top
    usual = log_sum_exp(below, axis) - math.log(logits.shape[axis])
    near = mean(below.expm1_(), axis)
    return near.log1p().where(near > -0.5, usual) + top.squeeze(axis)
