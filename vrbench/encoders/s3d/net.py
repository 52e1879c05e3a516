"""The S3D of HowTo100M (MIL-NCE): its modules, under the names of the released weights.

The architecture is that of ``s3dg.py`` in antoine77340/S3D_HowTo100M (Miech et al., 2020), itself
after the gated S3D of Xie et al., 2018: 537 entries, 31,232,500 numbers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch.nn import ModuleDict

VOCABULARY, WORD_WIDTH, HIDDEN, DIM = 66250, 300, 2048, 512
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
        "word_embd": nn.Embedding(VOCABULARY, WORD_WIDTH),
        "fc1": nn.Linear(WORD_WIDTH, HIDDEN),
        "fc2": nn.Linear(HIDDEN, DIM),
    }
    return nn.ModuleDict({**modules, "text_module": nn.ModuleDict(text)})


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
