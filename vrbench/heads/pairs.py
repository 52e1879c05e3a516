"""Texts and their videos as pairs of vectors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vrbench.features import Features, Tokens
from vrbench.heads.cca import Moments

Float = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class VectorPairs:
    """Item means of both sides.

    Attributes:
        video: (n_video, dv) mean token of each video.
        text: (n_text, dt) mean token of each text.
        owner: (n_text,) row of each text's video.
    """

    video: Float
    text: Float
    owner: NDArray[np.int64]

    @classmethod
    def of(cls, features: Features) -> VectorPairs:
        """Read the features' test side; their bank is not looked at."""
        return cls(_means(features.video), _means(features.text), features.text_video)

    def of_videos(self, keep: NDArray[np.bool_]) -> VectorPairs:
        """Keep the videos at ``keep`` (n_video,) with their texts."""
        texts = keep[self.owner]
        row = np.cumsum(keep) - 1
        return VectorPairs(self.video[keep], self.text[texts], row[self.owner[texts]])

    def moments(self) -> Moments:
        """Moments over all pairs of a text and its video."""
        return Moments.of(self.video, self.text, self.owner)


def _means(tokens: Tokens) -> Float:
    """(n, d) mean token of each item."""
    means = [
        np.add.reduceat(block.tokens.astype(np.float64), block.offsets[:-1])
        / block.lengths[:, None]
        for block in tokens.blocks()
    ]
    return np.concatenate(means)
