"""``wti``: how much each token weighs in the alignment of that name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from vrbench.alignments.wti import COLUMN
from vrbench.heads import heads
from vrbench.heads.base import Dim, HeadPart, Side, Start, affine, check_width

if TYPE_CHECKING:
    from torch import Generator, Tensor

    from vrbench.alignments.engine.batch import Packed


@heads.register("wti")
@dataclass(frozen=True)
class TokenWeights(HeadPart):
    """Weight of each token for the method ``wti``, by a small network; tokens stay.

    ``W2 relu(W1 x + b1) + b2`` of a token x as it is stored (or as the head before gives it), as
    in the release; the method takes the softmax over the item. W2 begins as zero, so that all
    tokens weigh the same and the method is ``token-mean``.

    Source: DRL (Wang et al., 2022), ``text_weight_fc`` and ``video_weight_fc`` with two layers.
    """

    source = "DRL, arXiv:2203.07111"
    by_token = True
    maps = False
    released = r"(?:text|video)_weight_fc\..*"

    def shapes(self) -> dict[str, tuple[Dim, ...]]:
        """Return the axes of every weight."""
        found: dict[str, tuple[Dim, ...]] = {}
        for side in ("text", "video"):
            width, hidden = f"{side} width", f"{side} hidden"
            found |= {
                f"{side}_weight_fc.0.weight": (hidden, width),
                f"{side}_weight_fc.0.bias": (hidden,),
                f"{side}_weight_fc.2.weight": (1, hidden),
                f"{side}_weight_fc.2.bias": (1,),
            }
        return found

    def init(self, start: Start) -> dict[str, Tensor]:
        """Return a random first layer, as torch's Linear has it, and zeros."""
        import torch

        weights = {}
        for side, width in (("text", start.text_width), ("video", start.video_width)):
            weights[f"{side}_weight_fc.0.weight"] = _uniform((width, width), width, start.rng)
            weights[f"{side}_weight_fc.0.bias"] = _uniform((width,), width, start.rng)
            weights[f"{side}_weight_fc.2.weight"] = torch.zeros(1, width)
            weights[f"{side}_weight_fc.2.bias"] = torch.zeros(1)
        return weights

    def apply(self, weights: Mapping[str, Tensor], side: Side, items: Packed) -> Packed:
        """Give each token its number before the softmax."""
        first, second = (
            (weights[f"{side}_weight_fc.{i}.weight"], weights[f"{side}_weight_fc.{i}.bias"])
            for i in (0, 2)
        )
        check_width(items, side, first[0].shape[1])
        logits = affine(affine(items.tokens, *first).relu(), *second).flatten()
        return replace(items, weights={**items.weights, COLUMN: logits})


def _uniform(shape: tuple[int, ...], width: int, rng: Generator) -> Tensor:
    import torch

    bound = width**-0.5
    drawn: Tensor = (2 * torch.rand(shape, generator=rng) - 1) * bound
    return drawn
