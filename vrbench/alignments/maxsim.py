"""``maxsim``: late interaction, one number for both directions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from vrbench.alignments import alignments
from vrbench.alignments.base import FRAMES, WORDS, Level, Reduce, TokenAlignment, mean, total
from vrbench.alignments.engine import fused
from vrbench.alignments.engine.tiles import Tile

if TYPE_CHECKING:
    from torch import Tensor


@alignments.register("maxsim")
@dataclass(frozen=True)
class MaxSim(TokenAlignment):
    """Sum over one side's tokens of their largest similarity to the other side's.

    ``s = sum_t max_s c[s,t]`` for ``side=text``, ``sum_s max_t c[s,t]`` for ``side=video``; both
    directions are ranked by s, where ``max-sum`` has the one for t2v and the other for v2t.

    Source: ColBERT (Khattab and Zaharia, SIGIR 2020); with ``mean`` and ``whole`` Video-ColBERT
    (Reddy et al., CVPR 2025, arXiv:2503.19009), whose score is the sum of a frame level and a video
    level. Deviation: its video level has the tokens of a temporal transformer; stored features have
    the video's one global vector.

    Attributes:
        side: whose tokens look for their best match.
        mean: the mean over these tokens instead of the sum.
        whole: add the same with the video's global vector as the video's only token.
        level: tokens of the videos, ``frame`` or ``patch``, where the file has both.
    """

    side: Literal["text", "video"] = "text"
    mean: bool = False
    whole: bool = False
    level: Level = "frame"
    symmetric = True
    source = "ColBERT; Video-ColBERT, arXiv:2503.19009"

    def reduce(self, tile: Tile) -> tuple[Tensor, Tensor]:
        """Return the same (T, V) for both directions."""
        best = tile.c.amax(FRAMES if self.side == "text" else WORDS)
        value = mean(best, 1) if self.mean else total(best, 1)
        return self._with_whole(value, tile)

    @fused.differentiable
    def kernel(self, cosines: bool) -> Reduce | None:
        """Return the compiled reduction."""
        return self._compiled

    def _compiled(self, tile: Tile) -> tuple[Tensor, Tensor]:
        from vrbench.alignments.engine import reductions

        t2v, v2t = fused.run(reductions.best, 0.0, tile)
        value = t2v if self.side == "text" else v2t
        group = tile.text if self.side == "text" else tile.video
        return self._with_whole(value if self.mean else value * group.length, tile)

    def _with_whole(self, value: Tensor, tile: Tile) -> tuple[Tensor, Tensor]:
        if self.whole:
            words = tile.e  # the video's only token is the best match of every word
            if self.side == "video":
                value = value + words.amax(1)
            else:
                value = value + (mean(words, 1) if self.mean else total(words, 1))
        return value, value
