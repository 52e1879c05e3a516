"""Sequence alignments as slow float64 loops over one pair, written from the formulas alone."""

from __future__ import annotations

import math
from itertools import combinations_with_replacement, product
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def monotone_paths(n: int, m: int) -> list[list[tuple[int, int]]]:
    """Every path from (0, 0) to (n-1, m-1) by steps right, down and diagonal."""
    if n == 1 and m == 1:
        return [[(0, 0)]]
    before = [(n - 1, m), (n, m - 1), (n - 1, m - 1)]
    return [[*path, (n - 1, m - 1)] for a, b in before if a and b for path in monotone_paths(a, b)]


def dtw(d: Array) -> float:
    """The cheapest of all paths."""
    return min(sum(float(d[at]) for at in path) for path in monotone_paths(*d.shape))


def otam_one(d: Array, sign: float = 1.0) -> float:
    """The recursion over the matrix between two columns of zeros, cell by cell."""
    n, width = d.shape[0], d.shape[1] + 2
    padded = np.zeros((n, width))
    padded[:, 1:-1] = d
    return cumulated_otam(padded, sign)


def cumulated_otam(padded: Array, sign: float) -> float:
    rows, width = padded.shape
    c = np.zeros((rows, width))
    for j in range(1, width):
        c[0, j] = padded[0, j] + c[0, j - 1]
    for i in range(1, rows):
        c[i, 1] = padded[i, 1] + sign * min(c[i - 1, 0], c[i - 1, 1], c[i, 0])
        for j in range(2, width - 1):
            c[i, j] = padded[i, j] + min(c[i - 1, j - 1], c[i, j - 1])
        c[i, -1] = padded[i, -1] + min(c[i - 1, -2], c[i - 1, -1], c[i, -2])
    return float(c[-1, -1])


def otam(d: Array) -> float:
    return otam_one(d) + otam_one(d.T)


def padded(d: Array, rows: int, columns: int) -> Array:
    """The padding of both releases: Python's slices ``-0:`` and all."""
    missing_rows, missing_columns = rows - d.shape[0], columns - d.shape[1]
    out = np.full((d.shape[0] + missing_rows, d.shape[1] + missing_columns), np.inf)
    out[: d.shape[0], : d.shape[1]] = d
    out[-missing_rows - 1 :, -missing_columns:] = 0
    return out


def released_dtw(d: Array, longest: tuple[int, int]) -> float:
    p = padded(d, *longest)
    c = np.zeros(p.shape)
    c[0] = np.cumsum(p[0])
    c[:, 0] = np.cumsum(p[:, 0])
    for i in range(1, p.shape[0]):
        for j in range(1, p.shape[1]):
            c[i, j] = p[i, j] + min(c[i - 1, j - 1], c[i, j - 1], c[i - 1, j])
    return float(c[-1, -1])


def released_otam(d: Array, longest: tuple[int, int]) -> float:
    total = 0.0
    for part, (rows, columns) in ((d, longest), (d.T, longest[::-1])):
        between = np.zeros((part.shape[0], part.shape[1] + 2))
        between[:, 1:-1] = part
        total += cumulated_otam(padded(between, rows, columns + 2), -1.0)
    return total


def kept_clips(d: Array) -> Array:
    """The int(1.3 n) clips nearest to any caption, in order of time."""
    nearest = sorted(range(d.shape[1]), key=lambda j: (min(d[:, j]), j))[: int(1.3 * d.shape[0])]
    return d[:, sorted(nearest)]


def plan(sim: Array, reg: float, bucket: float | None, iterations: int, variant: str) -> Array:
    """Sinkhorn in logs on one pair, rows first."""
    n, m = sim.shape
    s, row, column = sim, np.full(n, 1 / n), np.full(m, 1 / m)
    if bucket is not None:
        s = np.full((n + 1, m + 1), bucket)
        s[:n, :m] = sim
        row, column = np.full(n + 1, 1 / (n + 1)), np.full(m + 1, 1 / (m + 1))
        if variant == "norton":
            row, column = np.ones(n + 1) / (n + m), np.ones(m + 1) / (n + m)
            row[-1], column[-1] = m / (n + m), n / (n + m)
    rows, columns = s.shape
    f, g = [0.0] * rows, [0.0] * columns
    for _ in range(iterations):
        for i in range(rows):
            f[i] = math.log(row[i]) - lse([s[i, j] / reg + g[j] for j in range(columns)])
        for j in range(columns):
            g[j] = math.log(column[j]) - lse([s[i, j] / reg + f[i] for i in range(rows)])
    q = np.array([[math.exp(s[i, j] / reg + f[i] + g[j]) for j in range(m)] for i in range(n)])
    return q * (n + m) if bucket is not None and variant == "norton" else q


def lse(values: list[float]) -> float:
    top = max(values)
    return top + math.log(sum(math.exp(value - top) for value in values))


def drop_dtw(cost: Array, drop: Array, exclusive: bool, contiguous: bool) -> float:
    """The cheapest of all ways to give each clip a run of steps, or none."""
    steps, clips = cost.shape
    best = math.inf
    for taken in product(range(steps + 1), repeat=clips) if exclusive else many(steps, clips):
        runs = [(t, t) if isinstance(t, int) else t for t in taken]
        if valid(runs, steps, contiguous):
            total = sum(
                float(drop[j]) if first == 0 else float(cost[first - 1 : last, j].sum())
                for j, (first, last) in enumerate(runs)
            )
            best = min(best, total)
    return best


def many(steps: int, clips: int) -> Any:
    """Each clip takes no step (0, 0) or the steps first to last."""
    runs = [(0, 0), *combinations_with_replacement(range(1, steps + 1), 2)]
    return product(runs, repeat=clips)


def valid(runs: list[tuple[int, int]], steps: int, contiguous: bool) -> bool:
    """Steps come in order, none is left out, and none is interrupted where that is forbidden."""
    at, dropped = 0, False
    for first, last in runs:
        if first == 0:
            dropped = True
            continue
        if first not in (at, at + 1) or (at == 0 and first != 1):
            return False
        if first == at and dropped and contiguous:
            return False
        at, dropped = last, False
    return at == steps
