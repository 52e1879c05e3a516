"""Loading named arrays of other programs: an npz, or a folder of files. Never pickles."""

from __future__ import annotations

import zipfile
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrbench.datasets import read_csv
from vrbench.errors import InputError
from vrbench.importing.item_files import captions_of, read_dump
from vrbench.runtime.files import listed
from vrbench.runtime.inputs import as_text
from vrbench.runtime.npz import open_npz, read_npy

DUMPS = ("video", "text", "audio", "bank_video", "bank_text", "bank_audio")
"""Names of folders that replace the arrays of a side."""


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
    files = {path.stem: path for path in listed(source, ".npy")}
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
        arrays |= _dump(folder, key, arrays)
    for prefix in ("", "bank_"):
        _check_rows(source, prefix, dumps, arrays)
        if f"{prefix}text" in dumps:
            arrays |= _captions(source, prefix, arrays)
    return arrays, tuple(name for name in files if name not in known)


def _dump(folder: Path, key: str, held: dict[str, Any]) -> dict[str, Any]:
    """Read a folder with a file an item; ``key_ids`` beside it gives their order."""
    order, names = held.get(f"{key}_ids"), f"{folder}_ids.npy"
    if order is not None and (order.ndim != 1 or order.dtype.kind not in "USTiu"):
        raise InputError(f"{names} holds {order.dtype} {order.shape}, expected names (n,).")
    order = None if order is None else as_text(order, f"{key}_ids", names)
    found = read_dump(folder, key, order)
    if twice := sorted((found.keys() & held.keys()) - {f"{key}_ids"}):
        raise InputError(f"{folder} says what {twice[0]}.npy beside it says: keep one of them.")
    beside = sorted(name for name in held if _is_of(name, key) and f"{key}_ids" not in held)
    if beside:
        raise InputError(
            f"{beside[0]}.npy has a row for each item of {folder}, but not their names: give the "
            f"names of its rows, {key}_ids.npy."
        )
    return found


def _is_of(name: str, key: str) -> bool:
    """Whether an array has a row for each item of a side; ``text_video`` names videos itself."""
    prefix, side = key.removesuffix("video").removesuffix("text"), key.removeprefix("bank_")
    of_text = side == "text" and name == f"{prefix}captions"
    return of_text or (name.startswith(f"{key}_") and name not in ("text_video", "bank_text_video"))


def _check_rows(
    source: Path, prefix: str, dumps: Mapping[str, Path], arrays: Mapping[str, Any]
) -> None:
    """Refuse rows without names beside a folder of item files, whose order is not the user's."""
    if f"{prefix}text_video" in arrays:
        return
    for key, other in ((f"{prefix}video", f"{prefix}text"), (f"{prefix}text", f"{prefix}video")):
        has_rows = any(f"{other}{part}" in arrays for part in ("", "_tokens", "_global"))
        if key in dumps and has_rows and f"{other}_ids" not in arrays:
            raise InputError(
                f"{source} names its {key}s, in the order of the files of {dumps[key]}, but not "
                f"its {other}s: name their rows in {other}_ids.npy, or give {prefix}text_video.npy."
            )


def _captions(source: Path, prefix: str, arrays: dict[str, Any]) -> dict[str, Any]:
    """Read the captions beside a dump of texts, by the names of their files."""
    csv, videos = source / f"{prefix}captions.csv", arrays.get(f"{prefix}video_ids")
    if videos is None or not csv.is_file() or f"{prefix}text_video" in arrays:
        return {}
    names, folder = arrays[f"{prefix}text_ids"], source / f"{prefix}text"
    found = captions_of(folder, names, np.asarray(videos), read_csv(csv).captions_by_video)
    return {} if found is None else {f"{prefix}captions": found}


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
