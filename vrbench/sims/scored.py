"""A matrix that is never in memory as a whole: its rows are scored when they are read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class ScoredMatrix:
    """(n, m) similarities of which only slices of rows can be read; ``.T`` only marks a transpose.

    Attributes:
        score: gives rows ``start:stop`` as (stop - start, m).
        rows: n.
        columns: m.
        block_bytes: how much of it to read at once.
        transposed: whether this is the transpose.
    """

    score: Callable[[int, int], NDArray[Any]]
    rows: int
    columns: int
    block_bytes: int
    transposed: bool = False

    ndim = 2

    @property
    def shape(self) -> tuple[int, int]:
        """(n, m), or (m, n) of the transpose."""
        return (self.columns, self.rows) if self.transposed else (self.rows, self.columns)

    @property
    def T(self) -> ScoredMatrix:  # noqa: N802  numpy's name
        """The transpose."""
        return replace(self, transposed=not self.transposed)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: slice) -> NDArray[Any]:
        if self.transposed:
            raise TypeError("only whole rows of the query side are scored")
        start, stop, _ = rows.indices(self.rows)
        return np.asarray(self.score(start, stop))
