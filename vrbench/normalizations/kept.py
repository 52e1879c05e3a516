"""Sinkhorn steps on exp(similarity / gamma), computed once and kept between the iterations."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from math import exp, prod
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from vrbench.runtime import aligned
from vrbench.runtime.aligned import LINE
from vrbench.runtime.compiling import compiled, vectorized
from vrbench.runtime.memory import spare
from vrbench.runtime.sums import LEAF, Tree
from vrbench.sims.sim import Rows

Vector = NDArray[np.float64]
Step = Callable[[Vector], tuple[Callable[[], Vector], Vector]]
"""Maps log beta to what gives the log alpha, and the next log beta, that follow from it."""

KEEP_BYTES = 1_000_000_000
"""Size up to which exp(similarity) is kept between the iterations, if memory is not bounded."""
SMALL = 192_000
"""Entries of a matrix that is kept without asking for room."""
ROWS = 256
"""Rows that are multiplied from both sides while they are in the cache."""
SUMMED = 128
"""Rows whose columns the compiled pass sums in the matrix's own type, before it adds in float64."""
ROUND = 16
"""Rows of what is kept are a multiple of it, and take lines. Zeros fill them up: the compiled pass
adds a line in lanes, and so many rows or a quarter of them together, and needs no other code for
what is left."""
CLASH = 64
"""Lines after which the places of the first cache come again. A pass over rows of 1,024 or 4,096
numbers took a third longer than over those of one line more."""
COMPILED = 4_000_000
"""Entries from which the compiled pass gains more than importing its compiler costs."""


def keep(
    rows: Rows, gamma: float, log_r: Vector, log_c: Vector, kind: np.dtype[Any]
) -> tuple[Vector, Step] | None:
    """Keep ``K_ij = exp(s_ij / gamma - shift_j - top_i)``; None where it would not fit.

    ``shift_j`` is a column's largest term, ``top_i`` a row's largest one after that: K lies in
    [0, 1], every row has a 1, and the largest term of a column has ``top_i = 0``, so the column
    sums of the start lose nothing. An entry that is no normal number may count as 0; the
    step raises FloatingPointError if such entries could matter.

    Returns:
        (m,) ``log_c - log(column sums)``, and the step.
    """
    shape = len(rows), rows.width
    # a small one takes no more than a block of rows does, and a rolling bank asks for each query
    if prod(shape) > SMALL and room(shape, kind) > spare(KEEP_BYTES):
        return None
    shift = np.max([block.max(axis=0) for block in rows], axis=0).astype(np.float64)
    kept, top = filled(shape, kind), np.empty(len(rows))
    _set_exponentials(rows, shift, gamma, kept, top)
    inside = kept[: len(rows), : rows.width]
    sums, weight = np.zeros(rows.width), np.exp(top).astype(kind)
    for part in _parts(inside):
        sums += _weighed(weight[part], inside[part])
    lost = exp(least(kind)) / np.finfo(kind).eps
    both_sides, c = Passes(kept, np.exp(log_r)), np.exp(log_c)

    def step(log_beta: Vector) -> tuple[Callable[[], Vector], Vector]:
        beta = np.exp(log_beta + shift / gamma)
        alpha, columns, smallest = both_sides(beta)
        weights = float(alpha.sum())  # not finite where one is not
        if not (
            np.isfinite(weights) and lost * weights < columns.min() and lost * beta.sum() < smallest
        ):
            raise FloatingPointError
        return lambda: np.log(alpha) - top, np.log(c / columns) - shift / gamma

    return log_c - np.log(sums) - shift / gamma, step


def least(kind: np.dtype[Any]) -> float:
    """Return the logit from which on exponentials are normal numbers of a type, for certain.

    Others are slow on some processors: the compiled pass lets them become 0.
    """
    return float(np.ceil(np.log(np.finfo(kind).tiny))) + 1


def _set_exponentials(
    rows: Rows, shift: Vector, gamma: float, kept: NDArray[Any], top: Vector
) -> None:
    """Set ``kept`` and ``top``, see ``keep``."""
    kernels = _kernels() if kept.size >= COMPILED else None
    logits, powers = np.empty(0), np.empty(0, kept.dtype)
    for part in rows.slices():
        block = rows.block(part)
        if kernels and block.dtype.char in "fd" and block.flags.c_contiguous:
            kernels.exponentials(block, shift, gamma, kept[part], top[part])
            continue
        if block.size > logits.size:
            logits, powers = np.empty(block.size), np.empty(block.size, kept.dtype)
        whole, some = (held[: block.size].reshape(block.shape) for held in (logits, powers))
        np.subtract(block, shift, out=whole)
        whole /= gamma
        top[part] = whole.max(axis=1)
        np.subtract(whole, top[part, None], out=some, casting="same_kind")
        np.exp(some, out=kept[part, : rows.width])


def rounded_up(shape: tuple[int, int], kind: np.dtype[Any]) -> tuple[int, int]:
    """Return a matrix's shape up to whole lines and blocks of rows.

    Rows of a multiple of ``CLASH`` lines get another one: else the rows that go together have the
    same places in the first cache, and push each other out of it.
    """
    n, m = shape
    line = LINE // kind.itemsize
    lines = -(-m // line)
    return n + -n % ROUND, (lines + (lines % CLASH == 0)) * line


def room(shape: tuple[int, int], kind: np.dtype[Any]) -> int:
    """Return the bytes of what is kept, and of the sums of the compiled pass."""
    n, width = rounded_up(shape, kind)
    return (n + _groups(n)) * width * kind.itemsize


def _groups(n: int) -> int:
    return -(-n // SUMMED)


def filled(shape: tuple[int, int], kind: np.dtype[Any]) -> NDArray[Any]:
    """Return zeros with room for a matrix, and up to whole lines and blocks of rows."""
    n, m = shape
    found = aligned.empty(rounded_up(shape, kind), kind)
    found[n:], found[:n, m:] = 0, 0
    return found


class Passes:
    """Passes over what is kept, each part of it read from memory once.

    Args:
        kept: K, filled up with zeros.
        r: (n,) weights of the rows.
    """

    def __init__(self, kept: NDArray[Any], r: Vector) -> None:
        self._kept, self._r = kept, r
        self._kernels = _kernels() if kept.size >= COMPILED else None
        width, groups = kept.shape[1], _groups(len(r)) if self._kernels else 0
        self._right = aligned.empty((width,), kept.dtype)
        self._right[:] = 0
        self._sums = aligned.empty((groups, width), kept.dtype)
        self._down = False

    def __call__(self, beta: Vector) -> tuple[Vector, Vector, float]:
        """Return ``alpha = r / (K beta)``, ``alpha^T K`` and the smallest of ``K beta``."""
        kept, r, right = self._kept, self._r, self._right
        n, m = len(r), len(beta)
        alpha, columns, smallest = np.empty(n), np.zeros(kept.shape[1]), np.inf
        with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
            right[:m] = beta
            if self._kernels:
                self._down = not self._down
                given = kept, right, r, alpha, columns, self._sums, self._down
                return alpha, columns[:m], self._kernels.both_sides(*given)
            kept = kept[:n]
            for part in _parts(kept):
                found = row_sums(kept[part], right, 0).total
                alpha[part] = r[part] / found
                columns += _weighed(alpha[part].astype(kept.dtype), kept[part])
                smallest = min(smallest, float(found.min()))
        return alpha, columns[:m], smallest


class _Kernels(NamedTuple):
    """Functions of ``exponentials`` and ``fused`` as machine code."""

    exponentials: Any
    both_sides: Any


@cache
def _kernels() -> _Kernels | None:
    """Return the kernels that numba compiles; None where it does not."""
    if not vectorized():
        return None
    from vrbench.normalizations import exponentials, fused

    return _Kernels(compiled(exponentials.exponentials), compiled(fused.both_sides))


def row_sums(kept: NDArray[Any], beta: NDArray[Any], start: int) -> Tree[Vector]:
    """``K beta`` of the columns from ``start`` on, a multiple of ``LEAF``: leaf by leaf."""
    tree, cut = Tree[Vector](np.add), len(beta) // LEAF * LEAF
    whole = kept[:, :cut].reshape(len(kept), -1, LEAF)
    sums = [np.einsum("ikj,kj->ki", whole, beta[:cut].reshape(-1, LEAF), optimize=False)]
    if cut < len(beta):
        sums.append(np.einsum("ij,j->i", kept[:, cut:], beta[cut:], optimize=False)[None])
    for number, leaf in enumerate(np.concatenate(sums).astype(np.float64), start // LEAF):
        tree.add(number, leaf)
    return tree


def _weighed(weight: NDArray[Any], kept: NDArray[Any]) -> NDArray[Any]:
    """``weight^T K``, row after row: equal columns have equal sums wherever they stand.

    BLAS sums the columns at the edges of its kernels and threads in another order than the rest.
    """
    return np.asarray(np.einsum("i,ij->j", weight, kept, optimize=False))


def _parts(kept: NDArray[Any]) -> Iterator[slice]:
    """Always as many rows: the sums of a column are the same whatever stands beside it."""
    return (slice(start, start + ROWS) for start in range(0, len(kept), ROWS))
