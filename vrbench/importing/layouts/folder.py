"""A folder of files."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrbench.errors import InputError
from vrbench.importing.layouts import layouts, read_tree
from vrbench.importing.layouts.npy import stored_npy
from vrbench.importing.tree import ALONE, Layout, Stored, Tree
from vrbench.importing.usual import side_of
from vrbench.runtime.files import listed
from vrbench.runtime.numeric_order import NUMERIC, is_renumbered, numeric_order

ITEMS = (".npy", ".npz", ".pt", ".pth")
"""Endings of files that hold an item each."""
SIDES = (*ITEMS, ".h5", ".hdf5", ".hdf", ".safetensors", ".parquet", ".lmdb", ".mdb", ".tar")
"""Endings of files that hold a side each."""
CAPTIONS = (".csv", ".tsv", ".json", ".jsonl")


@layouts.register("folder")
@dataclass(frozen=True)
class FolderLayout(Layout):
    """A folder: npy by name; a file or folder a side; ID.npy, ID.npz or ID.pt of one side."""

    what = "a folder"
    last = True

    def fits(self, path: Path, start: bytes) -> bool:
        """Whether it is a folder."""
        return path.is_dir()

    def read(self, path: Path) -> Tree:
        """Return its arrays; those in npy files stay on disk."""
        files = _by_stem(path, SIDES)
        parts = {stem: _part(file, stem) for stem, file in files.items()}
        for folder in listed(path):
            if folder.is_dir() and side_of(folder.name):
                if folder.name in parts:
                    raise InputError(f"{path} holds {folder.name} twice: keep one of them.")
                parts[folder.name] = _folder_of(folder)
        if not parts:
            raise InputError(
                f"{path} holds no npy file named like the array it holds, nor a folder video/ or "
                "text/ with a file an item."
            )
        beside = {
            file.name.partition("captions")[0]: file
            for file in listed(path, *CAPTIONS)
            if file.stem in ("captions", "bank_captions")
        }
        return Tree(str(path), parts, self.what, files, beside, _order(list(files.values()), path))


def _folder_of(folder: Path) -> Tree:
    """Return a folder with a file an item."""
    tree = _items(folder)
    if not tree.parts:
        raise InputError(f"{folder} holds no npy or npz file: expected one for each item.")
    return tree


def _items(folder: Path) -> Tree:
    files = _by_stem(folder, ITEMS)
    parts = {stem: _closed(file) for stem, file in files.items()}
    return Tree(str(folder), parts, "a folder", files, notes=_order(list(files.values()), folder))


def _by_stem(folder: Path, endings: tuple[str, ...]) -> dict[str, Path]:
    paths = numeric_order(path for path in listed(folder, *endings))
    files = {path.stem: path for path in paths}
    if len(files) < len(paths):
        twice = next(path for path in paths if files[path.stem] != path)
        raise InputError(
            f"{folder} holds {twice.name} and {files[twice.stem].name}, two files of one item: "
            "keep one of them."
        )
    return files


def _order(files: list[Path], folder: Path) -> tuple[str, ...]:
    return (f"The items of {folder} are {NUMERIC}.",) if is_renumbered(files) else ()


def _part(file: Path, stem: str) -> Any:
    """Return what a file holds; that of a side stays open."""
    if not side_of(stem) or file.suffix == ".npy":
        return _closed(file)
    tree = read_tree(file)
    return tree.parts.get(ALONE, tree)


def _closed(file: Path) -> Any:
    """Return what a file holds, and read it anew when it is used: thousands cannot stay open."""
    if file.suffix == ".npy":
        return stored_npy(file)
    tree = read_tree(file)
    parts = {
        name: Stored(partial(_again, file, name), (part.shape, part.dtype))
        for name, part in tree.arrays.items()
    }
    if len(parts) < len(tree.parts):
        raise InputError(f"{file} holds groups of arrays: expected those of one item.")
    return parts.get(ALONE, replace(tree, parts=parts))


def _again(file: Path, name: str) -> NDArray[Any]:
    return np.asarray(read_tree(file).parts[name])
