"""``temporal``: a transformer over the frames of a video."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

import numpy as np

from vrbench.errors import InputError
from vrbench.heads import heads
from vrbench.heads.base import Dim, HeadPart, Side, Start, check_width
from vrbench.heads.transformer import block

if TYPE_CHECKING:
    from torch import Tensor

    from vrbench.alignments.engine.batch import Packed

POSITIONS = 77
"""Position embeddings at least, as in the release."""
PLACES = "frame_position_embeddings.weight"


@heads.register("temporal")
@dataclass(frozen=True)
class Temporal(HeadPart):
    """Transformer over the frames of a video, added to them; texts stay.

    ``frames + transformer(frames + position embeddings)``, frames as they are stored. The video's
    global vector is then l2 of the mean of the scaled frames (of dot products: their mean).

    Source: CLIP4Clip (Luo et al., 2021), seqTransf, with the names of its release.

    Attributes:
        layers: of the transformer.
        heads: of its attention; the width is a multiple of it.

    Raises:
        InputError: a parameter is below 1.
    """

    layers: int = 4
    heads: int = 8
    source = "CLIP4Clip, seqTransf"
    released = r"frame_position_embeddings\..*|transformerClip\..*"

    def __post_init__(self) -> None:
        if self.layers < 1 or self.heads < 1:
            raise InputError("layers and heads must be at least 1.")

    @classmethod
    def fitting(cls, shapes: Mapping[str, tuple[int, ...]]) -> Self:
        """Return as many layers as there are weights of."""
        named = {name.split(".")[2] for name in shapes if name.startswith("transformerClip.")}
        return cls(layers=max(1, len(named)))

    def places(self, longest: Mapping[Side, int]) -> dict[Side, int]:
        """Return the positions that training begins with, of frames."""
        return {"video": max(POSITIONS, longest["video"])}

    def shapes(self) -> dict[str, tuple[Dim, ...]]:
        """Return the axes of every weight."""
        found: dict[str, tuple[Dim, ...]] = {PLACES: ("positions", "width")}
        for i in range(self.layers):
            found |= {f"{_layer(i)}{name}": axes for name, axes in _BLOCK.items()}
        return found

    def init(self, start: Start) -> dict[str, Tensor]:
        """Return random weights of the spreads that CLIP's transformer begins with."""
        import torch

        width, rng = start.video_width, start.rng
        if width % self.heads:
            raise InputError(
                f"Video tokens are {width} wide, which temporal cannot divide into {self.heads} "
                "attention heads: give another number of them (temporal:heads=4)."
            )
        most = self.places({"video": start.longest_video})["video"]
        weights = {PLACES: 0.01 * torch.randn(most, width, generator=rng)}
        through, onto = width**-0.5, (2 * width * self.layers) ** -0.5
        spreads = {
            "in_proj": through,
            "out_proj": onto,
            "c_fc": (2 * width) ** -0.5,
            "c_proj": onto,
        }
        for name, axes in self.shapes().items():
            if name == PLACES:
                continue
            shape = [axis[0] * width if isinstance(axis, tuple) else width for axis in axes]
            spread = next((s for key, s in spreads.items() if key in name), None)
            if "ln_" in name and name.endswith("weight"):
                weights[name] = torch.ones(shape)
            elif spread is None or len(shape) == 1:
                weights[name] = torch.zeros(shape)
            else:
                weights[name] = spread * torch.randn(shape, generator=rng)
        return weights

    def apply(self, weights: Mapping[str, Tensor], side: Side, items: Packed) -> Packed:
        """Add the transformer's output to the frames of videos, equal lengths together."""
        import torch

        if side == "text":
            return items
        places = weights[PLACES]
        check_width(items, side, places.shape[1])
        self._check(places, items)
        lengths = np.asarray(items.lengths)
        ends = np.cumsum(lengths)
        rows, found = [], []
        for length in np.unique(lengths):
            some = (ends - lengths)[lengths == length]
            index = (some[:, None] + np.arange(length)).ravel()
            x = items.tokens[index].view(len(some), int(length), -1)
            y = x + places[:length]
            for i in range(self.layers):
                y = block(_part(weights, _layer(i)), y, self.heads)
            rows.append(index)
            found.append((x + y).flatten(0, 1))
        back = torch.as_tensor(np.argsort(np.concatenate(rows)))
        tokens = torch.cat(found)[back.to(items.tokens.device)]
        return replace(items, tokens=tokens, globals_=None)

    def _check(self, places: Tensor, items: Packed) -> None:
        longest = int(np.max(np.asarray(items.lengths)))
        if longest > len(places):
            raise InputError(
                f"A video has {longest} frames, and the head temporal has positions of "
                f"{len(places)}: train it on videos as long, or store fewer frames."
            )
        if places.shape[1] % self.heads:
            raise InputError(
                f"The head temporal is {places.shape[1]} wide, no multiple of its {self.heads} "
                "attention heads."
            )


def _layer(i: int) -> str:
    return f"transformerClip.resblocks.{i}."


def _part(weights: Mapping[str, Tensor], start: str) -> dict[str, Tensor]:
    return {name.removeprefix(start): w for name, w in weights.items() if name.startswith(start)}


_BLOCK: dict[str, tuple[Dim, ...]] = {
    "attn.in_proj_weight": ((3, "width"), "width"),
    "attn.in_proj_bias": ((3, "width"),),
    "attn.out_proj.weight": ("width", "width"),
    "attn.out_proj.bias": ("width",),
    "ln_1.weight": ("width",),
    "ln_1.bias": ("width",),
    "mlp.c_fc.weight": ((4, "width"), "width"),
    "mlp.c_fc.bias": ((4, "width"),),
    "mlp.c_proj.weight": ("width", (4, "width")),
    "mlp.c_proj.bias": ("width",),
    "ln_2.weight": ("width",),
    "ln_2.bias": ("width",),
}
"""The axes of a layer's weights."""
