"""``projection``: affine maps of both sides in closed form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vrbench.errors import InputError
from vrbench.heads import heads
from vrbench.heads.base import Dim, HeadPart, Side, Start
from vrbench.heads.kinds.linear import Linear

if TYPE_CHECKING:
    from torch import Tensor

    from vrbench.alignments.engine.batch import Packed


@heads.register("projection")
@dataclass(frozen=True)
class ClosedProjection(HeadPart):
    """Affine map of each side into one space by regularized CCA of item means, in closed form.

    It is fitted on the training features as ``vrbench train projection`` fits it, and the loop
    leaves it as it is: ``projection+linear`` trains a linear map behind it. It comes first.

    Source: Hotelling 1936; ``vrbench.heads.train``.

    Attributes:
        width: of the space; 0: of those that ``vrbench train projection`` tries, the one that does
            best on held-out videos.

    Raises:
        InputError: ``width`` is negative.
    """

    width: int = 0
    source = "Hotelling 1936 (CCA)"
    by_token = True
    trained = False

    def __post_init__(self) -> None:
        Linear(self.width)

    def shapes(self) -> dict[str, tuple[Dim, ...]]:
        """Return the axes of every weight."""
        return Linear(self.width).shapes()

    def init(self, start: Start) -> dict[str, Tensor]:
        """Fit it, its parameters chosen on held-out videos."""
        import torch

        from vrbench.heads.train import Grid, train

        most = min(start.text_width, start.video_width)
        if self.width > most:
            raise InputError(
                f"projection:width={self.width} is wider than tokens of width {most}: give a width "
                "up to theirs."
            )
        fitted = train(start.features, Grid(width=(self.width,)) if self.width else Grid())
        weights = {}
        for side, known in (("video", fitted.video), ("text", fitted.text)):
            weights[f"{side}.weight"] = torch.as_tensor(known.matrix.T.copy()).float()
            weights[f"{side}.bias"] = torch.as_tensor(known.offset).float()
        return weights

    def apply(self, weights: Mapping[str, Tensor], side: Side, items: Packed) -> Packed:
        """Map tokens and global vectors."""
        return Linear().apply(weights, side, items)
