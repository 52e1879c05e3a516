"""HDF5 underneath the feature file: opening, attributes, strings, error messages."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrbench.errors import InputError
from vrbench.features.apart import look_apart
from vrbench.features.commits import LOCKED, Committed
from vrbench.features.enclosed import check_enclosed
from vrbench.features.guarded import GuardedFile, close_at_exit
from vrbench.features.log import is_unsettled
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
    return _opened(path, "r+", through)


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


def hdf5_of(opened: GuardedFile, mode: str = "r") -> Any:
    """Return the ``h5py.File`` that reads through a guarded file.

    Args:
        opened: the file.
        mode: in which it is wanted in the end.

    Raises:
        InputError: as ``open_hdf5`` says.
    """
    import h5py  # noqa: F401  once, before the child process

    look_apart(opened, lambda: _checked(opened, mode))
    return _opened(opened.path, "r", driver="fileobj", fileobj=opened)


def _checked(opened: GuardedFile, mode: str) -> None:
    with (
        _opened(opened.path, "r", driver="fileobj", fileobj=opened) as file,
        reading(opened.path),
    ):
        check_enclosed(file, ("bank", *SIDES), opened)
        _check_format(file, opened.path, mode)


def _opened(path: Path, mode: str, through: Committed | None = None, **driver: Any) -> Any:
    import h5py

    close_at_exit()
    try:
        return h5py.File(path if through is None else through, mode, **driver)
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


def is_text(dataset: Any) -> bool:
    """Whether a dataset holds strings, of fixed or variable length."""
    import h5py

    return h5py.check_string_dtype(dataset.dtype) is not None


def strings(dataset: Any, start: int = 0, stop: int | None = None) -> NDArray[Any]:
    """Read rows of a dataset of strings, or of whole numbers used as ids, as an array of str.

    Raises:
        InputError: a string is not UTF-8.
    """
    if not is_text(dataset):
        return np.asarray(dataset[start:stop].astype(str), dtype=np.dtypes.StringDType())
    try:
        # numpy's bytes are stored as "ASCII" even where they are UTF-8: the mark says nothing
        values = dataset.asstr("utf-8")[start:stop]
    except UnicodeDecodeError as error:
        raise InputError(
            f"{dataset.file.filename}: {dataset.name} holds {error.object!r}, which is not UTF-8."
        ) from error
    return np.asarray(values, dtype=np.dtypes.StringDType())


class StoredStrings:
    """A column of strings that stays on disk until a slice of it is read.

    Args:
        dataset: the HDF5 dataset.
        n: number of valid rows; those beyond are a torn tail.
    """

    def __init__(self, dataset: Any, n: int) -> None:
        self._dataset = dataset
        self._n = n

    def __len__(self) -> int:
        return self._n

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            start, stop, step = index.indices(self._n)
            return strings(self._dataset, start, stop)[::step]
        return strings(self._dataset, 0, self._n)[index]
