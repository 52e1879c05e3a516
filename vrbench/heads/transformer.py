"""A residual attention block, as CLIP and CLIP4Clip have it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from vrbench.heads.base import affine, gridded

if TYPE_CHECKING:
    from torch import Tensor

EPS = 1e-12
"""Added to the variance by the release's own LayerNorm."""


def block(weights: Mapping[str, Tensor], x: Tensor, heads: int) -> Tensor:
    """``x + attention(ln_1 x)``, then ``x + c_proj(quick gelu(c_fc(ln_2 x)))``.

    Args:
        weights: of the block, by their names in the release.
        x: (n, l, d) items of equal length.
        heads: of the attention.

    Returns:
        (n, l, d); without gradient an item has the same bits whatever stands beside it.
    """
    x = x + _attention(weights, _norm(weights, "ln_1", x), heads)
    hidden = _linear(weights, "mlp.c_fc", _norm(weights, "ln_2", x))
    return x + _linear(weights, "mlp.c_proj", hidden * (1.702 * hidden).sigmoid())


def _attention(weights: Mapping[str, Tensor], x: Tensor, heads: int) -> Tensor:
    n, length, width = x.shape
    both = affine(x.flatten(0, 1), weights["attn.in_proj_weight"], weights["attn.in_proj_bias"])
    query, key, value = (
        gridded(part.transpose(1, 2).flatten(0, 1))
        for part in both.view(n, length, 3, heads, -1).unbind(2)
    )
    logits = (query @ key.mT)[:, :length, :length] * (width // heads) ** -0.5
    seen = gridded(logits.softmax(-1)) @ value
    seen = seen[:, :length, : width // heads].reshape(n, heads, length, -1)
    return _linear(weights, "attn.out_proj", seen.transpose(1, 2).flatten(2))


def _linear(weights: Mapping[str, Tensor], name: str, x: Tensor) -> Tensor:
    rows = affine(x.flatten(0, 1), weights[f"{name}.weight"], weights[f"{name}.bias"])
    return rows.view(*x.shape[:2], -1)


def _norm(weights: Mapping[str, Tensor], name: str, x: Tensor) -> Tensor:
    import torch

    weight, bias = weights[f"{name}.weight"], weights[f"{name}.bias"]
    found: Tensor = torch.nn.functional.layer_norm(x, weight.shape, weight, bias, EPS)
    return found
