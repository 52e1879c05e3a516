"""The k largest of scores, with a gradient: by what they are on average under noise."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Generator, Tensor

SAMPLES, SIGMA = 500, 0.05
"""Draws of the noise, and its spread (UCoFiA's release)."""
ROWS = 64
"""Rows of scores whose draws are in memory at once."""


def perturbed_top(
    scores: Tensor, k: int, seed: int, samples: int = SAMPLES, sigma: float = SIGMA
) -> Tensor:
    """(n, l) scores -> (n, k, l) how often each entry is the i-th of the k largest by place.

    ``E[onehot(top_k(scores + sigma z))]`` over draws z of the normal distribution, the k in
    ascending order of their place. Its gradient is ``E[onehot z^T] / sigma`` over the same draws.

    Source: Berthet et al., 2020, Proposition 3.1. Deviation: the released code lets an entry only
    feel its own noise, the diagonal of this.

    Args:
        scores: with or without gradient.
        k: entries that are kept, at most l.
        seed: of the draws: the same seed gives the same bits on the CPU.
        samples: draws.
        sigma: spread of the noise.
    """
    found: Tensor = _function().apply(scores, k, seed, samples, sigma)
    return found


@cache
def _function() -> Any:
    import torch
    from torch.autograd.function import Function, once_differentiable

    class PerturbedTop(Function):
        @staticmethod
        def forward(
            ctx: Any, scores: Tensor, k: int, seed: int, samples: int, sigma: float
        ) -> Tensor:
            n, width = scores.shape
            found = scores.new_zeros(n, k, width)
            # one byte or two a place: this is what is kept until the gradient
            chosen = torch.empty(n, samples, k, dtype=torch.int16, device=scores.device)
            for part, noise in _draws(scores, samples, seed):
                order = (scores[part, None] + sigma * noise).topk(k, dim=-1).indices
                places = order.sort(dim=-1).values
                chosen[part] = places
                ones = scores.new_full((), 1 / samples).expand(places.shape).mT
                found[part].scatter_add_(2, places.mT.contiguous(), ones.contiguous())
            ctx.save_for_backward(scores, chosen)
            ctx.settings = seed, samples, sigma
            return found

        @staticmethod
        @once_differentiable
        def backward(ctx: Any, grad: Tensor) -> Any:
            scores, chosen = ctx.saved_tensors
            seed, samples, sigma = ctx.settings
            found = torch.empty_like(scores)
            for part, noise in _draws(scores, samples, seed):
                places = chosen[part].long().mT.contiguous()
                felt = grad[part].gather(2, places).sum(1)  # (n, samples): of all k together
                found[part] = (felt[:, None] @ noise)[:, 0] / (samples * sigma)
            return found, None, None, None, None

    return PerturbedTop


def _draws(scores: Tensor, samples: int, seed: int) -> Any:
    """Yield rows of the scores, and their noise (rows, samples, l): the same at each call."""
    import torch

    generator: Generator = torch.Generator().manual_seed(seed)
    for start in range(0, len(scores), ROWS):
        part = slice(start, min(start + ROWS, len(scores)))
        shape = (part.stop - start, samples, scores.shape[1])
        yield part, torch.randn(shape, generator=generator, dtype=scores.dtype).to(scores.device)
