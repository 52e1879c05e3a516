"""An HDF5 file of another program."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrbench.errors import InputError
from vrbench.features.apart import look_apart
from vrbench.features.enclosed import check_all_enclosed
from vrbench.features.guarded import GuardedFile
from vrbench.features.hdf5 import reading, why_not_opened
from vrbench.features.strings import is_text, strings
from vrbench.importing.layouts import layouts
from vrbench.importing.tree import Layout, Stored, Tree

MARK = b"\x89HDF\r\n\x1a\n"
SPEED = 1_500_000
"""Bytes that are looked through in a second at least, where each of them is of a small dataset."""
DEEPEST = 3
"""Groups in each other: side, id, stream."""


@layouts.register("hdf5")
@dataclass(frozen=True)
class Hdf5Layout(Layout):
    """HDF5: datasets by name; or, of one side, a dataset or a group an id."""

    what = "an HDF5 file"

    def fits(self, path: Path, start: bytes) -> bool:
        """Whether it begins as HDF5."""
        return start.startswith(MARK)

    def read(self, path: Path) -> Tree:
        """Return its datasets, which stay on disk until they are used."""
        import h5py  # noqa: F401  once, before the child process

        try:
            opened = GuardedFile(path)
        except OSError as error:
            raise InputError(why_not_opened(path, error)) from error
        try:
            return self._tree(path, opened)
        except BaseException:
            opened.close()
            raise

    def _tree(self, path: Path, opened: GuardedFile) -> Tree:
        look_apart(opened, partial(_check, opened), speed=SPEED)
        with reading(path):
            tree = _tree(_open(opened), str(path))
        if not tree.parts:
            raise InputError(f"{path} is an HDF5 file without datasets: give one with arrays.")
        if {"tokens", "offsets", "ids"} <= {*getattr(tree.parts.get("video"), "parts", ())}:
            raise InputError(
                f"{path} is a feature file already: eval and inspect take it as it is."
            )
        return tree


def _open(opened: GuardedFile) -> Any:
    import h5py

    from vrbench.features.guarded import close_at_exit

    close_at_exit()
    try:
        return h5py.File(opened.path, "r", driver="fileobj", fileobj=opened)
    except OSError as error:
        raise InputError(why_not_opened(opened.path, error)) from error


def _check(opened: GuardedFile) -> None:
    """Check that all data lie in the file, in the sizes that it declares; no link is followed."""
    with _open(opened) as file, reading(opened.path):
        check_all_enclosed(file, opened, DEEPEST)


def _tree(group: Any, path: str, depth: int = DEEPEST) -> Tree:
    import h5py

    parts: dict[str, Any] = {}
    for name in group:
        part = group[name]
        if not parts and "MATLAB_class" in part.attrs:
            raise InputError(f"{path} was written by MATLAB, which turns arrays: save them as npz.")
        if isinstance(part, h5py.Dataset):
            text = is_text(part)
            kind = np.dtypes.StringDType() if text else part.dtype
            parts[name] = Stored(partial(_read, part, text), (part.shape or (), kind))
        elif isinstance(part, h5py.Group) and depth > 0:
            parts[name] = _tree(part, path, depth - 1)
    return Tree(path, parts, Hdf5Layout.what)


def _read(dataset: Any, text: bool) -> NDArray[Any]:
    with reading(Path(dataset.file.filename)):
        return strings(dataset) if text and dataset.ndim else np.asarray(dataset[()])
