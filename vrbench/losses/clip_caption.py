"""``clip-caption``: cross entropy against targets that forgive faulty negatives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from vrbench.errors import InputError
from vrbench.losses.base import Loss, check_positive, losses
from vrbench.losses.batch import Batch, tensor
from vrbench.losses.faulty_negatives import check_beta, faulty_negatives

if TYPE_CHECKING:
    from torch import Tensor

Variant = Literal["exact", "norton"]


def clip_caption(
    sim: Any, targets: Any, tau: float | Tensor = 0.07, variant: Variant = "exact"
) -> Any:
    """Cross entropy of both directions against soft targets.

    ``L = -sum_ij T[i, j] (log softmax_j(S^T / tau)[i, j] + log softmax_i(S^V / tau)[i, j])``

    Args:
        sim: (n, n) texts x videos, pair i on the diagonal, or a pair (t2v, v2t) of them: each
            direction reads its own. Torch tensors or arrays.
        targets: (n, n) T of ``faulty_negatives``, texts x videos, a constant of the gradient.
        tau: temperature > 0; a tensor may be learnt.
        variant: ``exact``, the sum; ``norton``, as released: its mean over the batch (and tau 1 on
            dot products as they are, with targets whose rows sum to 1).

    Returns:
        A scalar: a tensor with gradient for tensors, a number for arrays.

    Raises:
        InputError: ``sim`` is not square or not finite, has one pair, the targets have another
            shape, or tau is not positive.

    Source: Norton eq. 8.
    """
    check_positive(tau=tau)
    check_variant(variant)
    batch = Batch.of(sim)
    due = tensor(targets, "targets")[0].detach().to(batch.t2v)
    if due.shape != batch.t2v.shape:
        raise InputError(
            f"The targets have shape {tuple(due.shape)}, the similarities "
            f"{tuple(batch.t2v.shape)}: they need one shape."
        )
    return batch.given(_cross_entropy(batch, due, due, tau, variant))


@losses.register("clip-caption")
@dataclass(frozen=True)
class ClipCaption(Loss):
    """Cross entropy of clips and captions against targets that forgive faulty negatives.

    ``clip_caption`` with tau = 1 / scale and the targets of ``faulty_negatives``, each direction of
    its own similarities. With half its sum's mean over the batch it is ``faulty-negatives``.

    Source: Norton eq. 7 and 8.

    Attributes:
        beta: weight of the plan in the targets, 0 to 1.
        reg: weight > 0 of the entropy, on the scale of the similarities.
        iterations: of Sinkhorn, at least 1.
        variant: ``exact``; or ``norton`` as released: rows of the targets sum to 1, the plan is
            made videos first, tau is 1 (its similarities are dot products as they are), and the
            loss is the mean over the batch.

    Raises:
        InputError: a parameter is out of range.
    """

    beta: float = 0.3
    reg: float = 1.0
    iterations: int = 50
    variant: Variant = "exact"
    source = "Norton eq. 7-8"

    def __post_init__(self) -> None:
        check_beta(self.beta)
        check_positive(reg=self.reg)
        check_variant(self.variant)
        if self.iterations < 1:
            raise InputError(f"iterations must be at least 1, it is {self.iterations}.")

    def effective_scale(self, learnt: float) -> float:
        """Return 1 / tau, see ``Loss``."""
        return learnt if self.variant == "exact" else 1.0

    def __call__(
        self, t2v: Tensor, v2t: Tensor, scale: Tensor, teacher: tuple[Tensor, Tensor] | None = None
    ) -> Tensor:
        """Return the loss of a batch, see ``Loss``."""
        batch = Batch.of((t2v, v2t))
        rows = self._targets(batch.t2v)
        columns = rows if t2v is v2t else self._targets(batch.v2t)
        tau = 1 / scale if self.variant == "exact" else 1.0
        return _cross_entropy(batch, rows, columns, tau, self.variant)

    def _targets(self, sim: Tensor) -> Tensor:
        """(n, n) texts x videos."""
        options = self.beta, self.reg, self.iterations, self.variant
        if self.variant == "norton":
            turned: Tensor = faulty_negatives(sim.mT, *options)
            return turned.mT
        found: Tensor = faulty_negatives(sim, *options)
        return found


def check_variant(variant: str) -> None:
    """Check that there is such a variant.

    Raises:
        InputError: there is not.
    """
    if variant not in ("exact", "norton"):
        raise InputError(f"Unknown variant '{variant}': use exact or norton.")


def _cross_entropy(
    batch: Batch, rows: Tensor, columns: Tensor, tau: float | Tensor, variant: Variant
) -> Tensor:
    """Sum over both directions of each one's targets times log probabilities, or the mean."""
    of_rows = rows * (batch.t2v / tau).log_softmax(1)
    of_columns = columns * (batch.v2t / tau).log_softmax(0)
    total = -(of_rows + of_columns).sum()
    return total / len(rows) if variant == "norton" else total
