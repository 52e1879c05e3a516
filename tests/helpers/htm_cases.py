"""Sentences and seconds of a video as HTM-Align has them, made from seeds."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def htm_case(
    seed: int, seconds: int = 150, n: int = 25
) -> tuple[Array, Array, Array, Array, Array]:
    rng = np.random.default_rng(seed)
    start = np.sort(rng.uniform(0, seconds - 6, n))
    end = start + rng.uniform(1, 6, n)
    shown = rng.random(n) < 0.5
    video = rng.standard_normal((seconds, 6))
    text = np.stack([video[int(s) + 1] for s in start]) + 0.3 * rng.standard_normal((n, 6))
    return video, text, start, end, shown
