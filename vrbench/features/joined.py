"""Datasets of several files, read as one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrbench.features.elsewhere import InFile


class Joined:
    """The rows of HDF5 datasets, one dataset after the other; slices of them are read.

    Args:
        pieces: the datasets, all of one width.
        dtype: of what is read.
    """

    def __init__(self, pieces: Sequence[Any], dtype: np.dtype[Any]) -> None:
        self.pieces, self.dtype = tuple(pieces), dtype
        self._starts = np.cumsum([0, *(len(piece) for piece in pieces)]).tolist()
        self.shape: tuple[int, ...] = (self._starts[-1], *pieces[0].shape[1:])
        self.ndim = len(self.shape)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle where the datasets lie."""
        return Joined, ([InFile.of(piece) for piece in self.pieces], self.dtype)

    def __len__(self) -> int:
        return self.shape[0]

    @property
    def nbytes(self) -> int:
        """Bytes of all rows in memory."""
        return int(np.prod(self.shape, dtype=object)) * self.dtype.itemsize

    def between(self, start: int, stop: int | None) -> Iterator[tuple[Any, int, int]]:
        """Yield (dataset, first row, end) of each piece of the rows ``start:stop``."""
        start, stop, _ = slice(start, stop).indices(len(self))
        first = int(np.searchsorted(self._starts, start, side="right")) - 1
        for k in range(first, len(self.pieces)):
            low, high = self._starts[k], self._starts[k + 1]
            if low >= stop:
                return
            yield self.pieces[k], max(start - low, 0), min(stop, high) - low

    def __getitem__(self, part: slice) -> NDArray[Any]:
        start, stop, step = part.indices(len(self))
        found = list(self.between(start, stop))
        if len(found) == 1:
            dataset, low, high = found[0]
            return np.asarray(dataset[low:high], dtype=self.dtype)[::step]
        rows = np.empty((max(stop - start, 0), *self.shape[1:]), self.dtype)
        place = 0
        for dataset, low, high in found:
            there = slice(place, place + high - low)
            dataset.read_direct(rows, np.s_[low:high], there)
            place = there.stop
        return rows[::step]
