"""A dataset of a feature file as another process, on this machine or another, opens it."""

from __future__ import annotations

import os
import socket
import threading
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from vrbench.errors import InputError
from vrbench.features.guarded import guarded_of
from vrbench.runtime.opened import sha256_of
from vrbench.runtime.worker import unseen

State = tuple[str, int, int, int, int]
"""Running kernel, device, inode, bytes and time of the last change: of one version of a file."""

_open: dict[str, tuple[State, str, Any]] = {}
"""The files that this process has opened, by path: state, SHA-256 and ``h5py.File``."""
_opening = threading.Lock()


@dataclass(frozen=True)
class InFile:
    """A dataset by the place of its file, which is opened when rows are first read.

    Attributes:
        path: of the file, from the root.
        state: of the file, where vrbench was started.
        sha256: of the file, hexadecimal.
        name: of the dataset.
        shape: of the dataset.
        dtype: of the dataset.
    """

    path: str
    state: State
    sha256: str
    name: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    @classmethod
    def of(cls, dataset: Any) -> Self:
        """Return the place of an open ``h5py.Dataset``; of one that is known by its place, that.

        It is the file that is open here, also where another one lies at its path by now.
        """
        if isinstance(dataset, cls):
            return dataset
        opened = guarded_of(dataset)
        version = str(opened.path.absolute()), _state(os.fstat(opened.fileno())), opened.sha256
        return cls(*version, dataset.name, dataset.shape, dataset.dtype)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: slice) -> NDArray[Any]:
        return np.asarray(self._dataset()[rows])

    def read_direct(self, into: NDArray[Any], rows: slice, place: slice) -> None:
        """Read rows into a place of an array, as ``h5py.Dataset.read_direct`` does."""
        self._dataset().read_direct(into, rows, place)

    def _dataset(self) -> Any:
        return _opened(self.path, self.state, self.sha256)[self.name]


def _opened(path: str, state: State, sha256: str) -> Any:
    """Open a version of a feature file, once for this process.

    Where it lies on the machine that vrbench was started on, its state tells it; on another one its
    SHA-256, which is computed once.

    Raises:
        InputError: it is not there, or is another one.
    """
    from vrbench.features.hdf5 import open_hdf5

    with _opening:
        try:
            here = _state(Path(path).stat())
            if path in _open and _open[path][:2] == (here, sha256):
                return _open[path][2]
            same = here == state or _sha256(path, here) == sha256
        except OSError as error:
            raise unseen(path, error) from error
        if not same:
            raise InputError(
                f"{path} is another file on {socket.gethostname()} than where vrbench was started: "
                "give all workers the same file."
            )
        _open[path] = here, sha256, open_hdf5(Path(path))
        return _open[path][2]


def _state(found: os.stat_result) -> State:
    return _kernel(), found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


@cache
def _sha256(path: str, state: State) -> str:
    """Return the SHA-256 of a version of a file."""
    return sha256_of(Path(path))


@cache
def _kernel() -> str:
    """Return what tells the running kernel, which numbers devices and inodes, from others."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return socket.gethostname()
