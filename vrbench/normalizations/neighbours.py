"""The largest similarities of each gallery item to the bank, found block by block."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vrbench.sims.sim import Rows


def mean_of_largest(rows: Rows, k: int) -> NDArray[np.float64]:
    """(gallery,) mean of the k largest entries of each column; k is clipped to the bank's size."""
    k = min(k, len(rows))
    kept = np.empty((0, rows.width))
    for block in rows:
        joined = np.concatenate([kept, block.astype(np.float64)])
        kept = joined if len(joined) <= k else np.partition(joined, -k, axis=0)[-k:]
    return np.asarray(kept.mean(axis=0))
