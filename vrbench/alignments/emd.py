"""``emd``: exact optimal transport between the tokens of a pair."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from vrbench.alignments import alignments
from vrbench.alignments.base import Level, Reduce, TokenAlignment
from vrbench.alignments.engine import emd_compiled, emd_kernels
from vrbench.alignments.engine.tiles import Tile
from vrbench.errors import InputError

if TYPE_CHECKING:
    from torch import Tensor

MAX_ITERATIONS = 1_000_000
OPTIMAL = 1


TOO_LARGE = "are too large; scale the tokens, or score with --precision double"


@alignments.register("emd")
@dataclass(frozen=True)
class EarthMover(TokenAlignment):
    """One minus the earth mover's distance, every pair solved exactly.

    ``s = max_T sum T[s,t] c[s,t]`` over plans with row masses ``d`` and column masses ``e``,
    ``d_s ~ max(mu_s . omega_bar, 0) + eps``, ``e_t ~ max(omega_t . mu_bar, 0) + eps``, each
    divided by its sum. All masses zero (``eps=0``): uniform. The masses are those of eq. 14, with
    the global vectors. The network simplex is ours where numba compiles it (``simplex.py``: float32
    products on the CPU), else POT's; both work in float64, and their values agree to 1e-14.

    Source: TokenFlow eq. 13-14. Deviations: the paper's constraints have s and t exchanged, and
    its masses may be negative and unequal, which has no solution; clamping, ``eps`` and the
    scaling to mass 1 are DeepEMD's (Zhang et al., CVPR 2020). In training the plan is a constant of
    the gradient.

    Attributes:
        eps: mass added to every token, >= 0.
        level: tokens of the videos, ``frame`` or ``patch``, where the file has both.

    Raises:
        InputError: ``eps`` is negative.
    """

    eps: float = 0.001
    level: Level = "frame"
    symmetric = True
    source = "TokenFlow eq. 13-14"

    def __post_init__(self) -> None:
        if self.eps < 0:
            raise InputError(f"eps must not be negative, it is {self.eps}.")

    def reduce(self, tile: Tile) -> tuple[Tensor, Tensor]:
        """Return the same (T, V) for both directions."""
        import torch

        if tile.c.requires_grad:
            plans = emd_compiled.plans(self.eps, tile)
            if plans is not None:
                result = (plans * tile.c).sum((1, 2))
                return result, result
        cost = _pairs_first((1 - tile.c).permute(0, 3, 2, 1))  # (T, V, f, w)
        video = self.masses(_pairs_first(tile.d.mT))  # (T, V, f)
        text = self.masses(_pairs_first(tile.e.mT))  # (T, V, w)
        value = np.empty(cost.shape[:2])
        plan = np.empty_like(cost) if tile.c.requires_grad else None
        for pair in np.ndindex(*value.shape):
            least, _, _, flow = planned(video[pair], text[pair], cost[pair])
            value[pair] = 1 - least
            if plan is not None:
                plan[pair] = flow
        if plan is not None:
            result = (torch.as_tensor(plan).to(tile.c).permute(0, 3, 2, 1) * tile.c).sum((1, 2))
        else:
            result = torch.as_tensor(value).to(tile.c)
        return result, result

    def kernel(self, cosines: bool) -> Reduce | None:
        """Return the compiled reduction."""
        return self._compiled

    def _compiled(self, tile: Tile) -> tuple[Tensor, Tensor]:
        value = emd_compiled.exact(emd_kernels.emd, (self.eps,), tile)
        return self.reduce(emd_compiled.as_read(tile)) if value is None else (value, value)

    def masses(self, weight: NDArray[np.float64]) -> NDArray[np.float64]:
        """Clamp, add eps and scale the last axis to sum 1; uniform where all are zero.

        Raises:
            InputError: they or their sum are too large for a number.
        """
        mass = np.maximum(weight, 0) + self.eps
        total = mass.sum(-1, keepdims=True)
        if not np.isfinite(total).all():
            raise InputError(
                "emd cannot weigh these tokens: their products with the other item's global vector "
                f"{TOO_LARGE}."
            )
        mass[np.broadcast_to(total == 0, mass.shape)] = 1
        return np.asarray(mass / mass.sum(-1, keepdims=True))


def _pairs_first(values: Tensor) -> NDArray[np.float64]:
    return np.ascontiguousarray(values.detach().double().cpu().numpy())


def solve(a: NDArray[Any], b: NDArray[Any], cost: NDArray[Any]) -> float:
    """Return the least cost; see ``planned``."""
    return planned(a, b, cost)[0]


def planned(
    a: NDArray[Any], b: NDArray[Any], cost: NDArray[Any]
) -> tuple[float, NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Move masses ``a`` (n,) to ``b`` (m,) at least cost; all float64, masses of sum 1.

    Returns:
        The cost, the dual variables (n,) and (m,): ``u[s] + v[t] <= cost[s, t]``, and a plan (n, m)
        of this cost.

    Raises:
        InputError: a cost is too large for a number.
        RuntimeError: the solver did not reach the optimum.
    """
    low = min(float(cost.min()), 0.0)  # POT calls some problems of negative costs infeasible
    cost, core = cost - low, _core()
    if core is None:
        from ot import emd2

        most = {"numItermax": MAX_ITERATIONS, "log": True, "return_matrix": True}
        value, log = emd2(a, b, cost, **most)
        return float(value) + low, log["u"] + low, log["v"], log["G"]
    # the core wants equal totals to the last bit, and rows one after the other
    balanced = b * (a.sum() / b.sum())
    plan, value, u, v, status = core(a, balanced, np.ascontiguousarray(cost), MAX_ITERATIONS, 1)
    if status != OPTIMAL:
        if not np.isfinite(cost).all():
            raise InputError(f"emd cannot move these tokens: their products {TOO_LARGE}.")
        raise RuntimeError(f"transport over {cost.shape} tokens ended with status {status}")
    return float(value) + low, u + low, v, plan


@cache
def _core() -> Any:
    """POT's C core, whose wrapper takes several times as long; None where it has moved."""
    one = np.ones(1)
    try:
        from ot.lp.emd_wrap import emd_c

        _, value, _, _, status = emd_c(one, one, one[None], MAX_ITERATIONS, 1)
    except (ImportError, TypeError, ValueError):
        return None
    return emd_c if (value, status) == (1, OPTIMAL) else None
