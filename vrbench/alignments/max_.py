"""``max-avg``, ``max-sum``, ``token-mean``: each token keeps its best match."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from vrbench.alignments import alignments
from vrbench.alignments.base import FRAMES, WORDS, Level, Reduce, TokenAlignment, mean, total
from vrbench.alignments.engine import fused
from vrbench.alignments.engine.tiles import Tile

if TYPE_CHECKING:
    from torch import Tensor


@alignments.register("max-avg")
@dataclass(frozen=True)
class MaxAvg(TokenAlignment):
    """Mean over one side's tokens of their largest similarity to the other side's.

    ``s^T = mean_t max_s c[s,t]``, ``s^V = mean_s max_t c[s,t]``

    Source: TokenFlow eq. 12 with weight 1/l; FILIP (Yao et al., 2021).

    Attributes:
        level: tokens of the videos, ``frame`` or ``patch``, where the file has both.
    """

    level: Level = "frame"
    source = "TokenFlow eq. 12; FILIP"

    def reduce(self, tile: Tile) -> tuple[Tensor, Tensor]:
        """Return (s^T, s^V)."""
        return mean(tile.c.amax(FRAMES), 1), mean(tile.c.amax(WORDS), 1)

    @fused.differentiable
    def kernel(self, cosines: bool) -> Reduce | None:
        """Return the compiled reduction."""
        return _best


@alignments.register("max-sum")
@dataclass(frozen=True)
class MaxSum(TokenAlignment):
    """Sum over one side's tokens of their largest similarity to the other side's.

    ``s^T = sum_t max_s c[s,t]``, ``s^V = sum_s max_t c[s,t]``

    Source: TokenFlow eq. 12 with weight 1; TERAN (Messina et al., 2021).

    Attributes:
        level: tokens of the videos, ``frame`` or ``patch``, where the file has both.
    """

    level: Level = "frame"
    source = "TokenFlow eq. 12; TERAN"

    def reduce(self, tile: Tile) -> tuple[Tensor, Tensor]:
        """Return (s^T, s^V)."""
        return total(tile.c.amax(FRAMES), 1), total(tile.c.amax(WORDS), 1)

    @fused.differentiable
    def kernel(self, cosines: bool) -> Reduce | None:
        """Return the compiled reduction."""
        return _max_sum


@alignments.register("token-mean")
@dataclass(frozen=True)
class TokenMean(TokenAlignment):
    """Mean of both directions' ``max-avg``: DRL's token interaction without learnt weights.

    ``s = (mean_t max_s c[s,t] + mean_s max_t c[s,t]) / 2``

    Source: Wang et al., DRL, arXiv:2203.07111. Deviation: padded tokens do not exist here, while
    the released code multiplies similarities by the masks, so that a padded token (value 0) beats
    a negative similarity.

    Attributes:
        level: tokens of the videos, ``frame`` or ``patch``, where the file has both.
    """

    level: Level = "frame"
    symmetric = True
    source = "DRL, arXiv:2203.07111"

    def reduce(self, tile: Tile) -> tuple[Tensor, Tensor]:
        """Return the same (T, V) for both directions."""
        value = (mean(tile.c.amax(FRAMES), 1) + mean(tile.c.amax(WORDS), 1)) / 2
        return value, value

    @fused.differentiable
    def kernel(self, cosines: bool) -> Reduce | None:
        """Return the compiled reduction."""
        return _token_mean


def _best(tile: Tile) -> tuple[Tensor, Tensor]:
    from vrbench.alignments.engine import reductions

    return fused.run(reductions.best, 0.0, tile)


def _max_sum(tile: Tile) -> tuple[Tensor, Tensor]:
    t2v, v2t = _best(tile)
    return t2v * tile.text.length, v2t * tile.video.length


def _token_mean(tile: Tile) -> tuple[Tensor, Tensor]:
    t2v, v2t = _best(tile)
    value = (t2v + v2t) / 2
    return value, value
