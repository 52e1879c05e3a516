"""Virtual datasets: which rows of which files they are made of."""

from __future__ import annotations

from collections.abc import Iterator, Set
from typing import Any, NamedTuple

from vrbench.features.layout import TYPES

REAL = frozenset({"ids", "offsets", "video"})
"""Datasets that a whole holds itself: they are read at once, or differ from those of its parts."""


class Piece(NamedTuple):
    """A whole dataset of another file, as a stretch of rows.

    Attributes:
        file: its name, as it is stored.
        dataset: the path in it.
        rows: how many there are.
    """

    file: str
    dataset: str
    rows: int


def is_virtual(dataset: Any) -> bool:
    """Whether HDF5 would read a dataset from other datasets."""
    from h5py import h5d

    return bool(dataset.id.get_create_plist().get_layout() == h5d.VIRTUAL)


def virtual_problems(dataset: Any, names: Set[str]) -> Iterator[str]:
    """Yield why a virtual dataset is not followed. No other file is looked at.

    Args:
        dataset: of a side.
        names: the files that it may be made of.
    """
    column = dataset.name.rpartition("/")[2]
    pieces = pieces_of(dataset) if names and column in TYPES.keys() - REAL else None
    if not pieces:
        yield "is a virtual dataset, which is not followed: give its parts or store the data there."
        return
    if dataset.shape[0] != sum(piece.rows for piece in pieces):
        yield "is a virtual dataset with gaps: run vrbench join on its folder."
    for piece in pieces:
        if piece.file not in names or piece.dataset != dataset.name:
            yield (
                f"is made of {piece.dataset} in '{piece.file}', which is not the same dataset of "
                "one of its parts: run vrbench join on its folder."
            )
            return


def pieces_of(dataset: Any) -> list[Piece] | None:
    """Return what a virtual dataset is made of, in order.

    None: it is more than whole datasets, one after the other, such as one that grows.
    """
    from h5py import h5s

    plan = dataset.id.get_create_plist()
    found, row = [], 0
    for i in range(plan.get_virtual_count()):
        rows = _rows(plan.get_virtual_vspace(i), row)
        if not rows or plan.get_virtual_srcspace(i).get_select_type() != h5s.SEL_ALL:
            return None
        found.append(Piece(plan.get_virtual_filename(i), plan.get_virtual_dsetname(i), rows))
        row += rows
    return found


def _rows(space: Any, start: int) -> int | None:
    """Return how many whole rows are selected from ``start`` on; None: it is something else."""
    from h5py import h5s

    shape = space.get_simple_extent_dims()
    if space.get_select_type() != h5s.SEL_HYPERSLABS or not space.is_regular_hyperslab():
        return None
    low, stride, count, block = space.get_regular_hyperslab()
    if not all(c == 1 or b == s for s, c, b in zip(stride, count, block, strict=True)):
        return None
    size = tuple(c * b for c, b in zip(count, block, strict=True))
    fits = low == (start, *(0,) * (len(shape) - 1)) and size[1:] == shape[1:]
    return int(size[0]) if fits and size[0] <= shape[0] - start else None
