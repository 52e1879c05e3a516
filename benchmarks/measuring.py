"""Ranks of both directions against one read of the matrix and against sorting."""

from __future__ import annotations

from collections.abc import Iterator
from unittest.mock import patch

import numpy as np

from benchmarks.base import Claim, compare
from vrbench.metrics import counting
from vrbench.metrics.ranking import ranks
from vrbench.runtime.compiling import available


def claims() -> Iterator[Claim]:
    """Compare ranks of a square matrix of 4,000 texts and videos."""
    matrix = np.random.default_rng(0).standard_normal((4000, 4000)).astype(np.float32)

    def both() -> None:
        ranks(matrix, direction="t2v")
        ranks(matrix, direction="v2t")

    what = "ranks of both directions, 4,000 x 4,000"
    if available():
        yield compare(f"{what}, numba / one read (numpy max)", both, matrix.max, target=4)
    with patch.object(counting, "available", lambda: False):
        yield compare(f"{what}, numpy / one read (numpy max)", both, matrix.max, target=9)
    yield compare(
        f"{what}: times faster than argsort of the rows and of the columns",
        both,
        lambda: (np.argsort(-matrix, axis=1), np.argsort(-matrix, axis=0)),
        rounds=3,
        at_least=True,
    )
