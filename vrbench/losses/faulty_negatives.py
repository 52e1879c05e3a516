"""Faulty negative exploitation: soft targets for the pairs of a batch that match after all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from vrbench.errors import InputError
from vrbench.losses.base import Loss, check_positive, losses
from vrbench.losses.batch import Batch
from vrbench.sequences.engine.sinkhorn import RANGE
from vrbench.sequences.plan import check, transport_plan

if TYPE_CHECKING:
    from torch import Tensor


def faulty_negatives(
    sim: Any,
    beta: float = 0.3,
    reg: float = 1.0,
    iterations: int = 50,
    variant: Literal["exact", "norton"] = "exact",
) -> Any:
    """Return the targets ``T = (1 - beta) I + beta Q`` of a batch, Q its transport plan.

    ``max_Q <Q, S> + reg H(Q)``, rows and columns of Q of 1/n each, by Sinkhorn's iterations, rows
    first. T is a constant of the loss: no gradient passes through it.

    Args:
        sim: (n, n) similarities of a batch, pair i on the diagonal (the release: dot products).
        beta: weight of the plan, 0 to 1.
        reg: weight > 0 of the entropy.
        iterations: of Sinkhorn, at least 1.
        variant: ``exact`` as in the paper: the plan's mass is 1, so that a row of T sums to
            1 - beta + beta / n; ``norton`` as released: rows and columns of Q sum to 1, as those of
            T. Its loss takes T transposed for the other side, and the mean over the batch where the
            paper has the sum.

    Returns:
        (n, n) targets, row i for query i: a float64 array, or a tensor of the type of ``sim``.

    Raises:
        InputError: ``sim`` is not square or not finite, or a parameter is out of range.

    Source: Norton eq. 7 and 8.
    """
    check_beta(beta)
    is_tensor = hasattr(sim, "detach")
    matrix = sim.detach().cpu().numpy() if is_tensor else sim
    plan = _plan(matrix, reg, iterations, variant)
    n, m = plan.shape
    if n != m:
        raise InputError(f"A batch has as many texts as videos, this one {n} and {m}.")
    mass = n if variant == "norton" else 1
    targets = np.asarray((1 - beta) * np.eye(n) + beta * mass * plan)
    return sim.new_tensor(targets) if is_tensor else targets


def _plan(sim: Any, reg: float, iterations: int, variant: Any) -> NDArray[np.float64]:
    """Return ``transport_plan(sim, reg, None, iterations, variant)``, by products of the matrix.

    There, sums go term after term, so that a pair has the same bits among any others: too slow for
    one large matrix a batch.
    """
    check(reg, iterations, variant)
    matrix = np.asarray(sim, dtype=np.float64) if np.ndim(sim) == 2 else np.empty((0, 0))
    usable = matrix.size and np.isfinite(matrix).all()
    if not usable or float(np.ptp(matrix)) > RANGE * reg:
        return transport_plan(sim, reg, None, iterations, variant)
    kernel = np.exp((matrix - matrix.max()) / reg)
    n, m = kernel.shape
    column = np.ones(m)
    for _ in range(iterations):
        row = 1 / n / (kernel @ column)
        column = 1 / m / (row @ kernel)
    return np.asarray(kernel * row[:, None] * column)


@losses.register("faulty-negatives")
@dataclass(frozen=True)
class FaultyNegatives(Loss):
    """``infonce`` against the targets of ``faulty_negatives``, each direction its own.

    ``L = -(sum_ij T^T[i, j] log softmax_j(scale S^T) + sum_ij T^V[i, j] log softmax_i(scale S^V)) /
    (2 n)`` with the targets of S^T and of S^V, in variant ``norton`` T^V transposed: a video's
    targets are then those of the text at its place. ``clip-caption:variant=norton`` has one T for
    both directions, made from the videos' side, and tau 1.

    Source: Norton eq. 7 and 8. Deviations: the mean over the batch and both directions, as infonce;
    plans scale texts first, as their rows are texts (in eq. 3 they are clips), which matters by
    what the iterations leave to go.

    Attributes:
        beta: weight of the plan, 0 to 1; 0 is ``infonce``.
        reg: weight > 0 of the entropy, on the scale of the similarities.
        iterations: of Sinkhorn, at least 1.
        variant: ``exact`` or ``norton``, as released.

    Raises:
        InputError: a parameter is out of range.
    """

    beta: float = 0.3
    reg: float = 1.0
    iterations: int = 50
    variant: Literal["exact", "norton"] = "exact"
    source = "Norton eq. 7-8"

    def __post_init__(self) -> None:
        check_beta(self.beta)
        check_positive(reg=self.reg)
        if self.iterations < 1:
            raise InputError(f"iterations must be at least 1, it is {self.iterations}.")

    def __call__(
        self, t2v: Tensor, v2t: Tensor, scale: Tensor, teacher: tuple[Tensor, Tensor] | None = None
    ) -> Tensor:
        """Return the loss of a batch, see ``Loss``."""
        batch = Batch.of((t2v, v2t))
        rows = self._targets(batch.t2v)
        columns = rows if t2v is v2t else self._targets(batch.v2t)
        columns = columns.mT if self.variant == "norton" else columns
        log_rows = (batch.t2v * scale).log_softmax(1)
        log_columns = (batch.v2t * scale).log_softmax(0)
        return -(rows * log_rows + columns * log_columns).sum() / (2 * len(rows))

    def _targets(self, sim: Tensor) -> Tensor:
        found: Tensor = faulty_negatives(sim, self.beta, self.reg, self.iterations, self.variant)
        return found


def check_beta(beta: float) -> None:
    """Check that the weight of a plan is a share.

    Raises:
        InputError: it is not.
    """
    if not 0 <= beta <= 1:
        raise InputError(f"beta must lie between 0 and 1, it is {beta}.")
