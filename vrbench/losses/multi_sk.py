"""Multi-SK: Sinkhorn-Knopp that assigns several anchors to each sample."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from vrbench.errors import InputError
from vrbench.losses.base import check_positive
from vrbench.losses.batch import tensor

if TYPE_CHECKING:
    from torch import Tensor

Order = Literal["exact", "released"]

RANGE = 200.0
"""Largest spread of a row's logits for which products and sums stay normal numbers."""

SMALL = 1e-5
"""What the released code adds to its denominators."""


def multi_sk(
    sim: Any,
    k: int,
    approach: int = 1,
    mu: float = 0.25,
    eta: float = 0.1,
    eps: float = 0.07,
    iterations: int = 10,
    variant: Order = "exact",
    channels: bool = False,
) -> Any:
    """Return how far each sample belongs to each anchor, several anchors a sample.

    Channel c of K holds ``Q_c = exp(w_c S / eps)``; in turn each row of a channel is scaled to the
    sum 1, each column to n / K, and each entry's sum over the channels to 1. At last each row of a
    channel is scaled to 1, and the k channels of the largest weights are added.

    Args:
        sim: (n, K) similarities of samples and anchors; there are as many channels as anchors.
            Torch tensors or arrays.
        k: anchors a sample, K' in the paper, 1 to K.
        approach: 1: k channels of weight 1 and K - k of weight mu. Those of a weight are the same
            at every step, so two channels with multiplicities stand for the K: time and memory
            O(n K). 2: weights ``eta + (1 - eta)(1 - i / K)``, i from 0 (the paper does not say
            where i begins): K channels, O(n K K).
        mu: weight of the other channels in approach 1, from 0.
        eta: what the weights of approach 2 fall towards, 0 to 1.
        eps: temperature > 0.
        iterations: at least 1.
        variant: ``exact``, the pseudo-code; ``released``: columns, channels, rows in this order,
            1e-5 added to every denominator, what overflows replaced by the largest value, and each
            sample's sums scaled to 0 ... 1 by their minimum and maximum (0 where they are equal).
        channels: return the channels instead of the sum.

    Returns:
        (n, K), whose rows sum to k (``exact``; an entry may be a little above 1 before it has
        converged); or (K, n, K) the channels, those of weight 1 first
        (``exact``) or last (``released``). Computed in float64; a tensor with gradient for tensors,
        an array for arrays, of their type.

    Raises:
        InputError: ``sim`` is no matrix of finite numbers, a parameter is out of range, or eps is
            so small that a row vanishes.

    Source: Preserving Modality Structure, supplementary 2.1 and 3; ``released``: its code. The
    channels that are added are those of weight 1 in both; the others would give the complement.
    """
    method = MultiSK(k, approach, mu, eta, eps, iterations, variant)
    matrix, given = tensor(sim, "sim")
    found = method.channels(matrix) if channels else method.assign(matrix)
    return given(found.to(matrix.dtype))


@dataclass(frozen=True)
class MultiSK:
    """The parameters of ``multi_sk``, which see.

    Attributes:
        k: anchors a sample.
        approach: 1 or 2.
        mu: weight of the other channels in approach 1.
        eta: what the weights of approach 2 fall towards.
        eps: temperature.
        iterations: at least 1.
        variant: ``exact`` or ``released``.

    Raises:
        InputError: a parameter is out of range.
    """

    k: int
    approach: int = 1
    mu: float = 0.25
    eta: float = 0.1
    eps: float = 0.07
    iterations: int = 10
    variant: Order = "exact"

    def __post_init__(self) -> None:
        if self.approach not in (1, 2):
            raise InputError(f"approach must be 1 or 2, it is {self.approach}.")
        if self.variant not in ("exact", "released"):
            raise InputError(f"Unknown variant '{self.variant}': use exact or released.")
        if self.k < 1 or self.iterations < 1:
            raise InputError(
                f"k and iterations must be at least 1, they are {self.k} and {self.iterations}."
            )
        check_positive(eps=self.eps)
        if not 0 <= self.mu < float("inf"):
            raise InputError(f"mu must be 0 or more, it is {self.mu}.")
        if not 0 <= self.eta <= 1:
            raise InputError(f"eta must lie between 0 and 1, it is {self.eta}.")

    def assign(self, sim: Tensor) -> Tensor:
        """(n, K) -> (n, K) assignment, float64."""
        slices, _ = self._scaled(sim)
        kept = self.k * slices[0] if self.approach == 1 else slices[: self.k].sum(0)
        return kept if self.variant == "exact" else _to_unit(kept)

    def channels(self, sim: Tensor) -> Tensor:
        """(n, K) -> (K, n, K) channels, float64."""
        import torch

        slices, times = self._scaled(sim)
        cube = slices.repeat_interleave(torch.as_tensor(times, device=slices.device), 0)
        return cube if self.variant == "exact" else cube.flip(0)

    def _scaled(self, sim: Tensor) -> tuple[Tensor, list[int]]:
        """Return different channels (c, n, K), of the largest weight first, and how many of each.

        Raises:
            InputError: there are fewer anchors than k, or a row vanishes.
        """
        import torch

        n, anchors = sim.shape
        if not n or self.k > anchors:
            raise InputError(
                f"k = {self.k} anchors a sample need as many in sim, its shape is ({n}, {anchors})."
            )
        weights, times = self._weights(anchors)
        logits = torch.stack([weight * sim.double() / self.eps for weight in weights])
        scaled = _as_released if self.variant == "released" else _as_printed
        found = scaled(logits, sim.new_tensor(times).double()[:, None, None], self.iterations)
        if not bool(torch.isfinite(found).all()):
            raise InputError(f"eps = {self.eps:g} is too small for these similarities: raise it.")
        return found, times

    def _weights(self, anchors: int) -> tuple[list[float], list[int]]:
        """Return the weights of different channels, and how many channels have each."""
        if self.approach == 1:
            others = anchors - self.k
            return ([1.0, self.mu], [self.k, others]) if others else ([1.0], [self.k])
        rest = 1 - self.eta
        return [self.eta + rest * (1 - i / anchors) for i in range(anchors)], [1] * anchors


def _as_printed(logits: Tensor, times: Tensor, iterations: int) -> Tensor:
    """Rows, columns, channels in turn; by sums where the range allows, else in logs."""
    part = logits.shape[1] / logits.shape[2]
    below = logits - logits.detach().amax(2, keepdim=True)  # the first scaling of rows undoes it
    if float(below.detach().min()) < -RANGE:
        return _in_logs(below, times, iterations)
    q = below.exp()
    for _ in range(iterations):
        q = q / q.sum(2, keepdim=True)
        q = q * (part / q.sum(1, keepdim=True))
        q = q / (times * q).sum(0, keepdim=True)
    return q / q.sum(2, keepdim=True)


def _in_logs(q: Tensor, times: Tensor, iterations: int) -> Tensor:
    log_part, log_times = math.log(q.shape[1] / q.shape[2]), times.log()
    for _ in range(iterations):
        q = q.log_softmax(2)
        q = q.log_softmax(1) + log_part
        q = q - (log_times + q).logsumexp(0, keepdim=True)
    return q.softmax(2)


def _as_released(logits: Tensor, times: Tensor, iterations: int) -> Tensor:
    """Columns, channels, rows in turn."""
    import torch

    part = logits.shape[1] / logits.shape[2]
    over = logits > math.log(torch.finfo(logits.dtype).max)
    if bool(over.any()) and not bool(over.all()):
        logits = logits.where(~over, logits[~over].max())
    q = logits.exp()
    q = q / (times * q).sum()
    for _ in range(iterations):
        q = q * (part / (q.sum(1, keepdim=True) + SMALL))
        q = q / ((times * q).sum(0, keepdim=True) + SMALL)
        q = q / (q.sum(2, keepdim=True) + SMALL)
    return q / q.sum(2, keepdim=True)


def _to_unit(sums: Tensor) -> Tensor:
    """(n, K) each row from 0 to 1; 0 where all its values are equal."""
    least, most = sums.amin(1, keepdim=True), sums.amax(1, keepdim=True)
    spread = most - least
    return ((sums - least) / spread.where(spread > 0, 1)).where(spread > 0, 0)
