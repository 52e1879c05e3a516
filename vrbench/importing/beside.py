"""Arrays with a row for each item beside items by id: their rows need names, too."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from vrbench.errors import InputError
from vrbench.importing.tree import Tree


def check_beside(
    tree: Tree, items: Tree, key: str, arrays: Mapping[str, Any], packed: Collection[str]
) -> None:
    """Refuse arrays that say again what items by id say, or rows without names.

    Args:
        tree: the file.
        items: the items of a side in it.
        key: of the side.
        arrays: those beside the items, by our names.
        packed: names of the arrays that the items become.

    Raises:
        InputError: so it is.
    """
    if twice := sorted((set(packed) & arrays.keys()) - {f"{key}_ids"}):
        raise InputError(
            f"{items.path} says what {_name(tree, twice[0])} beside it says: keep one of them."
        )
    if f"{key}_ids" in arrays:
        return
    if beside := sorted(name for name in arrays if _is_of(name, key)):
        raise InputError(
            f"{_name(tree, beside[0])} has a row for each item of {items.path}, but not their "
            f"names: give the names of its rows, {_name(tree, f'{key}_ids')}."
        )


def check_rows(tree: Tree, items: Mapping[str, Tree], arrays: Mapping[str, Any]) -> None:
    """Refuse rows without names beside items by id, whose order is not the user's.

    Args:
        tree: the file.
        items: side -> its items by id.
        arrays: all arrays, those of the items too.

    Raises:
        InputError: so it is.
    """
    for prefix in ("", "bank_"):
        if f"{prefix}text_video" in arrays:
            continue
        for key, other in (
            (f"{prefix}video", f"{prefix}text"),
            (f"{prefix}text", f"{prefix}video"),
        ):
            has_rows = any(f"{other}{part}" in arrays for part in ("", "_tokens", "_global"))
            if key in items and has_rows and f"{other}_ids" not in arrays:
                raise InputError(
                    f"{tree.path} names its {key}s, in the order of {items[key].path}, but not its "
                    f"{other}s: name their rows in {_name(tree, f'{other}_ids')}, or give "
                    f"{_name(tree, f'{prefix}text_video')}."
                )


def _name(tree: Tree, name: str) -> str:
    """Return what an array of this name would be called in the file."""
    return f"{name}.npy" if tree.what == "a folder" else name


def _is_of(name: str, key: str) -> bool:
    """Whether an array has a row for each item of a side; ``text_video`` names videos itself."""
    prefix, side = key.removesuffix("video").removesuffix("text"), key.removeprefix("bank_")
    of_text = side == "text" and name == f"{prefix}captions"
    return of_text or (name.startswith(f"{key}_") and name not in ("text_video", "bank_text_video"))
