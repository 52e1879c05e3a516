"""Random numbers from a user's seed."""

from __future__ import annotations

import numpy as np

from vrbench.errors import InputError


def check_seed(seed: int) -> None:
    """Check that a seed is valid.

    Raises:
        InputError: it is negative.
    """
    if seed < 0:
        raise InputError(f"seed must be 0 or more, it is {seed}.")


def seeded(seed: int) -> np.random.Generator:
    """Return a generator whose numbers depend on the seed only.

    Raises:
        InputError: the seed is negative.
    """
    check_seed(seed)
    return np.random.default_rng(seed)
