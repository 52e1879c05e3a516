"""``ncl``: contrastive loss with the biases that normalize the batch's retrieval probabilities."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vrbench.errors import InputError
from vrbench.losses.base import Loss, check_positive, losses
from vrbench.losses.batch import Batch
from vrbench.losses.infonce import cross_entropy

if TYPE_CHECKING:
    from torch import Tensor


def ncl(
    sim: Any, gamma: float | Tensor = 0.01, iterations: int = 4, *, through: bool = False
) -> Any:
    """``infonce`` of similarities to which the biases of text i and of video j are added.

    ``L = infonce(S[i, j] + a_i + b_j, scale = 1 / gamma)`` with ``a = gamma log(alpha / sum)``,
    ``b = gamma log(beta / sum)`` and, for ``M = exp(S / gamma)``, ``beta = 1 / column sums`` and
    then in turn ``alpha = 1 / (M beta)``, ``beta = 1 / (alpha^T M)``; all in logarithms.

    Args:
        sim: (n, n) texts x videos, pair i on the diagonal, or a pair (t2v, v2t) of them: each
            direction has the biases of its own matrix. Torch tensors or arrays.
        gamma: temperature > 0.
        iterations: of the fixed point, from 1.
        through: let the gradient through the biases; they are constants otherwise (the paper does
            not say).

    Returns:
        A scalar: a tensor with gradient for tensors, a number for arrays.

    Raises:
        InputError: ``sim`` is not square or not finite, has one pair, or a parameter is out of
            range.

    Source: NCL eq. 6-12 and Figure 4.
    """
    check_positive(gamma=gamma)
    _check_iterations(iterations)
    batch = Batch.of(sim)
    t2v = _adjusted(batch.t2v / gamma, iterations, through)
    same = batch.v2t is batch.t2v
    v2t = t2v if same else _adjusted(batch.v2t / gamma, iterations, through)
    return batch.given(cross_entropy(t2v, v2t))


@losses.register("ncl")
@dataclass(frozen=True)
class NCLLoss(Loss):
    """``infonce`` with the biases that normalize the batch's retrieval probabilities.

    Source: NCL eq. 6-12 and Figure 4. In the place of SSB's triplet loss: ``15*ncl:gamma=0.07``.

    Attributes:
        iterations: of the fixed point, from 1.
        gamma: temperature > 0; none: 1 / scale, which is learnt.
        through: let the gradient through the biases; they are constants otherwise (the paper does
            not say).

    Raises:
        InputError: a parameter is out of range.
    """

    iterations: int = 4
    gamma: float | None = None
    through: bool = False
    source = "NCL eq. 6-12, Figure 4"

    def __post_init__(self) -> None:
        _check_iterations(self.iterations)
        if self.gamma is not None:
            check_positive(gamma=self.gamma)

    def effective_scale(self, learnt: float) -> float:
        """Return 1 / gamma, see ``Loss``."""
        return learnt if self.gamma is None else 1 / self.gamma

    def __call__(
        self, t2v: Tensor, v2t: Tensor, scale: Tensor, teacher: tuple[Tensor, Tensor] | None = None
    ) -> Tensor:
        """Return the loss of a batch, see ``Loss``."""
        gamma = 1 / scale if self.gamma is None else self.gamma
        loss: Tensor = ncl((t2v, v2t), gamma, self.iterations, through=self.through)
        return loss


def _adjusted(logits: Tensor, iterations: int, through: bool) -> Tensor:
    """Logits (n, n) with the log weights of rows and columns added."""
    alpha, beta = _biases(logits if through else logits.detach(), iterations)
    return logits + alpha[:, None] + beta


def _biases(logits: Tensor, iterations: int) -> tuple[Tensor, Tensor]:
    """Log alpha (n,) and log beta (n,), each of sum 1; columns are updated last."""
    alpha, beta = logits.new_zeros(len(logits)), -logits.logsumexp(0)
    for _ in range(iterations):
        alpha = -(logits + beta).logsumexp(1)
        beta = -(logits + alpha[:, None]).logsumexp(0)
    return alpha.log_softmax(0), beta.log_softmax(0)


def _check_iterations(iterations: int) -> None:
    if iterations < 1:
        raise InputError(f"iterations must be at least 1, it is {iterations}.")
