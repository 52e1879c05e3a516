"""A dataset of a feature file as another process, on this machine or another, opens it."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from vrbench.errors import InputError


@dataclass(frozen=True)
class InFile:
    """A dataset by the place of its file, which is opened when rows are first read.

    Attributes:
        path: of the file, from the root.
        size: of the file, in bytes.
        name: of the dataset.
        shape: of the dataset.
        dtype: of the dataset.
    """

    path: str
    size: int
    name: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    @classmethod
    def of(cls, dataset: Any) -> Self:
        """Return the place of an open ``h5py.Dataset``."""
        path = Path(dataset.file.filename).absolute()
        return cls(str(path), path.stat().st_size, dataset.name, dataset.shape, dataset.dtype)

    def __getitem__(self, rows: slice) -> NDArray[Any]:
        return np.asarray(_opened(self.path, self.size)[self.name][rows])


@cache
def _opened(path: str, size: int) -> Any:
    """Open a feature file once for this process.

    Raises:
        InputError: it is not there, or is another one.
    """
    from vrbench.features.hdf5 import open_hdf5

    try:
        found = Path(path).stat().st_size
    except OSError as error:
        raise InputError(
            f"The worker on {socket.gethostname()} cannot see {path} ({error.strerror}): put the "
            "file where all workers see it under the same path."
        ) from error
    if found != size:
        raise InputError(
            f"{path} has {found:,} bytes on {socket.gethostname()}, and {size:,} where vrbench was "
            "started: give all workers the same file."
        )
    return open_hdf5(Path(path))
