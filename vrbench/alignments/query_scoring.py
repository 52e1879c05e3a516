"""``query-scoring``: frames weighted by how near they are to the text."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from vrbench.alignments import alignments
from vrbench.alignments.base import Level, Side, TokenAlignment, softmax, total
from vrbench.alignments.engine.tiles import Tile
from vrbench.alignments.scan_original import attended_squared, cosine
from vrbench.errors import InputError

if TYPE_CHECKING:
    from torch import Tensor

    from vrbench.alignments.engine.items import Items

EPS = 1e-8
"""Shortest length that is divided by."""


@alignments.register("query-scoring")
@dataclass(frozen=True)
class QueryScoring(TokenAlignment):
    """Cosine of the text with the mean of the frames, weighted by a softmax of theirs with it.

    ``s = cos(t, sum_f a_f v_f)`` with ``a = softmax_f(cos(t, v_f) / tau)``; t is the text's global
    vector, and both directions are ranked by s.

    Source: Bain et al., A CLIP-Hitchhiker's Guide to Long Video Retrieval, arXiv:2205.08508. The
    frames are summed as they are scored: scaled to length 1, unless the features are raw.

    Attributes:
        tau: temperature > 0 of the weights; toward 0 the best frame is left, and a large one gives
            the mean of all frames.
        level: tokens of the videos, ``frame`` or ``patch``, where the file has both.

    Raises:
        InputError: ``tau`` is not positive.
    """

    tau: float = 0.1
    level: Level = "frame"
    symmetric = True
    source = "Bain et al., arXiv:2205.08508"

    def __post_init__(self) -> None:
        if self.tau <= 0:
            raise InputError(f"tau must be positive, it is {self.tau}.")

    def mapped(self, side: Side, items: Items) -> Items:
        """Scale the texts' global vectors to length 1 where dot products are scored."""
        if side == "video" or items.stored.normalized:
            return items
        vectors = items.global_vectors
        lengths = vectors.norm(dim=-1, keepdim=True).clamp(min=EPS)
        return replace(items, vectors=vectors / lengths)

    def reduce(self, tile: Tile) -> tuple[Tensor, Tensor]:
        """Return the same (T, V) for both directions."""
        d, frames = tile.d, tile.frames
        lengths = frames.norm(dim=-1).mT.clamp(min=EPS)
        shares = softmax(d / lengths / self.tau, 1)
        squared = attended_squared(shares.permute(2, 0, 1)[:, :, None], frames)[:, :, 0].mT
        value = cosine(total(shares * d, 1), d.new_ones(()), squared)
        return value, value
