"""Growing HDF5 datasets, and numbers in the type in which they are stored."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrbench.errors import InputError

CHUNK_ROWS = 512
CHUNK_BYTES = 2**18
"""A chunk has at most so many rows and bytes, to stay well within HDF5's cache of 1 MiB."""


def create_column(group: Any, name: str, like: NDArray[Any]) -> None:
    """Create an empty dataset that can grow, with the type and width of ``like``."""
    import h5py

    kind = like.dtype if like.dtype.kind in "iufb" else h5py.string_dtype()
    row_bytes = int(np.prod(like.shape[1:])) * like.dtype.itemsize
    rows = min(CHUNK_ROWS, max(1, CHUNK_BYTES // row_bytes))
    width = like.shape[1:]
    group.create_dataset(name, (0, *width), kind, maxshape=(None, *width), chunks=(rows, *width))


def put(dataset: Any, start: int, values: NDArray[Any]) -> None:
    """Write ``values`` from row ``start`` on; they become the dataset's last rows."""
    dataset.resize(start + len(values), axis=0)
    dataset[start:] = values if values.dtype.kind in "iufb" else values.astype(object)


def stored(rows: Any, ids: NDArray[Any], name: str, dtype: np.dtype[Any]) -> NDArray[Any]:
    """Return (n, d) vectors in the type in which they are stored.

    Args:
        rows: the vectors.
        ids: (n,) the item that each belongs to.
        name: what the items are called in messages.
        dtype: the storage type.

    Raises:
        InputError: a number is not finite, too large, or a whole vector too small for the type.
    """
    values = np.asarray(rows[:])
    with np.errstate(over="ignore", invalid="ignore"):
        result = values.astype(dtype)
    fits = np.isfinite(result).all(axis=1) & (result.any(axis=1) | ~values.any(axis=1))
    if fits.all():
        return result
    row = int(np.argmin(fits))
    largest = float(np.abs(values[row]).max())
    if not np.isfinite(largest):
        raise InputError(f"Item '{ids[row]}' of {name} holds NaN or infinity: leave it out.")
    lost = "overflows to infinity" if largest > 1 else "vanishes to zero"
    raise InputError(
        f"Item '{ids[row]}' of {name} {lost} in {dtype.name} (its largest number is "
        f"{largest:.3g}): scale it, or use a wider --dtype."
    )
