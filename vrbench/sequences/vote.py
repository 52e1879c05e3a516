"""``vote``: how many captions have their best clip in the video."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrbench.sequences.base import BestClipAlignment, Float, sequences


@sequences.register("vote")
@dataclass(frozen=True)
class Vote(BestClipAlignment):
    """Number of captions whose best clip in the whole gallery is one of the video's.

    ``score[v] = sum_i [v in B_i] / |B_i|``, B_i the videos that hold a clip with the greatest
    similarity to caption i: a vote is shared where several videos tie.

    Source: Norton section 4.1 in words; the released code computes ``cap-avg``.
    """

    source = "Norton section 4.1"

    def credit(self, best: NDArray[Any], lengths: NDArray[np.int64]) -> Float:
        """Return each caption's vote, shared by the videos that tie."""
        first = best == best.max(axis=1, keepdims=True)
        return np.asarray(first / first.sum(axis=1, keepdims=True), dtype=np.float64)
