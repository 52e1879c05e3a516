"""What a loss is, and the batches that losses read."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from vrbench.alignments.functions import shown
from vrbench.alignments.sums import parse_sum, sum_spec
from vrbench.errors import InputError
from vrbench.registry import Registry

if TYPE_CHECKING:
    from torch import Tensor

    from vrbench.alignments.engine.batch import Packed


@dataclass(frozen=True)
class Given:
    """What the training loop gives a loss.

    Attributes:
        t2v: s^T of the batch, texts x videos; (n, n + k) where there are queues of a teacher.
        v2t: s^V of the batch, texts x videos; (n + k, n) where there are queues of a teacher.
        scale: what similarities are multiplied by to become logits.
        teacher: the same two of a teacher, where a part of the loss needs one.
        anchored: similarities to anchors, and the assignments that they are compared with, where a
            part of the loss has anchors.
        sides: the batch's texts and videos as the head gives them.
        lengths: clips of each run of the batch, one after the other, where a part has ``run``.
    """

    t2v: Tensor
    v2t: Tensor
    scale: Tensor
    teacher: tuple[Tensor, Tensor] | None = None
    anchored: Sequence[tuple[Tensor, Tensor]] | None = None
    sides: tuple[Packed, Packed] | None = None
    lengths: NDArray[np.int64] | None = None


class Loss(ABC):
    """A frozen dataclass whose fields are the loss's parameters."""

    source: ClassVar[str] = ""
    """Paper and equation, for listings."""

    needs_teacher: ClassVar[bool] = False
    """Whether it compares with a teacher, over the batch and queues (``momentum``)."""

    has_anchors: ClassVar[bool] = False
    """Whether it compares with learnt anchors, of the items before and behind the head."""

    shared: ClassVar[tuple[str, ...]] = ()
    """Its parameters that a training has one of, such as the size of its queues: parts of a sum
    have the same."""

    @property
    def run(self) -> int:
        """Most clips of a run, where a batch is to have runs of long videos (else 0)."""
        return 0

    @abstractmethod
    def __call__(
        self, t2v: Tensor, v2t: Tensor, scale: Tensor, teacher: tuple[Tensor, Tensor] | None = None
    ) -> Tensor:
        """Return the loss of a batch, a scalar with gradient.

        Args:
            t2v: (n, n) s^T, texts x videos, pair i on the diagonal. Where a teacher is needed
                (n, n + k): the batch's texts x the videos of batch and queue, in this order.
            v2t: (n, n) s^V, texts x videos; where a teacher is needed (n + k, n).
            scale: what similarities are multiplied by to become logits.
            teacher: the same two of the teacher, where one is needed.

        Raises:
            InputError: a shape is wrong, or a similarity is NaN or infinite.
        """

    def effective_scale(self, learnt: float) -> float | None:
        """Return what similarities are multiplied by in it; None: by nothing.

        Args:
            learnt: the logit scale, which ``__call__`` is given.
        """
        return learnt

    def of(self, given: Given) -> Tensor:
        """Return the loss of what the loop gives; a part without a teacher reads no queue."""
        if self.needs_teacher:
            return self(given.t2v, given.v2t, given.scale, given.teacher)
        n = len(given.t2v)
        return self(given.t2v[:, :n], given.v2t[:n], given.scale)


losses: Registry[Loss] = Registry("loss", "vrbench.losses", base=Loss)


@dataclass(frozen=True)
class LossSum:
    """A weighted sum of losses; usually one of weight 1.

    Attributes:
        parts: (weight, loss) in order.

    Raises:
        InputError: two parts of one kind want batches, queues or a teacher of their own.
    """

    parts: tuple[tuple[float, Loss], ...]

    def __post_init__(self) -> None:
        first: dict[type[Loss], Loss] = {}
        for _, part in self.parts:
            other = first.setdefault(type(part), part)
            for name in part.shared:
                if getattr(other, name) != getattr(part, name):
                    raise InputError(
                        f"{losses.spec(other)} and {losses.spec(part)} differ in {name}, of which "
                        "a training has one: give both the same."
                    )
        runs = sorted({part.run for _, part in self.parts if part.run})
        if len(runs) > 1:
            raise InputError(
                f"The parts of {self.spec} want runs of {runs[0]} and of {runs[-1]} clips, and a "
                "training has batches of one kind: give them the same length."
            )

    @property
    def needs_teacher(self) -> bool:
        """Whether some part does."""
        return any(part.needs_teacher for _, part in self.parts)

    @property
    def has_anchors(self) -> bool:
        """Whether some part does."""
        return any(part.has_anchors for _, part in self.parts)

    @property
    def run(self) -> int:
        """Most clips of a run, as the parts say that need them; else 0."""
        return next((part.run for _, part in self.parts if part.run), 0)

    def effective_scale(self, learnt: float) -> float | None:
        """Return what similarities are multiplied by: the logit scale where a part reads it.

        Else what the first part that says it has; None: none has one.

        Raises:
            InputError: a part says something that is no number above 0.
        """
        found = []
        for _, part in self.parts:
            with losses.calling(part):
                one = part.effective_scale(learnt)
            if one is not None:
                check_positive(effective_scale=one)
                found.append(one)
        return learnt if learnt in found else next(iter(found), None)

    @property
    def spec(self) -> str:
        """The spec that names this sum, such as ``infonce+0.1*triplet``."""
        return sum_spec(self.parts, losses.spec)

    def __call__(
        self, t2v: Tensor, v2t: Tensor, scale: Tensor, teacher: tuple[Tensor, Tensor] | None = None
    ) -> Tensor:
        """Return the loss of a batch; parts without a teacher read the batch alone."""
        return self.of(Given(t2v, v2t, scale, teacher))

    def of(self, given: Given) -> Tensor:
        """Return the loss of what the loop gives.

        Raises:
            InputError: a part from outside raises, or returns no number with gradient.
        """
        total = given.scale.new_zeros(())
        for weight, part in self.parts:
            with losses.calling(part):
                value = part.of(given)
            total = total + weight * _checked(value, part, given)
        return total


def _checked(value: Any, part: Loss, given: Given) -> Tensor:
    """Return what a loss returned, if it is a number that the similarities decide.

    Raises:
        InputError: it is something else.
    """
    import torch

    found = torch.is_tensor(value) and value.is_floating_point()
    if found and value.numel() == 1:
        asked = given.t2v.requires_grad or given.v2t.requires_grad
        if value.requires_grad or not asked:
            number: Tensor = value.reshape(())
            return number
    without = " without gradient" * (found and not value.requires_grad)
    raise InputError(
        f"The loss '{losses.spec(part)}' returns {shown(value)}{without}: it has to return a torch "
        "number with gradient."
    )


def parse_loss(spec: str) -> LossSum:
    """Read ``name:key=value`` or a weighted sum ``infonce+0.1*triplet``.

    Raises:
        InputError: a name, parameter, value or weight cannot be read.
    """
    return LossSum(parse_sum(spec, losses.parse))


def check_positive(**values: float | Tensor) -> None:
    """Check that parameters are positive and finite.

    Raises:
        InputError: one is not.
    """
    for name, value in values.items():
        number = value if isinstance(value, float | int) else float(value.detach())
        if not 0 < number < float("inf"):
            raise InputError(f"{name} must be positive and finite, it is {number}.")
