"""Batches, slow losses and finite differences for the tests of losses."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

Array = NDArray[Any]


def batch(n: int = 6, seed: int = 0) -> tuple[Array, Array]:
    rng = np.random.default_rng(seed)
    return rng.uniform(-1, 1, (n, n)), rng.uniform(-1, 1, (n, n))


def surprise(row: Array, right: int) -> float:
    """Cross entropy of one query, written out."""
    top = max(row)
    return float(top + np.log(sum(np.exp(x - top) for x in row)) - row[right])


def slow_infonce(t2v: Array, v2t: Array, scale: float) -> float:
    n = len(t2v)
    texts = sum(surprise(scale * t2v[i], i) for i in range(n)) / n
    videos = sum(surprise(scale * v2t[:, j], j) for j in range(n)) / n
    return (texts + videos) / 2


def slow_biases(sim: Array, gamma: float, iterations: int) -> tuple[Array, Array]:
    """Figure 4 as it is printed; only for logits that exp can hold."""
    m = np.exp(sim / gamma)
    beta = 1 / m.sum(0)
    for _ in range(iterations):
        alpha = 1 / (m @ beta)
        beta = 1 / (alpha @ m)
    return gamma * np.log(alpha / alpha.sum()), gamma * np.log(beta / beta.sum())


def slow_ncl(t2v: Array, v2t: Array, gamma: float, iterations: int) -> float:
    adjusted = []
    for sim in (t2v, v2t):
        a, b = slow_biases(sim, gamma, iterations)
        n = len(sim)
        adjusted.append(np.array([[sim[i, j] + a[i] + b[j] for j in range(n)] for i in range(n)]))
    return slow_infonce(adjusted[0], adjusted[1], 1 / gamma)


def gradient(tensor: torch.Tensor) -> Array:
    assert tensor.grad is not None
    return np.asarray(tensor.grad.numpy())


def relative(found: Array, expected: Array) -> float:
    return float(np.abs(found - expected).max() / np.abs(expected).max())


def differences(function: Any, at: Array, step: float = 1e-5) -> Array:
    """Central differences of the fourth order of a scalar function."""
    out = np.empty(at.shape)
    for where in np.ndindex(*at.shape):
        values = []
        for k in (-2, -1, 1, 2):
            moved = at.copy()
            moved[where] += k * step
            values.append(float(function(moved)))
        out[where] = (values[0] - 8 * values[1] + 8 * values[2] - values[3]) / (12 * step)
    return out
