"""Growing HDF5 datasets, and numbers in the type in which they are stored."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrbench.errors import InputError
from vrbench.features.strings import is_text

CHUNK_ROWS = 512
CHUNK_BYTES = 2**18
"""Most rows and bytes of a chunk, well within HDF5's cache of 1 MiB."""


SHORTEST = 16
"""Bytes of a string at least."""

WIDER = "~"
"""Ending of the name of a dataset that will replace another."""


def create_column(group: Any, name: str, like: NDArray[Any]) -> None:
    """Create an empty dataset that can grow, with the type and width of ``like``."""
    width = like.shape[1:]
    kind = like.dtype if like.dtype.kind in "iufb" else _text_type(like)
    row_bytes = int(np.prod(width)) * kind.itemsize
    rows = min(CHUNK_ROWS, max(1, CHUNK_BYTES // row_bytes))
    group.create_dataset(name, (0, *width), kind, maxshape=(None, *width), chunks=(rows, *width))


def store(group: Any, name: str, values: NDArray[Any]) -> None:
    """Create a dataset of these rows, which does not grow."""
    if values.dtype.kind not in "iufb":
        values = _encoded(values, _text_type(values))
    group.create_dataset(name, data=values)


def put(group: Any, name: str, start: int, values: NDArray[Any]) -> None:
    """Write ``values`` from row ``start`` on; they become the last rows of the dataset.

    Strings are stored as UTF-8 of fixed length: strings of variable length lie on a heap that HDF5
    writes apart from them, and a crash in between makes both unreadable.
    """
    if values.dtype.kind not in "iufb":
        kind = _text_type(values)
        if kind.itemsize > group[name].dtype.itemsize:
            _widen(group, name, start, kind)
        values = _encoded(values, kind)
    dataset = group[name]
    dataset.resize(start + len(values), axis=0)
    dataset[start:] = values


def _encoded(values: NDArray[Any], kind: np.dtype[Any]) -> NDArray[Any]:
    return np.array([text.encode() for text in values.tolist()], dtype=kind)


def _text_type(values: NDArray[Any]) -> np.dtype[Any]:
    """UTF-8 of a fixed length, the least power of two that holds the longest string."""
    import h5py

    longest = max((len(text.encode()) for text in values.tolist()), default=0)
    kind: np.dtype[Any] = h5py.string_dtype("utf-8", max(SHORTEST, 1 << (longest - 1).bit_length()))
    return kind


def _widen(group: Any, name: str, rows: int, kind: np.dtype[Any]) -> None:
    """Replace a dataset by one with room for longer strings."""
    old = group[name]
    new = group.create_dataset(name + WIDER, (rows,), kind, maxshape=(None,), chunks=(CHUNK_ROWS,))
    for start in range(0, rows, 64 * CHUNK_ROWS):
        new[start : start + 64 * CHUNK_ROWS] = old[start : min(start + 64 * CHUNK_ROWS, rows)]
    del group[name]
    settle(group)


def settle(group: Any) -> None:
    """Finish or undo a widening that was interrupted."""
    for wider in [name for name in group if name.endswith(WIDER)]:
        name = wider.removesuffix(WIDER)
        if name in group:
            del group[wider]
        else:
            group.move(wider, name)


def stored(rows: Any, ids: NDArray[Any], name: str, dtype: np.dtype[Any]) -> NDArray[Any]:
    """Return (n, d) vectors in the type in which they are stored.

    Args:
        rows: the vectors.
        ids: (n,) the item that each belongs to.
        name: name of the items, for messages.
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


def unlike(group: Any, values: Mapping[str, NDArray[Any]]) -> Iterator[tuple[str, str]]:
    """Yield what a group holds besides ids and offsets, and what comes, where these differ."""
    held = {
        name: (group[name].shape[1:], is_text(group[name]))
        for name in group
        if name not in ("ids", "offsets")
    }
    given = {n: (value.shape[1:], value.dtype.kind not in "iufb") for n, value in values.items()}
    if held != given:
        yield _listed(held), _listed(given)


def _listed(columns: Mapping[str, tuple[tuple[int, ...], bool]]) -> str:
    """List columns, each with its width and whether it holds strings."""
    return ", ".join(
        f"{name}{f' {width[0]} wide' if width else ''}{' (strings)' if text else ''}"
        for name, (width, text) in sorted(columns.items())
    )
