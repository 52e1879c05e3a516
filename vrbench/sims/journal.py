"""Blocks in a folder: for the second read, and for the next run where this one ends early."""

from __future__ import annotations

import hashlib
import os
import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np

from vrbench.errors import InputError
from vrbench.runtime.files import replacing
from vrbench.runtime.leftovers import BEGUN
from vrbench.runtime.npz import read_npz
from vrbench.sims.kept import SHARE
from vrbench.sims.sim import Sim

ENDING = ".block.npz"


@dataclass(frozen=True)
class Journal:
    """Blocks by name, kept by any process that sees the folder.

    One that does not, as on another machine, keeps and finds nothing.

    Attributes:
        folder: where the blocks lie.
        free: bytes that stay free on its disk.
    """

    folder: Path
    free: int

    @classmethod
    def at(cls, folder: Path) -> Journal:
        """Make the folder where it can be made."""
        folder, free = folder.absolute(), 0
        with suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
            free = int((1 - SHARE) * shutil.disk_usage(folder).free)
        return cls(folder, free)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Leave the blocks: they are removed when the results are there."""
        _remove_empty(self.folder)

    def keep(self, name: str, sim: Sim) -> None:
        """Write a block, if there is room.

        Args:
            name: says what decides the bits of the block, as the stem of a file.
            sim: its similarities.
        """
        parts = {"t2v": sim.t2v, "v2t": None if sim.v2t is sim.t2v else sim.v2t}
        arrays = {name: part for name, part in parts.items() if part is not None}
        size = sum(part.nbytes for part in arrays.values())
        with suppress(OSError, InputError):
            if size <= shutil.disk_usage(self.folder).free - self.free:
                with replacing(self._path(name), lasting=False) as path:
                    np.savez(path, allow_pickle=False, **arrays)

    def take(self, name: str) -> Sim | None:
        """Return a block; None where it has no file, or a damaged one."""
        with suppress(InputError):
            arrays = read_npz(self._path(name))
            t2v = arrays.get("t2v")
            return Sim(t2v, arrays.get("v2t", t2v))
        return None

    def _path(self, name: str) -> Path:
        return self.folder / f"{name}{ENDING}"


def folder_of(above: Path, file: Path) -> Path:
    """Return where in a folder the blocks of a feature file lie, apart from those of others."""
    return above / hashlib.sha256(os.fsencode(file.absolute())).hexdigest()[:12]


def clear(folder: Path) -> None:
    """Remove the blocks in a folder, finished or not, and the folder if nothing else is in it."""
    with suppress(OSError):
        for pattern in (f"*{ENDING}", f"{BEGUN}*"):
            for path in folder.glob(pattern):
                path.unlink(missing_ok=True)
    _remove_empty(folder)


def _remove_empty(folder: Path) -> None:
    """Remove a folder, and the one that it is in, where they are empty."""
    with suppress(OSError):
        folder.rmdir()
        folder.parent.rmdir()
