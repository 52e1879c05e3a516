"""Two matrices with the same rows as one, read in blocks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrbench.sims.sim import Rows


@dataclass(frozen=True, eq=False)
class SideBySide:
    """(n, m + m') of two sources of rows; slices of rows are read from both."""

    left: Rows
    right: Rows

    ndim = 2

    @property
    def shape(self) -> tuple[int, int]:
        """(n, m + m')."""
        return len(self.left), self.left.width + self.right.width

    @property
    def dtype(self) -> Any:
        """Of the entries."""
        return np.result_type(self.left.matrix.dtype, self.right.matrix.dtype)

    def __len__(self) -> int:
        return len(self.left)

    def __getitem__(self, rows: slice) -> NDArray[Any]:
        return np.concatenate([self.left.block(rows), self.right.block(rows)], axis=1)


def side_by_side(left: Rows, right: Rows) -> Rows:
    """Return rows of both, the left ones' columns first."""
    return Rows(SideBySide(left, right))  # type: ignore[arg-type]  # has what readers of rows need
