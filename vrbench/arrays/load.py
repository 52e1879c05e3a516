"""Named arrays that somebody else stored: an npz, or a folder of files. Never pickles."""

from __future__ import annotations

import zipfile
from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrbench.arrays.dumps import linked, read_dump
from vrbench.datasets import read_csv
from vrbench.errors import InputError
from vrbench.npz import open_npz, read_npy

DUMPS = ("video", "text", "bank_video", "bank_text")
"""Folders that may stand for the arrays of a side."""


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
    if not (source.is_dir() or source.is_file()):  # reading of a pipe might never end
        raise InputError(f"{source} is no file: give an npz, or a folder of npy files.")
    return _from_folder(source, known) if source.is_dir() else _from_npz(source, known)


def _from_npz(
    source: Path, known: Collection[str]
) -> tuple[dict[str, NDArray[Any]], tuple[str, ...]]:
    if not zipfile.is_zipfile(source):
        raise InputError(f"{source} {_what_it_is(source)}: give an npz, or a folder of npy files.")
    with open_npz(source) as stored:
        arrays = {name: stored[name] for name in stored.names if name in known}
        return arrays, tuple(name for name in stored.names if name not in known)


def _from_folder(
    source: Path, known: Collection[str]
) -> tuple[dict[str, NDArray[Any]], tuple[str, ...]]:
    files = {path.stem: path for path in sorted(source.glob("*.npy"))}
    dumps = {key: source / key for key in DUMPS if (source / key).is_dir()}
    if not files and not dumps:
        raise InputError(
            f"{source} holds no npy file named like the array it holds, nor a folder video/ or "
            "text/ with a file an item."
        )
    arrays: dict[str, Any] = {}
    for name in files.keys() & known:
        arrays[name] = read_npy(files[name], mapped=True)
    for key, folder in dumps.items():
        arrays |= _new(read_dump(folder, key), arrays, folder)
    for prefix in ("", "bank_"):
        if f"{prefix}text" in dumps and f"{prefix}text_video" not in arrays:
            arrays |= _links(source, prefix, arrays)
    return arrays, tuple(name for name in files if name not in known)


def _links(source: Path, prefix: str, arrays: dict[str, Any]) -> dict[str, Any]:
    """Say which video each text of a folder belongs to, by its name."""
    videos = arrays.get(f"{prefix}video_ids")
    if videos is None:
        return {}
    csv = source / f"{prefix}captions.csv"
    captions = read_csv(csv).captions_by_video if csv.is_file() else {}
    names, folder = arrays[f"{prefix}text_ids"], source / f"{prefix}text"
    found = linked(folder, names, np.asarray(videos), captions)
    return {f"{prefix}{name}": value for name, value in found.items()}


def _new(found: dict[str, Any], held: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Return ``found``, of which nothing may be held already."""
    if twice := sorted(found.keys() & held.keys()):
        raise InputError(f"{folder} says what {twice[0]}.npy beside it says: keep one of them.")
    return found


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
