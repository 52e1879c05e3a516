"""Texts around videos, made from a seed."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from oracles import Array, l2


def make_captioned(
    seed: int, counts: Sequence[int], lengths: Sequence[int], d: int, noise: float = 1.5
) -> tuple[list[Array], list[Array], NDArray[np.int64]]:
    """Texts, videos, text_video: ``counts[j]`` texts around video j (TokenFlow section 3.2)."""
    rng = np.random.default_rng(seed)
    texts, videos, text_video = [], [], []
    for j, count in enumerate(counts):
        centre = l2(rng.standard_normal(d))

        def item(centre: Array = centre) -> Array:
            """Tokens scattered around the centre, a random number of them (TokenFlow eq. 7)."""
            length = int(rng.choice(np.asarray(lengths)))
            return l2(centre + noise * rng.standard_normal((length, d)) / math.sqrt(d))

        videos.append(item())
        for _ in range(count):
            texts.append(item())
            text_video.append(j)
    return texts, videos, np.array(text_video, dtype=np.int64)
