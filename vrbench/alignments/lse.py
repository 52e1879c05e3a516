"""``lse``: a soft maximum over the other side's tokens."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vrbench.alignments import alignments
from vrbench.alignments.base import FRAMES, WORDS, TokenAlignment, log_sum_exp, mean
from vrbench.alignments.tiles import Tile
from vrbench.errors import InputError

if TYPE_CHECKING:
    from torch import Tensor


@alignments.register("lse")
@dataclass(frozen=True)
class LogSumExp(TokenAlignment):
    """Mean of log-sum-exp token matches, both ways averaged.

    ``s = (mean_s LSE_t(c[s,t]) + mean_t LSE_s(c[s,t])) / 2`` with
    ``LSE_t(c) = alpha log sum_t exp(c / alpha)``

    Source: Norton eq. 5. The sum adds ``alpha log(length)`` a side, so longer items score higher;
    ``length_norm`` takes it away. The released min-max scaling and fusion are not part of eq. 5.

    Attributes:
        alpha: softness > 0, on the scale of the similarities; toward 0 it becomes ``token-mean``.
        length_norm: subtract ``alpha log(number of tokens summed over)``.

    Raises:
        InputError: ``alpha`` is not positive.
    """

    alpha: float = 1.0
    length_norm: bool = False
    symmetric = True
    source = "Norton eq. 5"

    def __post_init__(self) -> None:
        if self.alpha <= 0:
            raise InputError(f"alpha must be positive, it is {self.alpha}.")

    def reduce(self, tile: Tile) -> tuple[Tensor, Tensor]:
        """Return the same (T, V) for both directions."""
        logits = tile.c / self.alpha
        both = mean(log_sum_exp(logits, WORDS), 1) + mean(log_sum_exp(logits, FRAMES), 1)
        if self.length_norm:
            both = both - math.log(tile.text.length * tile.video.length)
        value = self.alpha * both / 2
        return value, value
