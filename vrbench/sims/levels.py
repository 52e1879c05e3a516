"""Alignment levels of which each is a matrix of its own, in memory or on disk."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrbench.runtime.memory import spare
from vrbench.sims.stored import StoredMatrix, spool

BLOCK = 16_000_000
"""Bytes of a block of rows of which the mean is taken at once."""


@dataclass(frozen=True, eq=False)
class Levels:
    """(levels, n, m) similarities; what reads them takes one level after the other.

    Attributes:
        parts: (n, m) arrays, or ``StoredMatrix`` on disk, all of one shape and type.
    """

    parts: tuple[Any, ...]

    ndim = 3

    @property
    def shape(self) -> tuple[int, int, int]:
        """(levels, n, m)."""
        n, m = self.parts[0].shape
        return len(self.parts), n, m

    @property
    def dtype(self) -> Any:
        """Of the entries."""
        return self.parts[0].dtype

    def __len__(self) -> int:
        return len(self.parts)

    def __iter__(self) -> Iterator[Any]:
        return iter(self.parts)

    def __getitem__(self, level: int) -> Any:
        return self.parts[level]

    @property
    def T(self) -> Levels:  # noqa: N802  numpy's name
        """The transpose of each level."""
        return Levels(tuple(part.T for part in self.parts))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        return np.stack([np.asarray(part, dtype=dtype) for part in self.parts])

    def mean(self, axis: int = 0) -> Any:
        """(n, m) mean of the levels, the only mean that is taken of them."""
        if axis != 0:
            raise TypeError("only the mean of the levels is taken")
        return self._mean

    @cached_property
    def _mean(self) -> Any:
        first = self.parts[0]
        if isinstance(first, StoredMatrix) and first.transposed:
            return self.T.mean().T
        size = first.shape[0] * first.shape[1] * first.dtype.itemsize
        step = max(1, BLOCK // (first.shape[1] * first.dtype.itemsize))
        blocks = (self._block(start, start + step) for start in range(0, first.shape[0], step))
        kept = not isinstance(first, StoredMatrix) and spare(size) == size
        return np.concatenate(list(blocks)) if kept else spool(blocks)

    def _block(self, start: int, stop: int) -> NDArray[Any]:
        found = np.array(self.parts[0][start:stop])
        for part in self.parts[1:]:
            found += part[start:stop]
        found /= len(self.parts)
        return found
