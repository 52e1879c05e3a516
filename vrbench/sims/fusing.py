"""Fusion: several similarities of the same queries and gallery as one."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrbench.errors import InputError, did_you_mean
from vrbench.sims.sim import Direction, Sim

Rows = NDArray[np.float64]

RRF = 60
"""The constant of reciprocal rank fusion (Cormack et al., SIGIR 2009)."""


def rrf(rows: Rows) -> Rows:
    """``1 / (60 + rank)`` of each item for its query; tied items have the mean of their ranks."""
    from scipy.stats import rankdata

    return np.asarray(1 / (RRF + rankdata(-rows, axis=1)))


def dbsf(rows: Rows) -> Rows:
    """``(s - (mean - 3 sd)) / (6 sd)`` of each query; 1/2 where all of its scores are equal.

    Distribution-based score fusion; sd is that of the gallery, not of a sample.
    """
    return 0.5 + z(rows) / 6


def min_max(rows: Rows) -> Rows:
    """``(s - min) / (max - min)`` of each query; 0 where all of its scores are equal."""
    low = rows.min(axis=1, keepdims=True)
    return _divided(rows - low, rows.max(axis=1, keepdims=True) - low)


def z(rows: Rows) -> Rows:
    """``(s - mean) / sd`` of each query; 0 where all of its scores are equal."""
    # an offset of its own: equal scores differ from their mean by rounding
    some = rows - rows[:, :1]
    return _divided(some - some.mean(axis=1, keepdims=True), some.std(axis=1, keepdims=True))


def _divided(rows: Rows, by: Rows) -> Rows:
    return np.asarray(np.divide(rows, by, out=np.zeros_like(rows), where=by > 0))


HOW: dict[str, Callable[[Rows], Rows]] = {
    "rrf": rrf,
    "dbsf": dbsf,
    "min-max": min_max,
    "z": z,
    "sum": lambda rows: rows,
}
"""What is done to the scores of a query before they are added up, (queries, gallery)."""


def fuse(parts: Sequence[Any], how: str, weights: Sequence[float]) -> Rows:
    """(queries, gallery) weighted sum of several similarities of the same queries and items.

    ``out[q, g] = sum_i w_i f(s_i)[q, g]``, f over the query's own row, so that neither other
    queries nor the scale of a similarity matters (but for ``sum``).

    Args:
        parts: (queries, gallery) each.
        how: one of ``HOW``.
        weights: one for each part.
    """
    act = HOW[how]
    out = weights[0] * act(np.asarray(parts[0], dtype=np.float64))
    for part, weight in zip(parts[1:], weights[1:], strict=True):
        out += weight * act(np.asarray(part, dtype=np.float64))
    return np.asarray(out)


def fuse_sims(sims: Sequence[Sim], how: str, weights: Sequence[float] | None) -> Sim:
    """Fuse similarities of the same items, in one order, each direction over its own queries.

    Args:
        sims: two or more; of alignment levels the mean counts.
        how: one of ``HOW``.
        weights: one for each; None: 1.

    Raises:
        InputError: there are fewer than two, shapes differ, or ``how`` or the weights are wrong.
    """
    check_how(how)
    if len(sims) < 2:
        raise InputError("One similarity is nothing to fuse: give two or more.")
    chosen = (1.0,) * len(sims) if weights is None else tuple(weights)
    check_weights(chosen, len(sims))
    flat = [sim.flat() for sim in sims]
    shapes = [np.shape(sim.t2v) for sim in flat]
    if len(set(shapes)) > 1 or len(shapes[0]) != 2:
        said = ", ".join(map(str, shapes))
        raise InputError(f"Similarities of shapes {said} are not of the same items.")

    def one(direction: Direction) -> Rows:
        found = fuse([sim.levels(direction)[0] for sim in flat], how, chosen)
        return found if direction == "t2v" else found.T

    return Sim(one("t2v"), one("v2t"))


def check_how(how: str) -> None:
    """Refuse an unknown way.

    Raises:
        InputError: it is one.
    """
    if how not in HOW:
        raise InputError(f"Unknown --how '{how}'.{did_you_mean(how, HOW)} Use {', '.join(HOW)}.")


def check_weights(weights: Sequence[float], n: int) -> None:
    """Refuse weights that are not one finite number for each of n files, or all 0.

    Raises:
        InputError: they are not.
    """
    if len(weights) != n or not all(map(math.isfinite, weights)) or not any(weights):
        said = ",".join(f"{weight:g}" for weight in weights)
        raise InputError(
            f"Cannot take --weights {said}: give one finite number for each of {n} files, not all "
            "of them 0."
        )


def grid(n: int) -> list[tuple[float, ...]]:
    """Return the weights that are tried for n files: all that add up to 1, in steps.

    The steps are 0.1 for two files, 0.2 for three and 0.25 for more.
    """
    steps = {2: 10, 3: 5}.get(n, 4)

    def shares(left: int, places: int) -> list[tuple[int, ...]]:
        if places == 1:
            return [(left,)]
        return [(i, *rest) for i in range(left + 1) for rest in shares(left - i, places - 1)]

    return [tuple(share / steps for share in one) for one in shares(steps, n)]
