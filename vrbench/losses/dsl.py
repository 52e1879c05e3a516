"""``dsl``: dual softmax, each similarity weighted by how far the item asks for the query too."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vrbench.losses.base import Loss, check_positive, losses
from vrbench.losses.batch import Batch
from vrbench.losses.infonce import cross_entropy

if TYPE_CHECKING:
    from torch import Tensor


def dsl(sim: Any, tau: float = 0.01, scale: float | Tensor = 100.0) -> Any:
    """``infonce`` of similarities times their prior, the softmax over the queries, times n.

    ``L = infonce((S^T * softmax_i(S^T / tau) n, S^V * softmax_j(S^V / tau) n), scale)``

    Args:
        sim: (n, n) texts x videos, pair i on the diagonal, or a pair (t2v, v2t) of them: each
            direction reads its own. Torch tensors or arrays.
        tau: temperature > 0 of the prior, on the scale of the similarities.
        scale: factor > 0 from similarities to logits; a tensor may be learnt.

    Returns:
        A scalar: a tensor with gradient for tensors, a number for arrays.

    Raises:
        InputError: ``sim`` is not square or not finite, has one pair, or a parameter is not
            positive.

    Source: CAMoE (Cheng et al., arXiv:2109.04290).
    """
    check_positive(tau=tau, scale=scale)
    batch = Batch.of(sim)
    n = len(batch.t2v)
    t2v = batch.t2v * (batch.t2v / tau).softmax(0) * n
    v2t = batch.v2t * (batch.v2t / tau).softmax(1) * n
    return batch.given(cross_entropy(t2v * scale, v2t * scale))


@losses.register("dsl")
@dataclass(frozen=True)
class DSL(Loss):
    """``infonce`` of similarities times the softmax over the queries (dual softmax loss).

    Source: CAMoE (Cheng et al., arXiv:2109.04290). As a normalization at test time: norm ``dsl``.

    Attributes:
        tau: temperature > 0 of the prior, on the scale of the similarities.

    Raises:
        InputError: ``tau`` is not positive.
    """

    tau: float = 0.01
    source = "CAMoE, arXiv:2109.04290"

    def __post_init__(self) -> None:
        check_positive(tau=self.tau)

    def __call__(
        self, t2v: Tensor, v2t: Tensor, scale: Tensor, teacher: tuple[Tensor, Tensor] | None = None
    ) -> Tensor:
        """Return the loss of a batch, see ``Loss``."""
        loss: Tensor = dsl((t2v, v2t), self.tau, scale)
        return loss
