"""Arrays with a row for each item beside items by id: their rows need names, too."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from vrbench.errors import InputError, shown
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


def check_rows(where: str, items: Mapping[str, Tree], arrays: Mapping[str, Any]) -> None:
    """Refuse rows without names beside items by id, whose order is not the user's.

    Args:
        where: the source, for messages.
        items: side -> its items by id.
        arrays: all arrays, those of the items too.

    Raises:
        InputError: so it is.
    """
    for key, tree in items.items():
        prefix = "bank_" if key.startswith("bank_") else ""
        side = key.removeprefix("bank_")
        other = prefix + {"video": "text", "text": "video"}.get(side, side)
        has_rows = any(f"{other}{part}" in arrays for part in ("", "_tokens", "_global"))
        linked = f"{prefix}text_video" in arrays or f"{other}_ids" in arrays
        if other != key and has_rows and not linked:
            ending = ".npy" if tree.what == "a folder" else ""
            raise InputError(
                f"{where} names its {key}s, in the order of {tree.path}, but not its {other}s: "
                f"name their rows in {other}_ids{ending}, or give {prefix}text_video{ending}."
            )


def count_notes(items: Mapping[str, Tree], arrays: Mapping[str, Any]) -> Iterator[str]:
    """Say in which order items by id are counted, where texts are linked to rows of them."""
    for key, tree in items.items():
        links = arrays.get(key.replace("video", "text_video"))
        if tree.what == "a folder" or not key.endswith("video"):
            continue  # the order of a folder is documented, and noted where it surprises
        if links is not None and links.dtype.kind in "iu":
            names = shown(f"'{name}'" for name in list(tree.parts)[:3])
            yield f"text_video counts the videos of {tree.path} in its order: {names}, ..."


def _name(tree: Tree, name: str) -> str:
    """Return what an array of this name would be called in the file."""
    return f"{name}.npy" if tree.what == "a folder" else name


def _is_of(name: str, key: str) -> bool:
    """Whether an array has a row for each item of a side; ``text_video`` names videos itself."""
    prefix, side = key.removesuffix("video").removesuffix("text"), key.removeprefix("bank_")
    of_text = side == "text" and name == f"{prefix}captions"
    return of_text or (name.startswith(f"{key}_") and name not in ("text_video", "bank_text_video"))
