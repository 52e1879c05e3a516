"""``transport``: entropic optimal transport between the tokens of a pair."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from vrbench.alignments import alignments
from vrbench.alignments.base import FRAMES, WORDS, Level, Reduce, TokenAlignment, log_sum_exp, total
from vrbench.alignments.engine import fused, kernels
from vrbench.alignments.engine.tiles import Tile
from vrbench.errors import InputError

if TYPE_CHECKING:
    from torch import Tensor

LEAST_REG = 1 / 30
"""Below it exp(c / reg) of two cosines may be too far apart for float32: logarithms are used."""


@alignments.register("transport")
@dataclass(frozen=True)
class Transport(TokenAlignment):
    """Similarity of the tokens under the entropic transport plan between them.

    ``s = sum T[s,t] c[s,t]``, ``T = u_s exp(c[s,t] / reg) v_t`` with the masses d and e of ``emd``.
    From ones, each iteration sets ``u' = d / (K v)`` and ``v' = e / (K^T u)``, both from the old
    ones, so that no side comes first; the last two plans, one with exact rows (u', v) and one with
    exact columns (u, v'), are averaged. In training the plan is a constant of the gradient.

    Source: Cuturi, NeurIPS 2013, on the masses of TokenFlow eq. 13-14. As ``reg`` goes to 0 and
    ``iterations`` grow it becomes ``emd``.

    Attributes:
        reg: weight of the entropy, on the scale of the similarities, > 0.
        iterations: updates of both sides, from 1.
        eps: mass added to every token, > 0.
        level: tokens of the videos, ``frame`` or ``patch``, where the file has both.

    Raises:
        InputError: a parameter is out of range.
    """

    reg: float = 0.1
    iterations: int = 50
    eps: float = 0.001
    level: Level = "frame"
    symmetric = True
    source = "Cuturi, NeurIPS 2013; TokenFlow eq. 13-14"

    def __post_init__(self) -> None:
        if self.reg <= 0 or self.eps <= 0 or self.iterations < 1:
            raise InputError("reg and eps must be positive, and iterations at least 1.")

    def reduce(self, tile: Tile) -> tuple[Tensor, Tensor]:
        """Return the same (T, V) for both directions."""
        # the plan is a constant of the gradient
        frames, words = self._masses(tile.d.detach()), self._masses(tile.e.detach())
        safe = self.reg >= LEAST_REG and tile.products.texts.items.stored.normalized
        value = (self._scaling if safe else self._logs)(tile.c, frames, words)
        return value, value

    def kernel(self, cosines: bool) -> Reduce | None:
        """Return the compiled reduction, as far as its exponents reach."""
        if not cosines or self.reg < LEAST_REG:
            return None
        numbers = np.float32(1 / self.reg), np.float32(self.eps), self.iterations
        return partial(fused.run, kernels.transport, numbers, vectors=True, contract=True)

    def _masses(self, weight: Tensor) -> Tensor:
        mass = weight.clamp(min=0) + self.eps
        return mass / total(mass, 1).unsqueeze(1)

    def _scaling(self, c: Tensor, d: Tensor, e: Tensor) -> Tensor:
        import torch

        kernel = (c.detach() / self.reg).exp_()
        u, v = torch.ones_like(d), torch.ones_like(e)
        for _ in range(self.iterations):
            old = u, v
            u, v = d / _weighted(kernel, v, WORDS), e / _weighted(kernel, u, FRAMES)
        rows, columns = (_weighted(kernel * c, x, WORDS) for x in (old[1], v))
        return (total(u * rows, 1) + total(old[0] * columns, 1)) / 2

    def _logs(self, c: Tensor, d: Tensor, e: Tensor) -> Tensor:
        import torch

        # a plan is what is left of logits and two logs as large as they are, in float32 nothing
        logits, d, e = c.detach().double() / self.reg, d.double().log(), e.double().log()
        u, v = torch.zeros_like(d), torch.zeros_like(e)
        for _ in range(self.iterations):
            old = u, v
            u, v = (
                d - log_sum_exp(logits + v.unsqueeze(FRAMES), WORDS),
                e - log_sum_exp(logits + u.unsqueeze(WORDS), FRAMES),
            )
        plans = (
            (logits + a.unsqueeze(WORDS) + b.unsqueeze(FRAMES)).exp_()
            for a, b in ((u, old[1]), (old[0], v))
        )
        first, second = (total(total(plan * c, WORDS), 1) for plan in plans)
        return ((first + second) / 2).to(c.dtype)


def _weighted(values: Tensor, weight: Tensor, axis: int) -> Tensor:
    """Sum of ``values * weight`` along WORDS or FRAMES, one slice after the other."""
    slices = zip(values.unbind(axis), weight.unbind(1), strict=True)
    value, factor = next(slices)
    result = value * factor.unsqueeze(1)
    for value, factor in slices:
        result.addcmul_(value, factor.unsqueeze(1))
    return result
