"""Similarities to anchors for the tests of losses, and slopes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def cosines(n: int = 7, anchors: int = 5, seed: int = 0) -> Array:
    return np.random.default_rng(seed).uniform(-0.5, 0.9, (n, anchors))


def directional(function: Any, at: Array, seed: int, step: float = 1e-5) -> tuple[float, Array]:
    """Slope of a scalar function along a random direction, by central differences."""
    way = np.random.default_rng(seed).standard_normal(at.shape)
    values = [float(function(at + m * step * way)) for m in (-2, -1, 1, 2)]
    return (values[0] - 8 * values[1] + 8 * values[2] - values[3]) / (12 * step), way


def weights(anchors: int, k: int, approach: int, mu: float = 0.25, eta: float = 0.1) -> list[float]:
    """Of all channels, the largest first (supplementary 2.1; i from 0)."""
    if approach == 1:
        return [1.0] * k + [mu] * (anchors - k)
    return [eta + (1 - eta) * (1 - i / anchors) for i in range(anchors)]


def loops(axis: int, shape: tuple[int, ...]) -> list[tuple[Any, ...]]:
    """Index of every line of a cube along an axis."""
    others = [range(size) if a != axis else [slice(None)] for a, size in enumerate(shape)]
    return [(c, i, a) for c in others[0] for i in others[1] for a in others[2]]


def cube(sim: Array, channel_weights: list[float], eps: float) -> Array:
    n, anchors = sim.shape
    q = np.empty((len(channel_weights), n, anchors))
    for c, i, a in np.ndindex(*q.shape):
        q[c, i, a] = math.exp(channel_weights[c] * sim[i, a] / eps)
    return np.asarray(q / q.sum())


def slow_printed(sim: Array, channel_weights: list[float], eps: float, iterations: int) -> Array:
    """The pseudo-code (supplementary 3), line by line on the whole cube."""
    q, (n, anchors) = cube(sim, channel_weights, eps), sim.shape
    for _ in range(iterations):
        for axis, mass in ((2, 1.0), (1, n / anchors), (0, 1.0)):
            for line in loops(axis, q.shape):
                q[line] *= mass / q[line].sum()
    for line in loops(2, q.shape):
        q[line] /= q[line].sum()
    return q


def slow_released(sim: Array, channel_weights: list[float], eps: float, iterations: int) -> Array:
    """The released order, the channels of weight 1 last, 1e-5 in the denominators."""
    q, (n, anchors) = cube(sim, channel_weights[::-1], eps), sim.shape
    for _ in range(iterations):
        for axis, mass in ((1, n / anchors), (0, 1.0), (2, 1.0)):
            for line in loops(axis, q.shape):
                q[line] *= mass / (q[line].sum() + 1e-5)
    for line in loops(2, q.shape):
        q[line] /= q[line].sum()
    return q
