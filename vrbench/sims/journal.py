"""Blocks of an unfinished run beside its results, for the next run to go on from."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Hashable
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

import numpy as np

from vrbench.errors import InputError
from vrbench.runtime.files import replacing
from vrbench.runtime.npz import read_npz
from vrbench.sims.kept import SHARE
from vrbench.sims.sim import Sim

ENDING = ".block.npz"


class Journal:
    """Blocks by key, in a folder; one that cannot be written is not kept.

    Args:
        folder: is made when a block is kept.
        name: says of a key what decides the bits of its block, as the stem of a file.
    """

    def __init__(self, folder: Path, name: Callable[[Any], str]) -> None:
        self._folder, self._name = folder, name

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Leave the blocks: they are removed when the results are there."""

    def __contains__(self, key: Hashable) -> bool:
        return self._path(key).is_file()

    def keep(self, key: Hashable, sim: Sim) -> None:
        """Write a block, if there is room."""
        parts = {"t2v": sim.t2v, "v2t": None if sim.v2t is sim.t2v else sim.v2t}
        arrays = {name: part for name, part in parts.items() if part is not None}
        size = sum(part.nbytes for part in arrays.values())
        with suppress(OSError, InputError):
            self._folder.mkdir(parents=True, exist_ok=True)
            if size <= SHARE * shutil.disk_usage(self._folder).free:
                with replacing(self._path(key)) as path:
                    np.savez(path, allow_pickle=False, **arrays)

    def take(self, key: Hashable) -> Sim | None:
        """Return a block; None where its file is damaged, or gone meanwhile."""
        with suppress(InputError):
            arrays = read_npz(self._path(key))
            t2v = arrays.get("t2v")
            return Sim(t2v, arrays.get("v2t", t2v))
        return None

    def _path(self, key: Hashable) -> Path:
        return self._folder / f"{self._name(key)}{ENDING}"


def clear(folder: Path) -> None:
    """Remove the blocks in a folder, and the folder if nothing else is in it."""
    with suppress(OSError):
        for path in folder.glob(f"*{ENDING}"):
            path.unlink(missing_ok=True)
        folder.rmdir()
