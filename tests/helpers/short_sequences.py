"""Similarities of captions and clips of short sequences, whose lengths differ."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

TEXTS = np.array([3, 1, 5, 2, 3, 4])
VIDEOS = np.array([4, 1, 5, 2, 3])
LONGEST = (5, 5)
SPECS = (
    *("cap-avg", "vote", "dtw", "otam", "transport", "transport:bucket_value=0.2", "drop-dtw"),
    *("dtw:length_norm=path", "otam:length_norm=path", "dtw:background=true"),
)


def make(seed: int, low: float = -0.5, high: float = 0.9) -> Array:
    """Similarities of all captions and clips, without ties."""
    rng = np.random.default_rng(seed)
    return rng.uniform(low, high, (int(TEXTS.sum()), int(VIDEOS.sum())))
