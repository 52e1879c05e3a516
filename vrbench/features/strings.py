"""Strings in HDF5 datasets."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrbench.errors import InputError
from vrbench.features.joined import Joined


def is_text(dataset: Any) -> bool:
    """Whether a dataset holds strings, of fixed or variable length."""
    import h5py

    return h5py.check_string_dtype(dataset.dtype) is not None


def strings(dataset: Any, start: int = 0, stop: int | None = None) -> NDArray[Any]:
    """Read rows of a dataset of strings, or of whole numbers used as ids, as an array of str.

    Raises:
        InputError: a string is not UTF-8.
    """
    if isinstance(dataset, Joined):
        parts = [strings(part, a, b) for part, a, b in dataset.between(start, stop)]
        return np.concatenate([np.empty(0, dtype=np.dtypes.StringDType()), *parts])
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
