"""The S3D of HowTo100M (MIL-NCE): its modules, under the names of the released weights.

The architecture is that of ``s3dg.py`` in antoine77340/S3D_HowTo100M (Miech et al., 2020), itself
after the gated S3D of Xie et al., 2018: 537 entries, 31,232,500 numbers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Module, ModuleDict

WORDS, WORD_WIDTH, HIDDEN, DIM = 66250, 300, 2048, 512
"""Rows and width of the word table, width of the text tower, width of the joint space."""

STEM = 192
BLOCKS = {
    "mixed_3b": (64, 96, 128, 16, 32, 32),
    "mixed_3c": (128, 128, 192, 32, 96, 64),
    "mixed_4b": (192, 96, 208, 16, 48, 64),
    "mixed_4c": (160, 112, 224, 24, 64, 64),
    "mixed_4d": (128, 128, 256, 24, 64, 64),
    "mixed_4e": (112, 144, 288, 32, 64, 64),
    "mixed_4f": (256, 160, 320, 32, 128, 128),
    "mixed_5b": (256, 160, 320, 32, 128, 128),
    "mixed_5c": (384, 192, 384, 48, 128, 128),
}
"""Channels of a block: branch 0; branch 1 a, b; branch 2 a, b; branch 3."""

_POOLED = {"mixed_4b": ((3, 3, 3), (2, 2, 2)), "mixed_5b": ((2, 2, 2), (2, 2, 2))}
"""Kernel and stride of the max pool before a block."""


def s3d_net() -> ModuleDict:
    """Return both towers with random weights."""
    from torch import nn

    modules: dict[str, Any] = {
        "conv1": _conv(24, 64, (2, 4, 4), padding=(1, 2, 2)),
        "conv_2b": _conv(64, 64),
        "conv_2c": _separable(64, STEM),
        "gating": _gate(STEM),
    }
    width = STEM
    for name, channels in BLOCKS.items():
        modules[name] = _block(width, *channels)
        width = channels[0] + channels[2] + channels[4] + channels[5]
    modules["fc"] = nn.Linear(width, DIM)
    text = {
        "word_embd": nn.Embedding(WORDS, WORD_WIDTH),
        "fc1": nn.Linear(WORD_WIDTH, HIDDEN),
        "fc2": nn.Linear(HIDDEN, DIM),
    }
    return nn.ModuleDict({**modules, "text_module": nn.ModuleDict(text)})


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


def _conv(width: int, out: int, kernel: Any = 1, padding: Any = 0) -> ModuleDict:
    from torch import nn

    conv = nn.Conv3d(width, out, kernel, padding=padding, bias=False)
    return nn.ModuleDict({"conv1": conv, "bn1": nn.BatchNorm3d(out)})


def _separable(width: int, out: int) -> ModuleDict:
    """Return a convolution over space, then one over time, each 3 wide."""
    from torch import nn

    module = _conv(width, out, (1, 3, 3), (0, 1, 1))
    module["conv2"] = nn.Conv3d(out, out, (3, 1, 1), padding=(1, 0, 0), bias=False)
    module["bn2"] = nn.BatchNorm3d(out)
    return module


def _gate(width: int) -> ModuleDict:
    from torch import nn

    return nn.ModuleDict({"fc": nn.Linear(width, width)})


def _block(width: int, b0: int, b1a: int, b1b: int, b2a: int, b2b: int, b3: int) -> ModuleDict:
    from torch import nn

    gates = {f"gating_b{i}": _gate(out) for i, out in enumerate((b0, b1b, b2b, b3))}
    convs = {
        "conv_b0": _conv(width, b0),
        "conv_b1_a": _conv(width, b1a),
        "conv_b1_b": _separable(b1a, b1b),
        "conv_b2_a": _conv(width, b2a),
        "conv_b2_b": _separable(b2a, b2b),
        "conv_b3_b": _conv(width, b3),
    }
    return nn.ModuleDict(convs | gates)


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
