"""Loading what is given, of any layout, as arrays under the names of the interface."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrbench.datasets.rows import COLUMNS
from vrbench.errors import InputError
from vrbench.importing.beside import check_beside, check_rows, count_notes
from vrbench.importing.captioning import captions_given
from vrbench.importing.given import Given
from vrbench.importing.ids import link, name_alike
from vrbench.importing.items import arrays_of
from vrbench.importing.layouts import read_tree
from vrbench.importing.naming import Named, check_keys, named
from vrbench.importing.raw import with_raw
from vrbench.importing.repeated import merge_repeats, pair_rows
from vrbench.importing.tree import Tree
from vrbench.importing.usual import DUMPS, SIDES
from vrbench.runtime.inputs import as_text


@dataclass(frozen=True)
class Loaded:
    """Arrays under the names of the interface.

    Attributes:
        arrays: by name; those that may be large and lie on disk one by one stay there.
        theirs: ours -> the name that an array had.
        ignored: names that are not read.
        notes: sentences for the user.
        remarks: sentences that belong to every result on these data.
    """

    arrays: dict[str, Any] = field(default_factory=dict)
    theirs: dict[str, str] = field(default_factory=dict)
    ignored: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()


def load_arrays(
    source: Path, known: Collection[str]
) -> tuple[dict[str, NDArray[Any]], tuple[str, ...]]:
    """Load the arrays of one file or folder that have known names.

    Returns:
        The arrays, and the names of those that are not known.

    Raises:
        InputError: ``source`` is missing, of no layout that is known, damaged, or holds pickles.
    """
    parts = read_tree(source).arrays
    arrays = {name: np.asarray(part) for name, part in parts.items() if name in known}
    return arrays, tuple(name for name in parts if name not in known)


def load(given: Given) -> Loaded:
    """Load what is given.

    Arrays by name and items by id become the same: named arrays of each side. Names are in
    Unicode's composed form, and without the endings of files where all have one.

    Raises:
        InputError: a file is missing, damaged, or of no layout that is known; what an array is, is
            not known or may be said in two ways; or captions do not fit.
    """
    where = str(given)
    trees = [(side, read_tree(path)) for side, path in given.sides()]
    check_keys(given.keys, [tree for _, tree in trees], COLUMNS)
    found = [(tree, named(tree, side, given.keys)) for side, tree in trees]
    found, said_of_bytes = with_raw(found, given.raw)
    arrays: dict[str, Any] = {}
    notes = [note for tree, one in found for note in _notes(tree, one)] + said_of_bytes
    for tree, one in found:
        own = _held(tree, one)
        if tree.pairs:
            pair_rows(own)
        notes += merge_repeats(own, tree.path)
        if twice := sorted(own.keys() & arrays.keys()):
            raise InputError(f"{where} holds {twice[0]} in both files: keep one of them.")
        arrays |= own
    arrays = _shaped(arrays)
    remarks: list[str] = []
    notes += name_alike(arrays, where)
    items = {key: tree for _, one in found for key, tree in one.items.items()}
    notes += count_notes(items, arrays)
    link(arrays, where)
    for captions in captions_given(given, found):
        said, kept = captions.join(arrays, where)
        notes, remarks = [*notes, *said], [*remarks, *kept]
        link(arrays, where)
    check_rows(where, items, arrays)
    theirs = {ours: name for _, one in found for ours, name in one.theirs.items()}
    ignored = tuple(name for _, one in found for name in one.ignored)
    return Loaded(arrays, theirs, ignored, tuple(notes), tuple(remarks))


def _held(tree: Tree, found: Named) -> dict[str, Any]:
    """Return the arrays of a file, items by id as packed ones; npy files stay on disk."""
    arrays: dict[str, Any] = {name: np.asarray(part) for name, part in found.arrays.items()}
    for key in sorted(found.items, key=DUMPS.index):
        items = found.items[key]
        order = _order(tree, key, arrays.get(f"{key}_ids"))
        packed = arrays_of(items, key, order)
        check_beside(tree, items, key, arrays, packed)
        arrays |= packed
    return arrays


def _order(tree: Tree, key: str, ids: Any) -> NDArray[Any] | None:
    """Return the names beside items by id, which give their order."""
    if ids is None:
        return None
    if ids.ndim != 1 or ids.dtype.kind not in "USTiu":
        where = tree.place(f"{key}_ids")
        raise InputError(f"{where} holds {ids.dtype} {ids.shape}, expected names (n,).")
    return as_text(ids, f"{key}_ids", tree.path)


def _notes(tree: Tree, found: Named) -> list[str]:
    ordered = [note for items in found.items.values() for note in items.notes]
    return [*ordered, *found.notes]


def _shaped(arrays: Mapping[str, Any]) -> dict[str, Any]:
    """Return vectors (n, 1, d) as (n, d), and those with a mask or offsets as tokens."""
    shaped = dict(arrays)
    for prefix in ("", "bank_"):
        for name in (*SIDES, "image"):
            key = f"{prefix}{name}"
            side = f"{prefix}{'video' if name == 'image' else name}"
            parts = f"{side}_mask", f"{side}_offsets"
            if key not in arrays or f"{side}_tokens" in arrays:
                continue
            if any(part in arrays for part in parts):
                shaped[f"{side}_tokens"] = shaped.pop(key)
            elif arrays[key].ndim == 3 and arrays[key].shape[1] == 1:
                shaped[key] = arrays[key][:, 0]
    return shaped
