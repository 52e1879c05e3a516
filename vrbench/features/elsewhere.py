"""A dataset of a feature file as another process, on this machine or another, opens it."""

from __future__ import annotations

import hashlib
import socket
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from vrbench.errors import InputError
from vrbench.runtime.worker import unseen

PIECES, PIECE = 64, 65536
"""Pieces of a file, and the bytes of each, by which another process knows that it has the same."""


@dataclass(frozen=True)
class InFile:
    """A dataset by the place of its file, which is opened when rows are first read.

    Attributes:
        path: of the file, from the root.
        size: of the file, in bytes.
        sample: SHA-256 of pieces of it, from its first to its last byte.
        name: of the dataset.
        shape: of the dataset.
        dtype: of the dataset.
    """

    path: str
    size: int
    sample: str
    name: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    @classmethod
    def of(cls, dataset: Any) -> Self:
        """Return the place of an open ``h5py.Dataset``."""
        path = Path(dataset.file.filename).absolute()
        about = path.stat()
        sample = _sample(str(path), about.st_size, about.st_mtime_ns)
        place = str(path), about.st_size, sample
        return cls(*place, dataset.name, dataset.shape, dataset.dtype)

    def __getitem__(self, rows: slice) -> NDArray[Any]:
        return np.asarray(_opened(self.path, self.size, self.sample)[self.name][rows])


@cache
def _sample(path: str, size: int, changed: int) -> str:
    """Return the SHA-256 of evenly spaced pieces of a file, which ``changed`` at that time."""
    found = hashlib.sha256()
    with Path(path).open("rb") as file:
        for i in range(PIECES):
            file.seek(max(0, size - PIECE) * i // (PIECES - 1))
            found.update(file.read(PIECE))
    return found.hexdigest()


@cache
def _opened(path: str, size: int, sample: str) -> Any:
    """Open a feature file once for this process.

    Raises:
        InputError: it is not there, or is another one.
    """
    from vrbench.features.hdf5 import open_hdf5

    try:
        about = Path(path).stat()
        same = about.st_size == size and _sample(path, size, about.st_mtime_ns) == sample
    except OSError as error:
        raise unseen(path, error) from error
    if not same:
        raise InputError(
            f"{path} is another file on {socket.gethostname()} than where vrbench was started "
            f"({about.st_size:,} and {size:,} bytes): give all workers the same file."
        )
    return open_hdf5(Path(path))
