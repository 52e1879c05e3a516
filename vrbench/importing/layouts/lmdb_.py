"""An LMDB data base."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrbench.errors import InputError
from vrbench.features.apart import look_apart
from vrbench.importing.bytes_ import part_of_bytes
from vrbench.importing.layouts import layouts
from vrbench.importing.tree import Layout, Stored, Tree
from vrbench.runtime.extras import needed
from vrbench.runtime.inputs import reading
from vrbench.runtime.opened import OpenedFile

MARK = b"\xde\xc0\xef\xbe"
"""At byte 16, after the header of the first page, which is a meta page (little-endian)."""
FILE = "data.mdb"


@layouts.register("lmdb")
@dataclass(frozen=True)
class LmdbLayout(Layout):
    """LMDB: an id of one side a key, its value an npy, npz or file of torch, or bare numbers."""

    what = "an LMDB data base"
    needs = "the extra lmdb"

    def fits(self, path: Path, start: bytes) -> bool:
        """Whether it is a data base, or the folder of one."""
        if path.is_dir() and (path / FILE).is_file():
            with (path / FILE).open("rb") as stream:
                start = stream.read(20)
        return start[16:20] == MARK

    def read(self, path: Path) -> Tree:
        """Return its values, which stay on disk until they are used."""
        file = path / FILE if path.is_dir() else path
        needed("lmdb", "lmdb")  # once, before the child process
        with OpenedFile(file) as opened:
            look_apart(opened, partial(_walk, file), "LMDB")
        with reading(file, problem="is no LMDB data base"), _opened(file) as transaction:
            names = [_name(key, file) for key in transaction.cursor().iternext(values=False)]
        parts = {
            name: _part(file, name, f"{path}: '{name}'")
            for name in names
            if not name.startswith("__")  # __keys__ and __len__, which other programs pickle
        }
        return Tree(str(path), parts, self.what)


@contextmanager
def _opened(file: Path) -> Iterator[Any]:
    """Yield a transaction; the library opens a file only once at a time in a process."""
    how = {"subdir": False, "readonly": True, "lock": False, "readahead": False, "max_dbs": 0}
    base = needed("lmdb", "lmdb").open(str(file), **how)
    try:
        with base.begin() as transaction:
            yield transaction
    finally:
        base.close()


def _walk(file: Path) -> None:
    """Read every page."""
    with reading(file, problem="is no LMDB data base"), _opened(file) as transaction:
        for key, value in transaction.cursor():
            sum(key[:1] + value[-1:])


def _name(key: bytes, file: Path) -> str:
    try:
        return key.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError(f"{file} has the key {key[:40]!r}, which is not UTF-8.") from error


def _part(file: Path, name: str, where: str) -> Any:
    part = _read(file, name, where)
    if not isinstance(part, Tree):
        return Stored(partial(_array, file, name, where), (part.shape, part.dtype))
    inner = {
        key: Stored(partial(_inner, file, name, where, key), (x.shape, x.dtype))
        for key, x in part.arrays.items()
    }
    return Tree(where, inner, part.what)


def _read(file: Path, name: str, where: str) -> Any:
    with reading(where), _opened(file) as transaction:
        value = transaction.get(name.encode())
    return part_of_bytes(value, where)


def _array(file: Path, name: str, where: str) -> NDArray[Any]:
    return np.asarray(_read(file, name, where))


def _inner(file: Path, name: str, where: str, key: str) -> NDArray[Any]:
    return np.asarray(_read(file, name, where).parts[key])
