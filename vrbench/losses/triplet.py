"""``triplet``: the right item is to be better than the others by a margin."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vrbench.losses.base import Loss, check_positive, losses
from vrbench.losses.batch import Batch

if TYPE_CHECKING:
    from torch import Tensor


def triplet(sim: Any, margin: float = 0.2, hardest: bool = True) -> Any:
    """Sum over the batch of how far other items come within the margin, both ways.

    ``L = sum_i max_j [margin + S^T[i, j] - S^T[i, i]]_+ + sum_j max_i [margin + S^V[i, j] -
    S^V[j, j]]_+`` over i != j; sums in the place of the maxima where not ``hardest``.

    Args:
        sim: (n, n) texts x videos, pair i on the diagonal, or a pair (t2v, v2t) of them: each
            direction reads its own. Torch tensors or arrays; not scaled.
        margin: > 0, on the scale of the similarities.
        hardest: only each query's best wrong item counts, else all.

    Returns:
        A scalar: a tensor with gradient for tensors, a number for arrays.

    Raises:
        InputError: ``sim`` is not square or not finite, has one pair, or margin is not positive.

    Source: VSE++ (Faghri et al., BMVC 2018) eq. 4 and 5; a sum over the batch as in its code.
    """
    check_positive(margin=margin)
    batch = Batch.of(sim)
    ways = (_excess(batch.t2v, margin), _excess(batch.v2t.mT, margin))
    rows, columns = (way.amax(1).sum() if hardest else way.sum() for way in ways)
    return batch.given(rows + columns)


@losses.register("triplet")
@dataclass(frozen=True)
class Triplet(Loss):
    """Sum over the batch of how far other items come within the margin, both ways.

    Source: VSE++ (Faghri et al., BMVC 2018) eq. 4 and 5. The logit scale has no part in it.

    Attributes:
        margin: > 0, on the scale of the similarities.
        hardest: only each query's best wrong item counts, else all.

    Raises:
        InputError: ``margin`` is not positive.
    """

    margin: float = 0.2
    hardest: bool = True
    source = "VSE++ (BMVC 2018) eq. 4-5"

    def __post_init__(self) -> None:
        check_positive(margin=self.margin)

    def effective_scale(self, learnt: float) -> None:
        """Return None, see ``Loss``."""

    def __call__(
        self, t2v: Tensor, v2t: Tensor, scale: Tensor, teacher: tuple[Tensor, Tensor] | None = None
    ) -> Tensor:
        """Return the loss of a batch, see ``Loss``."""
        loss: Tensor = triplet((t2v, v2t), self.margin, self.hardest)
        return loss


def _excess(queries: Tensor, margin: float) -> Tensor:
    """(n, n) by how much item j is too near to query i; 0 on the diagonal."""
    import torch

    own = torch.eye(len(queries), dtype=torch.bool, device=queries.device)
    excess = (margin + queries - queries.diagonal()[:, None]).clamp(min=0)
    return excess.masked_fill(own, 0)
