"""Sinkhorn on many small problems at once: by products where the range allows, else in logs."""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import numpy as np

from vrbench.runtime import aligned
from vrbench.runtime.compiling import compiled, vectorized
from vrbench.sequences.base import Float

RANGE = 200.0
"""Largest spread of logits for which the scalings, their products and sums stay normal numbers."""


class Problem(NamedTuple):
    """What pairs of one shape have in common.

    Attributes:
        reg: weight > 0 of the entropy.
        prompt: value of one more row and column, the bucket; None: there is none.
        row: (n,) masses > 0, or (n + 1,) with a bucket.
        column: (m,), or (m + 1,).
        iterations: updates of u, then v, at least 1.
    """

    reg: float
    prompt: float | None
    row: Float
    column: Float
    iterations: int


def plans(sim: Float, problem: Problem) -> Float:
    """Return ``diag(u) exp(S / reg) diag(v)`` of pairs, without the bucket's row and column.

    ``u = row / (K v)``, ``v = column / (K^T u)``, v = 1 at first (Norton eq. 3: rows first). Each
    pair is shifted by its largest logit; one whose logits spread over more than ``RANGE`` is
    solved by log-sum-exp.

    Args:
        sim: (n, m, pairs).
        problem: what they have in common.

    Returns:
        (n, m, pairs) plans.
    """
    plan = np.empty(sim.shape)
    solve = _by_kernel if _compiled() else _by_products
    wide = solve(sim, problem, plan) > RANGE
    if wide.any():
        plan[..., wide] = _in_logs(sim[..., wide], problem)
    return plan


def scores(sim: Float, problem: Problem) -> Float:
    """(pairs,) sums of plan times similarity, caption after caption; see ``plans``."""
    if not _compiled():
        return _weighed(plans(sim, problem), sim)
    score = np.empty(sim.shape[2])
    wide = _by_kernel(sim, problem, np.empty((0, 0, 0)), score) > RANGE
    if wide.any():
        score[wide] = _weighed(_in_logs(sim[..., wide], problem), sim[..., wide])
    return score


def _weighed(plan: Float, sim: Float) -> Float:
    return total((plan * sim).reshape(-1, sim.shape[2]))


def _by_kernel(sim: Float, problem: Problem, plan: Float, score: Float | None = None) -> Float:
    """Fill plan and score, which may be empty, by machine code; return how far logits spread."""
    from vrbench.sequences.engine import kernels

    reg, prompt, row, column, iterations = problem
    work = aligned.empty((kernels.room(len(row), len(column)),), np.float64)
    spread, score = np.empty(sim.shape[2]), np.empty(0) if score is None else score
    given = np.ascontiguousarray(sim), float(reg), float(prompt or 0), row, column, iterations
    _compiled()(*given, work, plan, score, spread)
    return spread


@cache
def _compiled() -> Any:
    """Return ``kernels.solve`` as machine code; None where there is none."""
    if not vectorized():
        return None
    from vrbench.sequences.engine import kernels

    return compiled(kernels.solve, contract=False)


def _by_products(sim: Float, problem: Problem, plan: Float) -> Float:
    """Fill the plan, and return how far logits spread."""
    (n, m, pairs), k = sim.shape, _logits(sim, problem)
    top = k.max(axis=(0, 1))
    spread: Float = top - k.min(axis=(0, 1))
    k -= top
    np.exp(np.maximum(k, -RANGE, out=k), out=k)
    u, v, term = np.empty((len(k), pairs)), np.ones((k.shape[1], pairs)), np.empty(pairs)
    for _ in range(problem.iterations):
        _scale(k, v, problem.row, u, term)
        _scale(k.transpose(1, 0, 2), u, problem.column, v, term)
    np.multiply(k[:n, :m], u[:n, None], out=plan)
    plan *= v[:m]
    return spread


def _scale(k: Float, factors: Float, masses: Float, scaled: Float, term: Float) -> None:
    """Set ``scaled = masses / (k factors)``, one term after the other."""
    for row, mass, into in zip(k, masses, scaled, strict=True):
        np.multiply(row[0], factors[0], out=into)
        for one, factor in zip(row[1:], factors[1:], strict=True):
            into += np.multiply(one, factor, out=term)
        np.divide(mass, into, out=into)


def _logits(sim: Float, problem: Problem) -> Float:
    """(rows, columns, pairs) similarities over reg, the bucket's among them."""
    n, m, pairs = sim.shape
    logits = np.empty((len(problem.row), len(problem.column), pairs))
    if problem.prompt is not None:
        logits[n], logits[:, m] = problem.prompt / problem.reg, problem.prompt / problem.reg
    np.divide(sim, problem.reg, out=logits[:n, :m])
    return logits


def _in_logs(sim: Float, problem: Problem) -> Float:
    """Return the plans, without the bucket."""
    n, m, _ = sim.shape
    logits = _logits(sim, problem)
    log_row, log_column = np.log(problem.row)[:, None], np.log(problem.column)[:, None]
    v = np.zeros(logits.shape[1:])
    for _ in range(problem.iterations):
        u = log_row - _log_sum_exp(logits + v, 1)
        v = log_column - _log_sum_exp(logits + u[:, None], 0)
    return np.asarray(np.exp(logits + u[:, None] + v)[:n, :m])


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
