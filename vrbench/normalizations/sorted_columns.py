"""Columns of a bank, sorted: how many of its queries are below a similarity to an item."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from vrbench.runtime.memory import spare
from vrbench.sims.sim import Rows
from vrbench.sims.stored import spool

SORTED = 2_000_000_000
"""Bytes for sorted similarities at most."""


@dataclass(frozen=True, eq=False)
class SortedColumns:
    """(gallery, n_bank) similarities of each gallery item, ascending; on disk where they are many.

    Attributes:
        columns: an array, or a matrix on disk.
        step: items that are read at once.
    """

    columns: Any
    step: int

    @classmethod
    def of(cls, rows: Rows) -> SortedColumns:
        """Sort each gallery item's column of the bank."""
        width = rows.width
        step = max(1, min(width, spare(SORTED) // (3 * len(rows) * 8)))
        starts = range(0, width, step)
        parts = (_sorted(rows, slice(start, start + step)) for start in starts)
        return cls(next(parts) if len(starts) == 1 else spool(parts), step)

    def count(self, block: NDArray[Any], side: Literal["left", "right"]) -> NDArray[np.float64]:
        """(queries, gallery) bank queries below each entry; with ``right`` below or level."""
        out = np.empty(block.shape)
        for start in range(0, block.shape[1], self.step):
            for item, column in enumerate(self.columns[start : start + self.step], start):
                out[:, item] = np.searchsorted(column, block[:, item], side=side)
        return out


def _sorted(rows: Rows, items: slice) -> NDArray[Any]:
    """(items, n_bank) similarities of some gallery items, ascending."""
    columns = np.concatenate([block[:, items].T for block in rows], axis=1)
    columns.sort(axis=1)
    return columns
