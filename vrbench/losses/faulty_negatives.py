"""Faulty negative exploitation: soft targets for the pairs of a batch that match after all."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from vrbench.errors import InputError
from vrbench.sequences.plan import transport_plan


def faulty_negatives(
    sim: Any,
    beta: float = 0.3,
    reg: float = 1.0,
    iterations: int = 50,
    variant: Literal["exact", "norton"] = "exact",
) -> NDArray[np.float64]:
    """Return the targets ``T = (1 - beta) I + beta Q`` of a batch, Q its transport plan.

    ``max_Q <Q, S> + reg H(Q)``, rows and columns of Q of 1/n each, by Sinkhorn's iterations, rows
    first. T is a constant of the loss: no gradient passes through it.

    Args:
        sim: (n, n) similarities of a batch, pair i on the diagonal (the release: dot products).
        beta: weight of the plan, 0 to 1.
        reg: weight > 0 of the entropy.
        iterations: of Sinkhorn, at least 1.
        variant: ``exact`` as in the paper: the plan's mass is 1, so that a row of T sums to
            1 - beta + beta / n; ``norton`` as released: rows and columns of Q sum to 1, as those of
            T. Its loss takes T transposed for the other side, and the mean over the batch where the
            paper has the sum.

    Returns:
        (n, n) targets; row i is for query i.

    Raises:
        InputError: ``sim`` is not square or not finite, or a parameter is out of range.

    Source: Norton eq. 7 and 8.
    """
    if not 0 <= beta <= 1:
        raise InputError(f"beta must lie between 0 and 1, it is {beta}.")
    plan = transport_plan(sim, reg, None, iterations, variant)
    n, m = plan.shape
    if n != m:
        raise InputError(f"A batch has as many texts as videos, this one {n} and {m}.")
    mass = n if variant == "norton" else 1
    return np.asarray((1 - beta) * np.eye(n) + beta * mass * plan)
