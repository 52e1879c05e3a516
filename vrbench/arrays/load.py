"""Named arrays that somebody else stored: an npz, or a folder of npy files. Never pickles."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrbench.errors import InputError


def load_arrays(
    source: Path, known: Collection[str]
) -> tuple[dict[str, NDArray[Any]], tuple[str, ...]]:
    """Load the arrays with known names.

    Those of an npz are read into memory, those of a folder stay on disk until they are indexed.

    Returns:
        The arrays, and the names of those that are not known.

    Raises:
        InputError: ``source`` is missing, neither npz nor folder, damaged, or holds pickles.
    """
    if not source.exists():
        raise InputError(f"{source} does not exist: give an npz, or a folder of npy files.")
    return _from_folder(source, known) if source.is_dir() else _from_npz(source, known)


def _from_npz(
    source: Path, known: Collection[str]
) -> tuple[dict[str, NDArray[Any]], tuple[str, ...]]:
    if not zipfile.is_zipfile(source):
        raise InputError(f"{source} {_what_it_is(source)}: give an npz, or a folder of npy files.")
    with _reading(str(source)):
        stored = np.load(source, allow_pickle=False)
    arrays = {}
    with stored:
        for name in stored.files:
            if name in known:
                with _reading(f"'{name}' in {source}"):
                    arrays[name] = stored[name]
        return arrays, tuple(name for name in stored.files if name not in known)


def _from_folder(
    source: Path, known: Collection[str]
) -> tuple[dict[str, NDArray[Any]], tuple[str, ...]]:
    files = {path.stem: path for path in sorted(source.glob("*.npy"))}
    if not files:
        raise InputError(f"{source} holds no npy file: name them like the arrays they hold.")
    arrays = {}
    for name in files.keys() & known:
        with _reading(str(files[name])):
            arrays[name] = np.load(files[name], mmap_mode="r", allow_pickle=False)
    return arrays, tuple(name for name in files if name not in known)


def _what_it_is(source: Path) -> str:
    with source.open("rb") as stream:
        start = stream.read(8)
    if start.startswith(b"\x93NUMPY"):
        return "is one npy file, which cannot hold two sides"
    if start == b"\x89HDF\r\n\x1a\n":
        return "is an HDF5 file (see vrbench inspect)"
    if start.startswith(b"PK"):
        return "is a damaged npz"
    return "is no npz"


@contextmanager
def _reading(what: str) -> Iterator[None]:
    """Turn what numpy raises over a file it does not read into a sentence."""
    try:
        yield
    except (ValueError, UnpicklingError) as error:
        if "pickle" in str(error) or "Python objects" in str(error):
            raise InputError(
                f"{what} holds Python objects, which only a pickle can store and vrbench does not "
                "load: save plain numbers or strings (for names: np.array(names, dtype=str))."
            ) from error
        raise InputError(f"{what} is damaged ({error}): save it again.") from error
    except (OSError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise InputError(f"{what} cannot be read ({error}): save or copy it again.") from error
