"""Sim: what an alignment gives, and what a normalization takes and gives."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Direction = Literal["t2v", "v2t"]
DIRECTIONS: tuple[Direction, Direction] = ("t2v", "v2t")

BLOCK_BYTES = 16_000_000
"""Size of a block of rows that is worked on at once."""


@dataclass(frozen=True, eq=False)
class Sim:
    """Two similarity matrices, texts x videos whatever the direction.

    Token methods score the two directions differently; symmetric ones return one array twice.

    Attributes:
        t2v: (n_text, n_video) ranks videos for a text; None where only v2t was asked for.
        v2t: (n_text, n_video) ranks texts for a video; None where only t2v was asked for.
    """

    t2v: Any
    v2t: Any

    def queries(self, direction: Direction) -> NDArray[Any]:
        """(queries, gallery) the matrix of a direction with a query in each row (a view)."""
        return as_matrix(self.t2v) if direction == "t2v" else as_matrix(self.v2t).T


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows of a matrix, a re-iterable source of blocks of whole rows.

    Attributes:
        matrix: (n, m).
        index: (n',) which rows, in order; None: all of them.
    """

    matrix: NDArray[Any]
    index: NDArray[np.int64] | None = None

    def __len__(self) -> int:
        return len(self.matrix) if self.index is None else len(self.index)

    @property
    def width(self) -> int:
        """Entries m of a row."""
        return int(self.matrix.shape[1])

    def __iter__(self) -> Iterator[NDArray[Any]]:
        for rows in self.slices():
            yield self.block(rows)

    def slices(self) -> Iterator[slice]:
        """Yield the row ranges of the blocks."""
        step = max(1, BLOCK_BYTES // (8 * max(self.width, 1)))
        for start in range(0, len(self), step):
            yield slice(start, min(start + step, len(self)))

    def block(self, rows: slice) -> NDArray[Any]:
        """Return these rows, contiguous."""
        part = self.matrix[rows] if self.index is None else self.matrix[self.index[rows]]
        return np.ascontiguousarray(part)


def as_matrix(values: Any) -> NDArray[Any]:
    """Return ``values`` (numpy, torch, nested lists) as a float array; float64 stays float64."""
    array = values.detach().cpu().numpy() if hasattr(values, "detach") else np.asarray(values)
    if array.dtype in (np.float32, np.float64):
        return array
    return array.astype(np.float32 if array.dtype == np.float16 else np.float64)
