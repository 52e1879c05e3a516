"""``xclip``: the matrices of the method of that name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from vrbench.alignments.ucofia import FRAMES, WORDS
from vrbench.heads import heads
from vrbench.heads.base import Dim, HeadPart, Start
from vrbench.heads.kinds.ucofia import eyes

if TYPE_CHECKING:
    from torch import Tensor


@heads.register("xclip")
@dataclass(frozen=True)
class XClipWeights(HeadPart):
    """Matrices for the method ``xclip``; tokens stay. They begin as the identity.

    Those of the attentions are as large as the longest text and video of the training features, or
    32 words and 12 frames; longer items are refused.

    Source: X-CLIP (Ma et al., 2022), with the names of its release.
    """

    source = "X-CLIP, arXiv:2207.07285"
    maps = False
    released = r"global_mat_weight|local_mat_weight|(?:word|frame)_(?:logit_weight|mat_weight2?)"

    def shapes(self) -> dict[str, tuple[Dim, ...]]:
        """Return the axes of every weight."""
        return {
            "global_mat_weight": ("width", "width"),
            "local_mat_weight": ("width", "width"),
            "word_logit_weight": ("words", "words"),
            "word_mat_weight": ("words", "words"),
            "word_mat_weight2": ("words", "words"),
            "frame_logit_weight": ("frames", "frames"),
            "frame_mat_weight": ("frames", "frames"),
            "frame_mat_weight2": ("frames", "frames"),
        }

    def init(self, start: Start) -> dict[str, Tensor]:
        """Return identities."""
        sizes = {
            "width": start.text_width,
            "words": max(WORDS, start.longest_text),
            "frames": max(FRAMES, start.longest_video),
        }
        return eyes(self.shapes(), sizes)
