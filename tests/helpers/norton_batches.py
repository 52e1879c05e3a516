"""Clips and captions of long videos for the tests of losses, and slopes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


LENGTHS = [3, 2, 3, 4]


def log_softmax(row: Array) -> Array:
    top = max(row)
    return np.asarray(row - top - math.log(sum(math.exp(x - top) for x in row)))


def clips(seed: int = 0, lengths: list[int] = LENGTHS) -> Array:
    return np.random.default_rng(seed).uniform(-0.5, 1, (sum(lengths), sum(lengths)))


def directional(function: Any, at: Array, way: Array, step: float = 1e-5) -> float:
    values = [float(function(at + m * step * way)) for m in (-2, -1, 1, 2)]
    return (values[0] - 8 * values[1] + 8 * values[2] - values[3]) / (12 * step)


def batch(n: int = 5, seed: int = 0) -> tuple[Array, Array]:
    rng = np.random.default_rng(seed)
    return rng.uniform(-1, 2, (n, n)), rng.uniform(-1, 2, (n, n))
