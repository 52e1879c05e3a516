"""``sspc``: what is near an anchor before the head is to be near it behind the head."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from vrbench.errors import InputError
from vrbench.losses.base import Given, Loss, check_positive, losses
from vrbench.losses.batch import tensor
from vrbench.losses.multi_sk import MultiSK

if TYPE_CHECKING:
    from torch import Tensor


def sspc(sim: Any, assignment: Any, temperature: float = 0.1) -> Any:
    """Binary cross entropy of similarities to anchors against an assignment of another space.

    ``L = mean_ia [softplus(x) - y x]`` with ``x = exp(sim / temperature)`` as the logit (so it is
    released) and ``y = assignment``, a constant of the gradient.

    Args:
        sim: (n, anchors) similarities. Torch tensors or arrays.
        assignment: (n, anchors) from ``multi_sk`` of the other space.
        temperature: > 0.

    Returns:
        A scalar: a tensor with gradient for tensors, a number for arrays.

    Raises:
        InputError: shapes differ, a value is not finite, the temperature is not positive, or the
            exponential of a similarity overflows.

    Source: the released code of Preserving Modality Structure (its main text defines the loss).
    """
    import torch

    check_positive(temperature=temperature)
    near, given = tensor(sim, "sim")
    due = tensor(assignment, "assignment")[0].detach().to(near)
    if near.shape != due.shape or not near.numel():
        raise InputError(
            f"sim has shape {tuple(near.shape)} and assignment {tuple(due.shape)}: they need one "
            "shape, (samples, anchors)."
        )
    logits = (near / temperature).exp()
    if not bool(torch.isfinite(logits).all()):
        raise InputError(f"exp(sim / {temperature:g}) overflows: raise the temperature.")
    return given((torch.nn.functional.softplus(logits) - due * logits).mean())


@losses.register("sspc")
@dataclass(frozen=True)
class SSPC(Loss):
    """Keep what each side was near to: anchors before and behind the head, against each other.

    Each side has learnt anchors for what the head gets and for what it gives, there for both sides.
    ``L = sum sspc(what the head gets x anchors, assignment of what it gave) + sspc(what it gives x
    anchors, assignment of what it got)``, over the anchors of both sides (a) and what the head gave
    for both (s). Assignments are ``multi_sk``'s, over batch and queues, and constants. Add it to
    another loss: ``infonce+sspc`` (the paper's weights).

    Source: the released code of Preserving Modality Structure, without audio: its 8 terms of text
    and video, whose weights are 1. Deviations: cosines of global vectors; it works from the first
    batch, where the release waits until its queues are full.

    Attributes:
        anchors: a side and space.
        k: anchors a sample.
        queue: items that each queue holds, from 0.
        cm: the cross-modal terms, s != a.
        ms: the modality-specific terms, s = a.
        temperature: > 0.
        approach: of ``multi_sk``.
        eps: of ``multi_sk``.
        iterations: of ``multi_sk``; the release makes 20.
        variant: of ``multi_sk``, ``exact`` or ``released``.

    Raises:
        InputError: a parameter is out of range.
    """

    anchors: int = 64
    k: int = 32
    queue: int = 5500
    cm: bool = True
    ms: bool = True
    temperature: float = 0.1
    approach: int = 1
    eps: float = 0.07
    iterations: int = 20
    variant: Literal["exact", "released"] = "exact"
    source = "Preserving Modality Structure, released code"
    has_anchors = True
    shared = ("anchors", "k", "queue", "cm", "ms", "approach", "eps", "iterations", "variant")

    def __post_init__(self) -> None:
        check_positive(temperature=self.temperature)
        if self.queue < 0:
            raise InputError(f"queue must not be negative, it is {self.queue}.")
        if not self.cm and not self.ms:
            raise InputError("sspc without cm and ms has no terms: leave one of them true.")
        if self.anchors < self.k:
            raise InputError(f"k = {self.k} anchors a sample need as many: raise anchors.")
        self.assigner()

    def assigner(self) -> MultiSK:
        """Return what assigns anchors."""
        options = {"eps": self.eps, "iterations": self.iterations, "variant": self.variant}
        return MultiSK(self.k, self.approach, **options)  # type: ignore[arg-type]

    def effective_scale(self, learnt: float) -> None:
        """Return None: the similarities of texts and videos are not read."""

    def __call__(
        self, t2v: Tensor, v2t: Tensor, scale: Tensor, teacher: tuple[Tensor, Tensor] | None = None
    ) -> Tensor:
        """Refuse: it reads no similarities of texts and videos."""
        raise TypeError("sspc needs anchors: train with it")

    def of(self, given: Given) -> Tensor:
        """Return the loss of a batch, see ``Loss``."""
        if given.anchored is None:
            return self(given.t2v, given.v2t, given.scale)
        terms = (sspc(sim, due, self.temperature) for sim, due in given.anchored)
        total: Tensor = sum(terms, given.scale.new_zeros(()))
        return total
