"""``momentum``: soft targets from a teacher that follows the student slowly."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from vrbench.errors import InputError
from vrbench.losses.base import Loss, check_positive, losses
from vrbench.losses.batch import tensor

if TYPE_CHECKING:
    from torch import Tensor


def momentum(
    student: Any, teacher: Any, positive: Any, alpha: float = 0.4, scale: float | Tensor = 1.0
) -> tuple[Any, Any]:
    """Cross entropy of the student against a mixture of the teacher's softmax and the right item.

    ``y = alpha softmax(scale teacher) + (1 - alpha) onehot(positive)``,
    ``L = mean_i -sum_j y[i, j] log softmax(scale student)[i, j]``; y is a constant of the gradient.

    Args:
        student: (n, m) logits of n queries to the m items of batch and queue. Torch tensors or
            arrays.
        teacher: (n, m) the teacher's.
        positive: (n,) each query's right column.
        alpha: weight of the teacher's part, 0 to 1.
        scale: factor > 0 of both; 1 where they are logits already.

    Returns:
        The targets (n, m) and the loss: tensors for tensors, else an array and a number.

    Raises:
        InputError: shapes differ, a value is not finite, or a parameter is out of range.

    Source: TokenFlow eq. 23-24 (Appendix B), after ALBEF. The weight alpha of these equations is
    not the 0.95 by which Appendix E updates the teacher, though it has that name, too; its value is
    not given (ALBEF: 0.4).
    """
    import torch

    check_positive(scale=scale)
    _check_share("alpha", alpha)
    logits, given = tensor(student, "student")
    seen = tensor(teacher, "teacher")[0].detach()
    if logits.shape != seen.shape:
        raise InputError(
            f"The student's similarities have shape {tuple(logits.shape)} and the teacher's "
            f"{tuple(seen.shape)}: they need one shape."
        )
    right = torch.as_tensor(_columns(positive, *logits.shape), device=logits.device)
    factor = scale.detach() if isinstance(scale, torch.Tensor) else scale
    targets = alpha * (factor * seen.to(logits)).softmax(1)
    targets[torch.arange(len(right), device=right.device), right] += 1 - alpha
    loss = -(targets * (scale * logits).log_softmax(1)).sum(1).mean()
    return given(targets), given(loss)


@losses.register("momentum")
@dataclass(frozen=True)
class Momentum(Loss):
    """``infonce`` over batch and queues, against a mixture of a slow teacher's softmax and onehot.

    The teacher starts as the student; after each step its weights become ``ema * teacher +
    (1 - ema) * student``. Its outputs go to a
    queue of each side.

    Source: TokenFlow eq. 23-24 and Appendix B, after ALBEF. Appendix E calls the 0.95 of the
    teacher's update alpha, as eq. 23 does the weight of its targets: ``ema`` and ``alpha`` here.
    Global and fine similarities are compared in one sum, the method's. The paper's queues hold 16.

    Attributes:
        alpha: weight of the teacher's softmax in the targets, 0 to 1; not given by the paper.
        ema: share of its weights that the teacher keeps at a step, 0 to 1.
        queue: items a side that the queues hold, from 0.

    Raises:
        InputError: a parameter is out of range.
    """

    alpha: float = 0.4
    ema: float = 0.995
    queue: int = 4096
    source = "TokenFlow eq. 23-24, Appendix B"
    needs_teacher = True
    shared = ("ema", "queue")

    def __post_init__(self) -> None:
        _check_share("alpha", self.alpha)
        _check_share("ema", self.ema)
        if self.queue < 0:
            raise InputError(f"queue must not be negative, it is {self.queue}.")

    def __call__(
        self, t2v: Tensor, v2t: Tensor, scale: Tensor, teacher: tuple[Tensor, Tensor] | None = None
    ) -> Tensor:
        """Return the loss of a batch over batch and queues, see ``Loss``."""
        if teacher is None:
            raise TypeError("momentum needs the similarities of a teacher")
        positive = np.arange(len(t2v))
        ways = (t2v, teacher[0]), (v2t.mT, teacher[1].mT)
        rows, columns = (momentum(*way, positive, self.alpha, scale)[1] for way in ways)
        loss: Tensor = (rows + columns) / 2
        return loss


def _check_share(name: str, value: float) -> None:
    if not 0 <= value <= 1:
        raise InputError(f"{name} must lie between 0 and 1, it is {value}.")


def _columns(positive: Any, n: int, m: int) -> Any:
    found = np.asarray(positive.detach().cpu() if hasattr(positive, "detach") else positive)
    if found.shape != (n,) or found.dtype.kind not in "iu":
        raise InputError(f"positive must be {n} whole numbers, the right column of each query.")
    if found.min() < 0 or found.max() >= m:
        raise InputError(f"A right column in positive is not one of the {m} columns.")
    return found
