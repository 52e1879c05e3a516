"""Selected rows of a dataset in a file, read on demand."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrbench.features.elsewhere import InFile
from vrbench.features.joined import Joined


class Selected:
    """Rows of a dataset, in any order; a slice of them is read in runs of neighbours.

    Args:
        source: an HDF5 dataset, or another object of this class.
        rows: (n,) which of its rows.
    """

    def __init__(self, source: Any, rows: NDArray[np.int64]) -> None:
        inner = isinstance(source, Selected)
        self._source = source._source if inner else source
        self._rows = source._rows[rows] if inner else rows

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle which rows of which file they are; what lies in no file, as it is."""
        source, h5py = self._source, sys.modules.get("h5py")
        if h5py is not None and isinstance(source, h5py.Dataset):
            source = InFile.of(source)
        placed = isinstance(source, InFile | Joined)
        return (Selected, (source, self._rows)) if placed else (_same, (self[:],))

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def shape(self) -> tuple[int, ...]:
        """(n, ...)."""
        return (len(self), *self._source.shape[1:])

    @property
    def dtype(self) -> np.dtype[Any]:
        """The stored type."""
        kind: np.dtype[Any] = self._source.dtype
        return kind

    def __getitem__(self, part: slice) -> NDArray[Any]:
        rows = self._rows[part]
        if not len(rows):
            return np.asarray(self._source[0:0])
        runs = np.split(rows, np.flatnonzero(np.diff(rows) != 1) + 1)
        found = [np.asarray(self._source[int(run[0]) : int(run[-1]) + 1]) for run in runs]
        return np.concatenate(found) if len(found) > 1 else found[0]


def _same(values: NDArray[Any]) -> NDArray[Any]:
    return values


class Stacked:
    """The rows of two arrays or datasets of one width, one after the other.

    Args:
        first: (n, d).
        second: (m, d).
    """

    def __init__(self, first: Any, second: Any) -> None:
        self._first, self._second = first, second
        self.shape = (len(first) + len(second), *first.shape[1:])
        self.dtype: np.dtype[Any] = np.result_type(first.dtype, second.dtype)

    def __len__(self) -> int:
        return int(self.shape[0])

    def __getitem__(self, part: slice) -> NDArray[Any]:
        start, stop, _ = part.indices(len(self))
        cut = len(self._first)
        above = self._first[min(start, cut) : min(stop, cut)]
        below = self._second[max(start - cut, 0) : max(stop - cut, 0)]
        return np.concatenate([above, below])


def select(values: Any, rows: NDArray[np.int64]) -> Any:
    """Return rows of an array, or of a dataset in a file, which is then read on demand."""
    return values[rows] if isinstance(values, np.ndarray) else Selected(values, rows)


def span(values: Any, start: int, stop: int) -> Any:
    """Return rows ``start:stop``: a view of an array, or of a dataset read on demand."""
    whole = isinstance(values, np.ndarray)
    return values[start:stop] if whole else Selected(values, np.arange(start, stop))
