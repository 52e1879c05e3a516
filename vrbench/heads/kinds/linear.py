"""``linear``: an affine map of each side's tokens into one space."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from vrbench.errors import InputError
from vrbench.heads import heads
from vrbench.heads.base import Dim, HeadPart, Side, Start, affine, check_width

if TYPE_CHECKING:
    from torch import Generator, Tensor

    from vrbench.alignments.engine.batch import Packed


@heads.register("linear")
@dataclass(frozen=True)
class Linear(HeadPart):
    """Affine map ``x W^T + b`` of each side, of tokens and global vectors alike.

    Tokens are read as they are stored: where lengths differ, b weighs more for short ones. W
    begins as the identity where it is square, else as a random matrix with orthonormal rows or
    columns; b begins as zero.

    Source: the projections that end both towers of CLIP.

    Attributes:
        width: of the space; 0: the video tokens' width.

    Raises:
        InputError: ``width`` is negative.
    """

    width: int = 0
    source = "CLIP's projections"
    by_token = True

    def __post_init__(self) -> None:
        if self.width < 0:
            raise InputError(f"width must be 0 or more, it is {self.width}.")

    def shapes(self) -> dict[str, tuple[Dim, ...]]:
        """Return the axes of every weight."""
        wide: Dim = self.width or "width"
        return {
            "video.weight": (wide, "video"),
            "video.bias": (wide,),
            "text.weight": (wide, "text"),
            "text.bias": (wide,),
        }

    def init(self, start: Start) -> dict[str, Tensor]:
        """Return identities or orthonormal matrices, and zeros."""
        import torch

        width = self.width or start.video_width
        weights = {}
        for side, stored in (("video", start.video_width), ("text", start.text_width)):
            weights[f"{side}.weight"] = _orthonormal(width, stored, start.rng)
            weights[f"{side}.bias"] = torch.zeros(width)
        return weights

    def apply(self, weights: Mapping[str, Tensor], side: Side, items: Packed) -> Packed:
        """Map tokens and global vectors."""
        weight, bias = weights[f"{side}.weight"], weights[f"{side}.bias"]
        check_width(items, side, weight.shape[1])
        vectors = items.globals_
        return replace(
            items,
            tokens=affine(items.tokens, weight, bias),
            globals_=None if vectors is None else affine(vectors, weight, bias),
        )


def _orthonormal(rows: int, columns: int, rng: Generator) -> Tensor:
    import torch

    if rows == columns:
        return torch.eye(rows)
    drawn = torch.randn(max(rows, columns), min(rows, columns), generator=rng, dtype=torch.float64)
    found: Tensor = torch.linalg.qr(drawn).Q.float()
    return found if rows > columns else found.mT.contiguous()
