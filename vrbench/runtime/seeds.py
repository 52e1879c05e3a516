"""Random numbers from a user's seed."""

from __future__ import annotations

import numpy as np

from vrbench.errors import InputError

MOST = 2**63 - 1
"""The largest seed that torch takes, and files hold."""


def check_seed(seed: int) -> None:
    """Check that a seed is valid.

    Raises:
        InputError: it is negative, or larger than ``MOST``.
    """
    if seed < 0:
        raise InputError(f"seed must be 0 or more, it is {seed}.")
    if seed > MOST:
        raise InputError(f"seed must be at most {MOST}, it is {seed}.")


def seeded(seed: int) -> np.random.Generator:
    """Return a generator whose numbers depend on the seed only.

    Raises:
        InputError: the seed is negative or too large.
    """
    check_seed(seed)
    return np.random.default_rng(seed)
