"""HDF5 underneath the feature file: opening, attributes, strings, error messages."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from vrbench.errors import InputError
from vrbench.features.apart import look_apart
from vrbench.features.commits import LOCKED, Committed
from vrbench.features.enclosed import check_enclosed
from vrbench.features.guarded import GuardedFile, close_at_exit, hdf5_through
from vrbench.features.log import is_unsettled
from vrbench.features.part_names import PARTS, part_names
from vrbench.features.strings import is_text
from vrbench.runtime import inputs

FORMAT = "vrbench-features"
VERSION = 1
SIDES = ("video", "text", "audio", "bank/video", "bank/text", "bank/audio")


def open_hdf5(path: Path, through: Committed | None = None, *, new: bool = False) -> Any:
    """Open an existing HDF5 file as an ``h5py.File``, and check that it holds all its data.

    For writing, ``through`` has it open. One that this process has just created, ``new``, is
    not checked.

    Reading requires no attribute, so that files of other programs need the arrays only. Writing
    requires the format attribute, so that files of other programs are never changed.

    Raises:
        InputError: it is missing, locked, not HDF5, of another format or version, or its data are
            damaged or lie in another place.
    """
    if through is None:
        return hdf5_of(open_guarded(path))
    if not new:
        # what guards readers looks at the file first, which nobody else changes any more
        opened = GuardedFile(path, lock=False)
        with opened, hdf5_of(opened, "r+") as file, reading(path):
            _read_strings(file)
    return _written(path, through)


def open_guarded(path: Path) -> GuardedFile:
    """Open an existing file for ``hdf5_of``.

    Raises:
        InputError: it is missing, locked, or left open by the program that wrote it.
    """
    if not path.is_file():
        what = "is a folder, not a feature file" if path.is_dir() else "does not exist"
        raise InputError(f"{path} {what}: give the .h5 that vrbench extract or import wrote.")
    try:
        if is_unsettled(path):
            raise InputError(
                f"{path} is being written, or was when its process ended: wait for it, or run the "
                "command that wrote it again."
            )
        return GuardedFile(path)
    except OSError as error:
        raise InputError(why_not_opened(path, error)) from error


def hdf5_of(opened: GuardedFile, mode: str = "r", *, whole: bool = False) -> Any:
    """Return the ``h5py.File`` that reads through a guarded file.

    Args:
        opened: the file.
        mode: in which it is wanted in the end.
        whole: whether it may have parts, which the caller reads through ``parts.Parts``.

    Raises:
        InputError: as ``open_hdf5`` says.
    """
    import h5py  # noqa: F401  once, before the child process

    look_apart(opened, lambda: _checked(opened, mode, whole))
    return _read(opened)


def all_hdf5_of(opened: Sequence[GuardedFile]) -> list[Any]:
    """Return the ``h5py.File`` of each of many guarded files, after one look at all of them.

    Raises:
        InputError: as ``open_hdf5`` says.
    """
    if not opened:
        return []
    try:
        look_apart(opened[0], partial(_check_all, opened), more=opened[1:])
    except InputError:
        for one in opened:  # which of them it is, where the child could not say it
            look_apart(one, partial(_checked, one, "r"))
        raise
    return [_read(one) for one in opened]


def _check_all(opened: Sequence[GuardedFile]) -> None:
    for one in opened:
        _checked(one, "r")


def _checked(opened: GuardedFile, mode: str, whole: bool = False) -> None:
    with (
        _read(opened) as file,
        reading(opened.path),
    ):
        check_enclosed(file, (PARTS,), opened)
        names = part_names(file, opened.path)
        if names and mode != "r":
            raise InputError(
                f"{opened.path} is the whole of a sharded set, which is not carried on: use "
                "another --out, or --overwrite."
            )
        check_enclosed(file, ("bank", *SIDES), opened, frozenset(names) if whole else frozenset())
        _check_format(file, opened.path, mode)


def _read(opened: GuardedFile) -> Any:
    close_at_exit()
    try:
        return hdf5_through(opened)
    except OSError as error:
        raise InputError(why_not_opened(opened.path, error)) from error


def _written(path: Path, through: Committed) -> Any:
    import h5py

    close_at_exit()
    try:
        return h5py.File(through, "r+")
    except OSError as error:
        raise InputError(why_not_opened(path, error)) from error


def _read_strings(file: Any) -> None:
    """Read the strings that lie on heaps: a file open for writing is not guarded."""
    import h5py

    for group in (file.get(side) for side in SIDES):
        for dataset in group.values() if isinstance(group, h5py.Group) else ():
            if isinstance(dataset, h5py.Dataset) and is_text(dataset):
                dataset[()]


def _check_format(file: Any, path: Path, mode: str) -> None:
    attrs = read_attrs(file)
    kind = attrs.get("format", FORMAT if mode == "r" else None)
    version = attrs.get("version", VERSION)
    if kind != FORMAT or version != VERSION:
        said = "no format attribute" if kind is None else f"format {kind!r}, version {version!r}"
        raise InputError(f"{path} has {said}, expected '{FORMAT}', version {VERSION}.")


def why_not_opened(path: Path, error: OSError) -> str:
    """Return a sentence for an exception of ``h5py.File`` or ``Committed``."""
    text = str(error)
    if LOCKED in text:
        return (
            f"{path} is locked by another process (a second vrbench that writes it?) or by a "
            "network file system: wait for it, close it there, or set "
            "HDF5_USE_FILE_LOCKING=FALSE in the environment."
        )
    if "h5clear" in text:
        return f"{path} was left open by the program that wrote it: run h5clear -s on it."
    if "already open" in text:
        return f"{path} is open in this process already: close it first."
    if "signature not found" in text:
        return f"{path} is not an HDF5 file: give the .h5 that vrbench extract or import wrote."
    if "truncated file" in text:
        return f"{path} is truncated: copy it again or extract it anew."
    return f"{path} cannot be opened: {os.strerror(error.errno) if error.errno else text}."


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn h5py's exceptions over a damaged file into an ``InputError``.

    Raises:
        InputError: HDF5 could not read something inside.
    """
    with inputs.reading(path, "copy it again or extract it anew"):
        yield


def read_attrs(file: Any) -> dict[str, Any]:
    """Return the root attributes as plain Python values; arrays of one value as that value.

    Raises:
        InputError: one is neither text nor numbers, of which libhdf5 may fall over a damaged one.
    """
    attrs, size, found = file.attrs, file.id.get_filesize(), {}
    for key in attrs:
        attribute = attrs.get_id(key)
        kind, shape = attribute.dtype, attribute.shape
        if shape is None:
            raise InputError(f"{file.filename} has the attribute {key} without a value: delete it.")
        if math.prod(shape) * kind.itemsize > size:
            raise InputError(f"{file.filename} is damaged: its attribute {key} has shape {shape}.")
        if not _is_plain(kind):
            raise InputError(
                f"{file.filename} has the attribute {key} of type {kind}, expected text or numbers."
            )
        found[key] = _plain(attrs[key])
    return found


def _is_plain(kind: np.dtype[Any]) -> bool:
    import h5py

    return kind.base.kind in "iufbcS" or h5py.check_string_dtype(kind.base) is not None


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        value = value.tolist() if value.size != 1 else value.item()
    if isinstance(value, list):
        return [_plain(part) for part in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, str):  # h5py keeps bytes that are not UTF-8 as lone surrogates
        value = value.encode("utf-8", "surrogateescape")
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value
