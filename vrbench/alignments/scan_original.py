"""``scan-original``: stacked cross attention as its authors released it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from vrbench.alignments import alignments
from vrbench.alignments.base import FRAMES, WORDS, Level, TokenAlignment, log_sum_exp, mean, total
from vrbench.alignments.engine.product import on_grid
from vrbench.alignments.engine.tiles import Tile
from vrbench.errors import InputError

if TYPE_CHECKING:
    from torch import Tensor

EPS = 1e-8
LEAK = 0.1
LSE_SCALE = 6.0


@alignments.register("scan-original")
@dataclass(frozen=True)
class ScanOriginal(TokenAlignment):
    """Attend to the other side, compare by cosine with what was attended, aggregate.

    For words attending to frames (t2v): ``a = leaky_relu(c, 0.1)``, each frame's ``a`` divided by
    its l2 norm over the words, ``beta = softmax_s(lam a)``, ``r_t = cos(omega_t, sum_s beta mu_s)``
    and ``s^T = mean_t r_t`` or ``log(sum_t exp(6 r_t)) / 6``. v2t: the sides exchanged.

    Source: Lee et al., SCAN, ECCV 2018, and its released code (clipped l2 norm). Deviation: the
    released t2i has no region mask; here no padded token exists on either side.

    Attributes:
        lam: inverse temperature >= 0 of both directions; released: 9 (t2i), 4 (i2t).
        agg: ``mean``, or ``lse`` (LogSumExp with factor 6).
        level: tokens of the videos, ``frame`` or ``patch``, where the file has both.

    Raises:
        InputError: ``lam`` is negative.
    """

    lam: float = 9.0
    agg: Literal["mean", "lse"] = "mean"
    level: Level = "frame"
    source = "Lee et al., SCAN, ECCV 2018"

    def __post_init__(self) -> None:
        if self.lam < 0:
            raise InputError(f"lam must not be negative, it is {self.lam}.")

    def reduce(self, tile: Tile) -> tuple[Tensor, Tensor]:
        """Return (s^T, s^V)."""
        c = tile.c
        attention = c.clamp(min=0) + LEAK * c.clamp(max=0)
        frames, words = tile.frames, tile.words

        beta = _softmax_of_unit(attention, unit=WORDS, over=FRAMES, lam=self.lam)
        squared = attended_squared(beta.permute(3, 0, 1, 2), frames).permute(1, 2, 0)
        to_text = cosine(total(beta * c, FRAMES), words.norm(dim=-1)[:, :, None], squared)

        beta = _softmax_of_unit(attention, unit=FRAMES, over=WORDS, lam=self.lam)
        squared = attended_squared(beta.permute(0, 2, 3, 1), words)
        to_video = cosine(total(beta * c, WORDS), frames.norm(dim=-1).mT[None], squared)
        return self._aggregate(to_text), self._aggregate(to_video)

    def _aggregate(self, values: Tensor) -> Tensor:
        if self.agg == "mean":
            return mean(values, 1)
        return log_sum_exp(LSE_SCALE * values, 1) / LSE_SCALE


def _softmax_of_unit(attention: Tensor, unit: int, over: int, lam: float) -> Tensor:
    norm = _root(total(attention * attention, unit)) + EPS
    logits = lam * attention / norm.unsqueeze(unit)
    weight = (logits - logits.amax(over, keepdim=True)).exp_()
    return weight / total(weight, over).unsqueeze(over)


def attended_squared(beta: Tensor, tokens: Tensor) -> Tensor:
    """Squared length of the attended vectors, ``|sum_s beta[..., s] tokens[s]|^2``.

    Args:
        beta: (n, x, y, l) weights over the tokens of n items.
        tokens: (n, l, d) their tokens.

    Returns:
        (n, x, y).
    """
    n, x, y, _ = beta.shape
    weights, rows = on_grid(beta.flatten(1, 2), columns=True), on_grid(tokens)
    squared = ((weights @ (rows @ rows.mT)) * weights).sum(-1)
    return squared[:, : x * y].view(n, x, y)


def cosine(dot: Tensor, length: Tensor, squared: Tensor) -> Tensor:
    """Cosine from the dot product, one length, and the other's square."""
    return dot / (length * _root(squared)).clamp(min=EPS)


def _root(squared: Tensor) -> Tensor:
    """Square root of numbers that rounding may have left below 0; there its gradient is 0."""
    zero = squared <= 0
    return squared.masked_fill(zero, 1).sqrt().masked_fill(zero, 0)
