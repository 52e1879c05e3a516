"""Reading untrusted npy files, and npy data inside others: no pickles, no declared sizes."""

from __future__ import annotations

import io
import math
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from vrbench.errors import InputError
from vrbench.runtime.inputs import reading

REMEDY = "write it with np.savez, without pickled objects"
MAGIC = b"\x93NUMPY"


@dataclass(frozen=True)
class Header:
    """The header of an npy.

    Attributes:
        shape: of the array.
        fortran: whether it is stored column after column.
        dtype: of its entries.
        length: bytes before the entries.
    """

    shape: tuple[int, ...]
    fortran: bool
    dtype: np.dtype[Any]
    length: int

    @property
    def nbytes(self) -> int:
        """Bytes of the entries."""
        return math.prod(self.shape) * self.dtype.itemsize


def read_npy(path: Path, *, mapped: bool = False) -> NDArray[Any]:
    """Read an npy, or map it: then it stays on disk until it is indexed.

    Raises:
        InputError: it is missing, no npy or a damaged one, holds Python objects, or declares more
            than is there.
    """
    npy_header(path)
    with reading(path):
        loaded = np.load(path, mmap_mode="r" if mapped else None, allow_pickle=False)
        return loaded if mapped else np.asarray(loaded)


def npy_header(path: Path) -> Header:
    """Read the header of an npy.

    Raises:
        InputError: as ``read_npy``.
    """
    check_file(path)
    with reading(path), path.open("rb") as stream:
        return header_of(stream, path.stat().st_size, str(path))


def npy_of(data: bytes, what: str) -> NDArray[Any]:
    """Return the array in the bytes of an npy.

    Args:
        data: the bytes.
        what: they are, for messages.

    Raises:
        InputError: as ``read_npy``.
    """
    with reading(what, REMEDY, "cannot be read"):
        header_of(io.BytesIO(data), len(data), what)
        return np.asarray(np.lib.format.read_array(io.BytesIO(data), allow_pickle=False))


def check_file(path: Path) -> None:
    """Check that a path is a file: reading of a pipe might never end."""
    if not path.is_file():
        what = "does not exist" if not path.exists() else "is no file"
        raise InputError(f"{path} {what}: give a file that numpy wrote.")


def header_of(stream: IO[bytes], size: int, what: str) -> Header:
    """Read the header of an npy of so many bytes.

    Raises:
        InputError: it is no npy, holds Python objects, or declares more than is there.
    """
    magic = stream.read(len(MAGIC) + 2)
    if not magic.startswith(MAGIC):
        raise InputError(f"{what} is not an array as numpy stores it: write it with np.save.")
    old = magic.endswith(b"\x01\x00")
    read = np.lib.format.read_array_header_1_0 if old else np.lib.format.read_array_header_2_0
    shape, fortran, dtype = read(stream)
    header = Header(shape, fortran, dtype, stream.tell())
    if dtype.hasobject:
        raise InputError(
            f"{what} holds Python objects, which only a pickle can store and vrbench does not "
            "load: save plain numbers or strings (for names: np.array(list(names), dtype=str))."
        )
    # an entry of no bytes would let a small file declare any number of them
    if min(shape, default=0) < 0 or max(header.nbytes, math.prod(shape)) > size - header.length:
        raise InputError(
            f"{what} is damaged (it declares {dtype} {shape}, and {size - header.length:,} bytes "
            "are there): save or copy it again."
        )
    return header
