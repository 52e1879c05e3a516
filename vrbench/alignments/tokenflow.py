"""``tokenflow``: token matches weighted by the tokens' relation to the other side's global."""

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


@alignments.register("tokenflow")
@dataclass(frozen=True)
class TokenFlow(TokenAlignment):
    """The fine part of TokenFlow: a matching flow without a transport solver.

    ``d_s = mu_s . omega_bar``, ``e_t = omega_t . mu_bar`` (global vectors; not clamped) and
    ``s^T = mean_t e_t sum_s softmax_s(lam d_s c[s,t]) c[s,t]``,
    ``s^V = mean_s d_s sum_t softmax_t(lam e_t c[s,t]) c[s,t]``

    Source: TokenFlow eq. 14-16. Not given by the paper: lambda, and the weight of the global
    similarity in its final "weighted sum" (write ``0.5*global+0.5*tokenflow`` for that).

    Attributes:
        lam: lambda >= 0.
        level: tokens of the videos, ``frame`` or ``patch``, where the file has both.

    Raises:
        InputError: ``lam`` is negative.
    """

    lam: float = 10.0
    level: Level = "frame"
    source = "TokenFlow eq. 14-16"

    def __post_init__(self) -> None:
        if self.lam < 0:
            raise InputError(f"lam must not be negative, it is {self.lam}.")

    def reduce(self, tile: Tile) -> tuple[Tensor, Tensor]:
        """Return (s^T, s^V)."""
        c, d, e = tile.c, tile.d, tile.e
        to_text = attend(c * (self.lam * d).unsqueeze(WORDS), c, FRAMES)
        to_video = attend(c * (self.lam * e).unsqueeze(FRAMES), c, WORDS)
        return mean(e * to_text, 1), mean(d * to_video, 1)

    @fused.differentiable
    def kernel(self, cosines: bool) -> Reduce | None:
        """Return the compiled reduction, as far as its exponents reach."""
        if not cosines or self.lam > fused.REACH:
            return None
        from vrbench.alignments.engine import reductions

        return partial(fused.run, reductions.tokenflow, self.lam, vectors=True)
