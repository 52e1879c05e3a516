"""``xclip``: both global vectors, all words and all frames, each with each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from vrbench.alignments import alignments
from vrbench.alignments.attended import Attention, Maps, OfFrames, OfWords, Wholes
from vrbench.alignments.base import Alignment, Level, MeanAlignment
from vrbench.alignments.both_ways import BothWays

PREFIX = "xclip."


@alignments.register("xclip")
@dataclass(frozen=True)
class XClip(MeanAlignment):
    """Mean of video-sentence, video-word, frame-sentence and frame-word similarities.

    ``s = (v.t + A_w(w.v) + A_f(t.f) + (A_f(A_w(c)) + A_w(A_f(c))) / 2) / 4`` with
    ``A(x) = sum_i a_i x_i``, ``a = softmax(x / 0.01) W``. t and w are multiplied by matrices in
    ``v.t`` and ``c``. All matrices come from a head (``vrbench train xclip``); without one they
    are the identity.

    Source: X-CLIP (Ma et al., 2022), Attention Over Similarity Matrix, and its released code.
    Deviation: only tokens that are there count, while the release masks no padded words.

    Attributes:
        level: tokens of the videos, ``frame`` or ``patch``, where the file has both.
        weights: arrays of a head, which no spec can set; None: no head gave them.

    Raises:
        InputError: while scoring: an item has more tokens than W has weights of.
    """

    level: Level = "frame"
    weights: Any = field(default=None, init=False, repr=False, compare=False)
    symmetric = True
    source = "X-CLIP, arXiv:2207.07285"

    def with_weights(self, weights: Mapping[str, Any]) -> Self:
        """Return it with the matrices of a head, as far as it has them."""
        import torch

        bound = type(self)(self.level)
        mine = {
            name.removeprefix(PREFIX): torch.as_tensor(value)
            for name, value in weights.items()
            if name.startswith(PREFIX)
        }
        object.__setattr__(bound, "weights", mine)
        return bound

    def _weight(self, name: str) -> Any:
        return None if self.weights is None else self.weights.get(name)

    def _attention(self, name: str) -> Attention:
        return Attention(self._weight(name), twice=False)

    def parts(self) -> tuple[Alignment, ...]:
        """Return the four."""
        words_first = self._attention("word_mat_weight"), self._attention("frame_mat_weight2")
        frames_first = self._attention("frame_mat_weight"), self._attention("word_mat_weight2")
        return (
            Wholes(Maps(self._weight("global_mat_weight"))),
            OfWords(self._attention("word_logit_weight")),
            OfFrames(self._attention("frame_logit_weight"), level=self.level),
            BothWays(words_first, frames_first, Maps(self._weight("local_mat_weight")), self.level),
        )
