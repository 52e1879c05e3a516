"""Sinkhorn on many small problems at once: by products where the range allows, else in logs."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from vrbench.runtime.compiling import available, compiled
from vrbench.sequences.base import Float

MANY = 128
"""Fewest pairs for which loading machine code is worth its time."""

RANGE = 200.0
"""Largest spread of logits for which the scalings, their products and sums stay normal numbers."""


def plans(logits: Float, row: Float, column: Float, iterations: int) -> Float:
    """Return ``diag(u) exp(logits) diag(v)`` after ``iterations`` updates of u, then v.

    ``u = row / (K v)``, ``v = column / (K^T u)``, v = 1 at first (Norton eq. 3: rows first). Each
    problem is shifted by its largest logit; one whose logits spread over more than ``RANGE`` is
    solved by log-sum-exp.

    Args:
        logits: (n, m, pairs); what they hold afterwards is not said.
        row: (n,) marginals, > 0.
        column: (m,).
        iterations: to make, at least 1.

    Returns:
        (n, m, pairs) plans.
    """
    shifted: Float = np.subtract(logits, logits.max(axis=(0, 1)), out=logits)
    if shifted.min() >= -RANGE:
        return _by_products(shifted, row, column, iterations)
    wide = shifted.min(axis=(0, 1)) < -RANGE
    result = np.empty_like(shifted)
    if not wide.all():
        result[..., ~wide] = _by_products(shifted[..., ~wide], row, column, iterations)
    result[..., wide] = _in_logs(shifted[..., wide], row, column, iterations)
    return np.asarray(result)


def _by_products(logits: Float, row: Float, column: Float, iterations: int) -> Float:
    kernel: Float = np.exp(logits, out=logits)
    loaded = compiled_scale.cache_info().currsize > 0
    if loaded or (logits.shape[2] >= MANY and available()):
        compiled_scale()(kernel, row, column, iterations)
    else:
        scale(kernel, row, column, iterations)
    return kernel


@cache
def compiled_scale() -> Any:
    """Return ``scale`` as machine code, with the same bits."""
    from vrbench.sequences.engine import kernels

    return compiled(kernels.scale, contract=False)


def scale(kernel: Float, row: Float, column: Float, iterations: int) -> None:
    """Make the (n, m, pairs) kernel the plans of its pairs, see ``plans``."""
    n, m, pairs = kernel.shape
    u, v, term = np.empty((n, pairs)), np.ones((m, pairs)), np.empty(pairs)
    for _ in range(iterations):
        for i in range(n):
            np.multiply(kernel[i, 0], v[0], out=u[i])
            for j in range(1, m):
                u[i] += np.multiply(kernel[i, j], v[j], out=term)
            np.divide(row[i], u[i], out=u[i])
        for j in range(m):
            np.multiply(kernel[0, j], u[0], out=v[j])
            for i in range(1, n):
                v[j] += np.multiply(kernel[i, j], u[i], out=term)
            np.divide(column[j], v[j], out=v[j])
    kernel *= u[:, None]
    kernel *= v


def _in_logs(logits: Float, row: Float, column: Float, iterations: int) -> Float:
    log_row, log_column = np.log(row)[:, None], np.log(column)[:, None]
    v = np.zeros(logits.shape[1:])
    for _ in range(iterations):
        u = log_row - _log_sum_exp(logits + v, 1)
        v = log_column - _log_sum_exp(logits + u[:, None], 0)
    return np.asarray(np.exp(logits + u[:, None] + v))


def _log_sum_exp(values: Float, axis: int) -> Float:
    top = values.max(axis=axis, keepdims=True)
    terms = np.moveaxis(np.exp(values - top), axis, 0)
    return np.asarray(np.log(total(terms)) + top.squeeze(axis))


def total(terms: Float) -> Float:
    """(k, ...) -> (...) sums, one term after the other.

    numpy's sum uses another order for a single pair, and equal pairs would not always get equal
    scores.
    """
    sums: Float = terms[0].copy()
    for term in terms[1:]:
        sums += term
    return sums
