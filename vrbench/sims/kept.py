"""Similarities of blocks, kept between two reads as long as there is room for them."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Hashable
from contextlib import suppress
from dataclasses import dataclass
from typing import IO, Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from vrbench.sims.sim import Sim

IN_MEMORY = 16_000_000
"""Bytes of blocks that are kept in memory; the others go to a temporary file."""
SHARE = 0.5
"""Of the room that is free on the disk: more is not taken."""


class Keeping(Protocol):
    """Keeps blocks by key, as far as there is room."""

    def keep(self, key: Any, sim: Sim) -> None:
        """Keep a block of both directions, if there is room."""

    def take(self, key: Any) -> Sim | None:
        """Return a block, which may be forgotten then; None where there is none."""


@dataclass(frozen=True)
class _Place:
    """Where a matrix begins in the file, and what it is."""

    start: int
    shape: tuple[int, ...]
    dtype: np.dtype[Any]


class Kept:
    """Blocks by key. One for which there is no room is not kept, and has to be made again."""

    def __init__(self) -> None:
        self._memory: dict[Hashable, Sim] = {}
        self._places: dict[Hashable, list[_Place]] = {}
        self._held = self._end = self._room = 0
        self._file: IO[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()

    def keep(self, key: Hashable, sim: Sim) -> None:
        """Keep a block of both directions, if there is room."""
        parts = [sim.t2v] if sim.v2t is sim.t2v else [sim.t2v, sim.v2t]
        size = sum(part.nbytes for part in parts)
        if self._held + size <= IN_MEMORY:
            self._memory[key], self._held = sim, self._held + size
            return
        with suppress(OSError):  # a disk that is full, or gone, has no room
            file = self._opened()
            if self._end + size <= self._room:
                self._places[key] = [self._write(file, part) for part in parts]

    def take(self, key: Hashable) -> Sim | None:
        """Return a block that was kept, which may be forgotten then; None where there is none."""
        if key in self._memory:
            return self._memory.pop(key)
        if key not in self._places:
            return None
        found = [self._read(place) for place in self._places[key]]
        return Sim(found[0], found[-1])

    def _opened(self) -> IO[bytes]:
        if self._file is None:
            self._file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115  as long as this
            self._room = int(SHARE * shutil.disk_usage(tempfile.gettempdir()).free)
        return self._file

    def _write(self, file: IO[bytes], part: NDArray[Any]) -> _Place:
        place = _Place(self._end, part.shape, part.dtype)
        file.seek(place.start)
        np.ascontiguousarray(part).tofile(file)
        self._end += part.nbytes
        return place

    def _read(self, place: _Place) -> NDArray[Any]:
        assert self._file is not None  # a place was written
        self._file.seek(place.start)
        count = int(np.prod(place.shape))
        return np.fromfile(self._file, place.dtype, count).reshape(place.shape)
