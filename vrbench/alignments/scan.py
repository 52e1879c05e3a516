"""``scan``: softmax attention from one side's tokens to the other's, as TokenFlow states it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from vrbench.alignments import alignments
from vrbench.alignments.base import FRAMES, WORDS, Level, Reduce, TokenAlignment, attend, mean
from vrbench.alignments.engine import fused
from vrbench.alignments.engine.tiles import Tile
from vrbench.errors import InputError

if TYPE_CHECKING:
    from torch import Tensor


@alignments.register("scan")
@dataclass(frozen=True)
class Scan(TokenAlignment):
    """Each token attends to the other side's tokens; the mean of its attended similarities.

    ``s^V = mean_s sum_t softmax_t(lam c[s,t]) c[s,t]``, ``s^T`` with the sides exchanged.

    Source: TokenFlow eq. 11 and Appendix A (eq. 17-22). TokenFlow drops the two normalizations of
    the original method, which is ``scan-original``, and does not state lambda.

    Attributes:
        lam: inverse temperature >= 0, not given by the paper; SCAN's code has 9 (t2i) and 4 (i2t).
        level: tokens of the videos, ``frame`` or ``patch``, where the file has both.

    Raises:
        InputError: ``lam`` is negative.
    """

    lam: float = 9.0
    level: Level = "frame"
    source = "TokenFlow eq. 11, 18"

    def __post_init__(self) -> None:
        if self.lam < 0:
            raise InputError(f"lam must not be negative, it is {self.lam}.")

    def reduce(self, tile: Tile) -> tuple[Tensor, Tensor]:
        """Return (s^T, s^V)."""
        logits = self.lam * tile.c
        to_text = mean(attend(logits, tile.c, FRAMES), 1)
        return to_text, mean(attend(logits, tile.c, WORDS), 1)

    @fused.differentiable
    def kernel(self, cosines: bool) -> Reduce | None:
        """Return the compiled reduction, as far as its exponents reach."""
        if not cosines or self.lam > fused.REACH:
            return None
        from vrbench.alignments.engine import reductions

        return partial(fused.run, reductions.scan, self.lam)
