"""``infonce``: cross entropy of each query over the batch, both ways."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vrbench.losses.base import Loss, check_positive, losses
from vrbench.losses.batch import Batch

if TYPE_CHECKING:
    from torch import Tensor


def infonce(sim: Any, scale: float | Tensor = 100.0) -> Any:
    """Mean cross entropy of the right item over the batch, both directions averaged.

    ``L = (mean_i CE(scale S^T[i, :], i) + mean_j CE(scale S^V[:, j], j)) / 2``

    Args:
        sim: (n, n) texts x videos, pair i on the diagonal, or a pair (t2v, v2t) of them: each
            direction reads its own. Torch tensors or arrays.
        scale: factor > 0 from similarities to logits; a tensor may be learnt.

    Returns:
        A scalar: a tensor with gradient for tensors, a number for arrays.

    Raises:
        InputError: ``sim`` is not square or not finite, has one pair, or scale is not positive.

    Source: TokenFlow eq. 1-5, NCL eq. 4.
    """
    check_positive(scale=scale)
    batch = Batch.of(sim)
    return batch.given(cross_entropy(batch.t2v * scale, batch.v2t * scale))


@losses.register("infonce")
@dataclass(frozen=True)
class InfoNCE(Loss):
    """Cross entropy of each query's right item over the batch, both directions averaged.

    Source: TokenFlow eq. 1-5, NCL eq. 4.
    """

    source = "TokenFlow eq. 1-5, NCL eq. 4"

    def __call__(
        self, t2v: Tensor, v2t: Tensor, scale: Tensor, teacher: tuple[Tensor, Tensor] | None = None
    ) -> Tensor:
        """Return the loss of a batch, see ``Loss``."""
        loss: Tensor = infonce((t2v, v2t), scale)
        return loss


def cross_entropy(t2v: Tensor, v2t: Tensor) -> Tensor:
    """Mean over rows of one and over columns of the other, of (n, n) logits; half the sum."""
    rows = t2v.log_softmax(1).diagonal().mean()
    columns = v2t.log_softmax(0).diagonal().mean()
    return -(rows + columns) / 2
