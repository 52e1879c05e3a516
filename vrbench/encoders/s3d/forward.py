"""The video tower of S3D: from pixels to the tokens of time steps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vrbench.encoders.s3d.net import BLOCKS

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import ModuleDict

_POOLED = {"mixed_4b": ((3, 3, 3), (2, 2, 2)), "mixed_5b": ((2, 2, 2), (2, 2, 2))}
"""Kernel and stride of the max pool before a block."""


def mixed_5c(net: ModuleDict, video: Tensor) -> Tensor:
    """RGB on [0, 1] (b, 3, t, h, w), all even -> (b, 1024, about t / 8, h / 32, w / 32)."""
    # the first of each axis is cut off: as TensorFlow pads
    x = _run(net["conv1"], _space_to_depth(video))[:, :, 1:, 1:, 1:]
    x = _run(net["conv_2b"], _pool(x, (1, 3, 3), (1, 2, 2)))
    x = _gated(net["gating"], _run(net["conv_2c"], x))
    x = _pool(x, (1, 3, 3), (1, 2, 2))
    for name in BLOCKS:
        if name in _POOLED:
            x = _pool(x, *_POOLED[name])
        x = _mixed(net[name], x)
    return x


def step_tokens(net: ModuleDict, mixed: Tensor) -> Tensor:
    """(b, 1024, t, h, w) -> (b, t, 512): ``fc`` of the mean over space at each time step.

    ``fc`` is affine, so their mean over time is ``video_embedding``.
    """
    tokens: Tensor = net["fc"](mixed.mean((3, 4)).transpose(1, 2))
    return tokens


def video_embedding(net: ModuleDict, mixed: Tensor) -> Tensor:
    """(b, 1024, t, h, w) -> (b, 512), as released: ``fc`` of the mean over time and space."""
    embedding: Tensor = net["fc"](mixed.mean((2, 3, 4)))
    return embedding


def _mixed(block: Any, x: Tensor) -> Tensor:
    """Return the four gated branches of a block, side by side: (b, c, t, h, w) of a new c."""
    import torch
    from torch.nn.functional import max_pool3d

    branches = (
        _run(block["conv_b0"], x),
        _run(block["conv_b1_b"], _run(block["conv_b1_a"], x)),
        _run(block["conv_b2_b"], _run(block["conv_b2_a"], x)),
        _run(block["conv_b3_b"], max_pool3d(x, 3, stride=1, padding=1)),
    )
    return torch.cat([_gated(block[f"gating_b{i}"], b) for i, b in enumerate(branches)], dim=1)


def _run(conv: Any, x: Tensor) -> Tensor:
    x = conv["bn1"](conv["conv1"](x)).relu()
    return conv["bn2"](conv["conv2"](x)).relu() if "conv2" in conv else x


def _gated(gate: Any, x: Tensor) -> Tensor:
    """Return ``x`` times a weight a channel: sigmoid(fc(mean over time and space))."""
    weights: Tensor = gate["fc"](x.mean((2, 3, 4))).sigmoid()
    return weights[:, :, None, None, None] * x


def _space_to_depth(video: Tensor) -> Tensor:
    """(b, 3, t, h, w) -> (b, 24, t/2, h/2, w/2); channels by time, row, column, then colour."""
    b, c, t, h, w = video.shape
    x = video.reshape(b, c, t // 2, 2, h // 2, 2, w // 2, 2).permute(0, 3, 5, 7, 1, 2, 4, 6)
    return x.reshape(b, 8 * c, t // 2, h // 2, w // 2)


def _pool(x: Tensor, kernel: tuple[int, ...], stride: tuple[int, ...]) -> Tensor:
    """Max pool with TensorFlow's SAME padding, by zeros, its smaller half first."""
    from torch.nn.functional import max_pool3d, pad

    sides = []
    for k, s in zip(reversed(kernel), reversed(stride), strict=True):
        spare = max(k - s, 0)
        sides += [spare // 2, spare - spare // 2]
    return max_pool3d(pad(x, sides), kernel, stride, ceil_mode=True)
