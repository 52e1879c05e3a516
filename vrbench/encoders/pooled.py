"""Pooling of rows that have no pooling of their own."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def mean_direction(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """(n, d) -> (d,): the mean of the rows' directions, scaled to length 1.

    ``l2(mean(l2(rows)))``, CLIP4Clip's meanP (Luo et al., arXiv:2104.08860).
    """
    mean = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).mean(axis=0)
    return np.asarray(mean / np.linalg.norm(mean))
