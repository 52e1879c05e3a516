"""The transport plan of captions and clips, with and without the alignable prompt bucket."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import numpy as np

from vrbench.errors import InputError
from vrbench.runtime.inputs import to_numpy
from vrbench.sequences.base import Float
from vrbench.sequences.engine.sinkhorn import Problem, plans

Variant = Literal["exact", "norton"]


def transport_plan(
    sim: Any,
    reg: float = 0.1,
    bucket: float | None = None,
    iterations: int = 50,
    variant: Variant = "exact",
) -> Float:
    """Return how much of each caption goes to each clip, entropic optimal transport.

    ``max_Q <Q, S> + reg H(Q)`` with uniform marginals, by Sinkhorn's iterations, captions first.

    Args:
        sim: (n, m) similarities of captions and clips.
        reg: weight > 0 of the entropy.
        bucket: value p of the alignable prompt bucket: one more row and column filled with p. They
            take the mass of captions and clips without a match, and are removed from the plan.
            None or minus infinity: no bucket.
        iterations: of Sinkhorn, at least 1.
        variant: the marginals with a bucket, which the paper leaves open: ``exact`` has 1/(n+1)
            and 1/(m+1) everywhere; ``norton`` as released, SuperGlue's: 1 for each caption and
            clip, m for the row and n for the column of the bucket, so that it can hold everything.
            Without a bucket both have 1/n and 1/m. With ``exact`` marginals the bucket's column
            holds 1/(m+1) only: a large p empties the plan at the given iterations, while the rows'
            marginals are not yet met.

    Returns:
        (n, m) the plan without the bucket, not rescaled (the release rescales it to a total of L).

    Raises:
        InputError: ``sim`` is no finite matrix, a parameter is out of range, or numbers become so.

    Source: Norton eq. 2, 3 and 6; variant ``norton``: Sarlin et al., CVPR 2020.
    """
    matrix = to_numpy(sim).astype(np.float64)
    if matrix.ndim != 2 or 0 in matrix.shape or not np.isfinite(matrix).all():
        raise InputError(
            f"A transport plan needs finite similarities (captions, clips), not {matrix.shape}"
            f"{'' if np.isfinite(matrix).all() else ' with NaN or infinity'}."
        )
    check(reg, iterations, variant)
    problem = bucketed(matrix.shape, reg, bucket, iterations, variant)
    return in_range(plans, matrix[..., None], problem)[..., 0]


def in_range(find: Callable[[Float, Problem], Float], sim: Float, problem: Problem) -> Float:
    """Return what is found of pairs, if it is finite.

    Args:
        find: returns their plans or scores.
        sim: (n, m, pairs).
        problem: what they have in common.

    Raises:
        InputError: it is not.
    """
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        found = find(sim, problem)
    if not np.isfinite(found).all():
        raise InputError(
            f"With reg {problem.reg} and bucket {problem.prompt}, a transport plan of these "
            "similarities leaves the range of numbers: give a larger reg, or another bucket."
        )
    return found


def check(reg: float, iterations: int, variant: str) -> None:
    """Refuse parameters that are out of range."""
    if not reg > 0:
        raise InputError(f"reg must be positive, it is {reg}.")
    if iterations < 1:
        raise InputError(f"iterations must be at least 1, it is {iterations}.")
    if variant not in ("exact", "norton"):
        raise InputError(f"Unknown variant '{variant}' of the transport: use exact or norton.")


def bucketed(
    shape: tuple[int, ...], reg: float, bucket: float | None, iterations: int, variant: Variant
) -> Problem:
    """Return what pairs of n captions and m clips have in common; see ``transport_plan``."""
    n, m = shape[:2]
    if bucket is None or bucket == -np.inf:
        return Problem(reg, None, np.full(n, 1 / n), np.full(m, 1 / m), iterations)
    if variant == "norton":
        row, column = np.append(np.ones(n), m), np.append(np.ones(m), n)
    else:
        row, column = np.full(n + 1, 1 / (n + 1)), np.full(m + 1, 1 / (m + 1))
    return Problem(reg, bucket, row, column, iterations)
