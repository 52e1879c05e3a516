"""Sides that are given as an array, or a few, for each item."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrbench.errors import InputError, shown
from vrbench.features.tokens import offsets_of
from vrbench.importing.tree import Tree
from vrbench.importing.usual import part_of
from vrbench.runtime.inputs import as_text

STRING = np.dtypes.StringDType()


@dataclass(frozen=True, eq=False)
class Item:
    """What is stored of an item.

    Attributes:
        tokens: (l, d), or (d,), not yet read; a leading axis of length 1 is left out.
        mask: (l,) true where there is a token; None: everywhere.
        vector: (d,) its global vector, not yet read.
        where: it lies, for messages.
    """

    tokens: Any
    mask: NDArray[np.bool_] | None
    vector: Any
    where: str

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of its tokens, (l, d), or of its only vector, (d,)."""
        return _unwrapped(self.tokens.shape)

    @property
    def flat(self) -> bool:
        """Whether it has one vector only."""
        return len(self.shape) == 1

    @property
    def width(self) -> int:
        """Length of a token."""
        return self.shape[-1]

    @property
    def kind(self) -> str:
        """What it holds, for messages."""
        vector = "" if self.vector is None else f" with a global vector ({self.width},)"
        return "one vector (d,)" if self.flat else f"tokens (l, d){vector}"

    def __len__(self) -> int:
        if self.mask is not None:
            return int(self.mask.sum())
        return 1 if self.flat else self.shape[0]

    def rows(self) -> NDArray[Any]:
        """Read its (l, d) tokens."""
        rows = np.asarray(self.tokens).reshape(-1, self.width)
        return rows if self.mask is None else rows[self.mask]


class ItemRows:
    """The rows of many items one after the other; read by slice, like a packed array.

    Args:
        items: the items.
        dtype: that holds the numbers of every item.
    """

    ndim = 2

    def __init__(self, items: Sequence[Item], dtype: np.dtype[Any]) -> None:
        self._items = items
        self.offsets = offsets_of([len(item) for item in items])
        self.shape = (int(self.offsets[-1]), items[0].width)
        self.dtype = dtype

    def __len__(self) -> int:
        return self.shape[0]

    def padded_first(self) -> tuple[int, int]:
        """Return how many masks are false first and true last, and how many there are."""
        masks = [item.mask for item in self._items if item.mask is not None]
        return sum(not mask[0] and bool(mask[-1]) for mask in masks), len(masks)

    def __getitem__(self, rows: slice) -> NDArray[Any]:
        start, stop, _ = rows.indices(len(self))
        first = int(np.searchsorted(self.offsets, start, side="right")) - 1
        last = int(np.searchsorted(self.offsets, stop))
        items = [item.rows() for item in self._items[first:last]]
        whole = np.concatenate([np.empty((0, self.shape[1]), self.dtype), *items])
        base = int(self.offsets[first])
        return np.asarray(whole[start - base : stop - base], dtype=self.dtype)


def arrays_of(tree: Tree, key: str, order: NDArray[Any] | None = None) -> dict[str, Any]:
    """Return items by id as the arrays ``key_tokens``, ``_offsets``, ``_ids``.

    An item is an array of tokens (l, d) or (1, L, d), or of one vector (d,) in every item; or a
    group of one such array, or of tokens and any of ``mask`` (l,), true where there is a token, and
    ``global`` (d,). Its name is the item's id.

    Args:
        tree: the items.
        key: of the side.
        order: (n,) the ids in the order of the items; None: that of the file.

    Raises:
        InputError: an item is malformed or does not fit the others, or ``order`` names other ones.
    """
    names = _ordered(tree, key, order)
    items = [_item(tree, name) for name in names]
    first = items[0]
    for item in items:
        if (item.kind, item.width) != (first.kind, first.width):
            raise InputError(
                f"{item.where} holds {item.kind}, d = {item.width}, but {tree.short(names[0])} "
                f"holds {first.kind}, d = {first.width}: all items need the same."
            )
    types = {item.tokens.dtype for item in items}
    rows = ItemRows(items, np.result_type(*types))
    ids = as_text(np.array(names), "its names of items", tree.path).astype(STRING)
    if first.flat:
        return {key: rows, f"{key}_ids": ids}
    arrays = {f"{key}_tokens": rows, f"{key}_offsets": rows.offsets, f"{key}_ids": ids}
    if first.vector is None:
        return arrays
    vectors = [np.asarray(item.vector).reshape(-1) for item in items]
    return arrays | {f"{key}_global": np.array(vectors)}


def _ordered(tree: Tree, key: str, order: NDArray[Any] | None) -> list[str]:
    """Return the names of the items in their order."""
    if order is None:
        return list(tree.parts)
    wanted = [str(name) for name in order.tolist()]
    for name in sorted(tree.parts.keys() ^ set(wanted)):
        ids = f"{key}_ids"
        has, lacks = (tree.path, ids) if name in tree.parts else (ids, tree.path)
        raise InputError(f"{has} has item '{name}', which {lacks} has not: both name every item.")
    return wanted


def _item(tree: Tree, name: str) -> Item:
    """Return an item; of the arrays that it may have only the mask is read."""
    part, where = tree.parts[name], tree.place(name)
    arrays = _members(part, where) if isinstance(part, Tree) else {"tokens": part}
    tokens, vector, mask = arrays["tokens"], arrays.get("global"), arrays.get("mask")
    shape = _unwrapped(tokens.shape)
    if tokens.dtype.kind != "f" or len(shape) not in (1, 2) or 0 in shape:
        raise InputError(
            f"{where} holds {tokens.dtype} {tokens.shape}, expected floats (l, d) or (d,), none 0."
        )
    if vector is not None and (vector.dtype.kind != "f" or _row(vector) != shape[-1:]):
        raise InputError(
            f"{where} has a global vector of {vector.dtype} {vector.shape}, expected floats "
            f"{shape[-1:]}."
        )
    return Item(tokens, None if mask is None else _mask(mask, shape, where), vector, where)


def _mask(mask: Any, shape: tuple[int, ...], where: str) -> NDArray[np.bool_]:
    length = shape[:-1] or (1,)
    if mask.dtype.kind in "biuf" and _row(mask) == length:
        found = np.asarray(mask).reshape(-1)
        if np.isin(found, (0, 1)).all() and found.any():
            return found.astype(bool)
    raise InputError(
        f"{where} has a mask of {mask.dtype} {mask.shape} for tokens {shape}, "
        f"expected {length}, true where there is a token, at least once."
    )


def _row(part: Any) -> tuple[int, ...]:
    """Return a shape (n,) or (1, n) as (n,)."""
    shape: tuple[int, ...] = part.shape
    return shape[1:] if len(shape) == 2 and shape[0] == 1 else shape


def _unwrapped(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return the shape of tokens without the axis of a batch of one."""
    return shape[1:] if len(shape) == 3 and shape[0] == 1 else shape


def _members(part: Tree, where: str) -> Mapping[str, Any]:
    """Return the arrays of an item by what they are; the only one is the tokens."""
    names = {
        part_of(name) or "tokens" if part_of(name) is not None else name: name
        for name in part.arrays
    }
    if len(part.parts) == 1 and len(part.arrays) == 1:
        return {"tokens": next(iter(part.arrays.values()))}
    if (
        "tokens" not in names
        or names.keys() - {"tokens", "mask", "global"}
        or len(names) < len(part.parts)
    ):
        raise InputError(
            f"{where} holds {shown(sorted(part.parts)) or 'nothing'}, expected tokens and any of "
            "mask and global, or one array only."
        )
    return {what: part.parts[name] for what, name in names.items()}
