"""Folders with a file for each item, as many extraction scripts write them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrbench.errors import InputError
from vrbench.features.pairing import readings
from vrbench.features.tokens import offsets_of
from vrbench.runtime.files import listed
from vrbench.runtime.inputs import as_text
from vrbench.runtime.npz import read_npy, read_npz
from vrbench.runtime.numeric_order import numeric_order

STRING = np.dtypes.StringDType()


class ItemFiles:
    """The rows of many files one after the other; read by slice, like a packed array.

    Args:
        paths: a file an item.
        lengths: (n,) rows of each.
        width: of a row.
        dtype: that holds the numbers of every file.
    """

    ndim = 2

    def __init__(
        self, paths: Sequence[Path], lengths: Sequence[int], width: int, dtype: np.dtype[Any]
    ) -> None:
        self._paths = paths
        self._offsets = offsets_of(lengths)
        self.shape = (int(self._offsets[-1]), width)
        self.dtype = dtype

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: slice) -> NDArray[Any]:
        start, stop, _ = rows.indices(len(self))
        first = int(np.searchsorted(self._offsets, start, side="right")) - 1
        last = int(np.searchsorted(self._offsets, stop))
        items = [_read(path).tokens for path in self._paths[first:last]]
        whole = np.concatenate([np.empty((0, self.shape[1]), self.dtype), *items])
        base = int(self._offsets[first])
        return np.asarray(whole[start - base : stop - base], dtype=self.dtype)


@dataclass(frozen=True)
class _Item:
    """Content of a file: tokens (l, d), maybe a global vector (d,); ``flat``: one vector only."""

    tokens: NDArray[Any]
    vector: NDArray[Any] | None
    flat: bool

    @property
    def kind(self) -> str:
        vector = "" if self.vector is None else f" with a global vector {self.vector.shape}"
        return "one vector (d,)" if self.flat else f"tokens (l, d){vector}"


def read_dump(folder: Path, key: str, order: NDArray[Any] | None = None) -> dict[str, Any]:
    """Return a folder with a file an item as the arrays ``key_tokens``, ``_offsets``, ``_ids``.

    A file is an npy of tokens (l, d), or of one vector (d,) in every file; or an npz with one such
    array, or with ``tokens`` and any of ``mask`` (l,), true where there is a token, and ``global``
    (d,). Its name without the ending is the item's id.

    Args:
        folder: the files.
        key: of the side.
        order: (n,) the ids in the order of the items; None: numeric order of these.

    Raises:
        InputError: the folder is empty, a file is damaged or does not fit the others, two files
            have one id, or ``order`` names other items.
    """
    paths = _ordered(folder, key, order)
    first = _read(paths[0])
    width, lengths, vectors, types = first.tokens.shape[1], [], [], {first.tokens.dtype}
    for path in paths:
        item = _read(path)
        if (item.kind, item.tokens.shape[1]) != (first.kind, width):
            raise InputError(
                f"{path} holds {item.kind}, d = {item.tokens.shape[1]}, but {paths[0].name} holds "
                f"{first.kind}, d = {width}: all items need the same."
            )
        lengths.append(len(item.tokens))
        types.add(item.tokens.dtype)
        vectors.append(item.vector)
    rows = ItemFiles(paths, lengths, width, np.result_type(*types))
    stems = as_text(np.array([path.stem for path in paths]), "its file names", folder)
    ids = stems.astype(STRING)
    if first.flat:
        return {key: rows, f"{key}_ids": ids}
    arrays = {f"{key}_tokens": rows, f"{key}_offsets": offsets_of(lengths), f"{key}_ids": ids}
    return arrays if first.vector is None else arrays | {f"{key}_global": np.array(vectors)}


def item_files(folder: Path) -> list[Path]:
    """Return the files of a folder that hold an item each."""
    return listed(folder, ".npy", ".npz")


def _ordered(folder: Path, key: str, order: NDArray[Any] | None) -> list[Path]:
    """Return the files of a dump in the order of its items."""
    paths = numeric_order(item_files(folder))
    if not paths:
        raise InputError(f"{folder} holds no npy or npz file: expected one for each item.")
    items = {path.stem: path for path in paths}
    if len(items) < len(paths):
        twice = next(path for path in paths if items[path.stem] != path)
        raise InputError(
            f"{folder} holds {twice.name} and {items[twice.stem].name}, two files of one item: "
            "keep one of them."
        )
    if order is None:
        return paths
    wanted = [str(name) for name in order.tolist()]
    for name in sorted(items.keys() ^ set(wanted)):
        has, lacks = (folder, f"{key}_ids.npy") if name in items else (f"{key}_ids.npy", folder)
        raise InputError(f"{has} has item '{name}', which {lacks} has not: both name every item.")
    return [items[name] for name in wanted]


def _read(path: Path) -> _Item:
    arrays = _members(path) if path.suffix == ".npz" else {"tokens": read_npy(path, mapped=True)}
    tokens = arrays["tokens"]
    if tokens.dtype.kind != "f" or tokens.ndim not in (1, 2) or 0 in tokens.shape:
        raise InputError(
            f"{path} holds {tokens.dtype} {tokens.shape}, expected floats (l, d) or (d,), none 0."
        )
    flat, vector, mask = tokens.ndim == 1, arrays.get("global"), arrays.get("mask")
    tokens = np.atleast_2d(tokens)
    if mask is not None:
        numbers = mask.dtype.kind in "biuf" and mask.shape == tokens.shape[:1]
        if not numbers or not np.isin(mask, (0, 1)).all() or not mask.any():
            raise InputError(
                f"{path} has a mask of {mask.dtype} {mask.shape} for tokens {tokens.shape}, "
                f"expected {tokens.shape[:1]}, true where there is a token, at least once."
            )
        tokens = tokens[mask.astype(bool)]
    if vector is not None and (vector.dtype.kind != "f" or vector.shape != tokens.shape[1:]):
        raise InputError(
            f"{path} has a global vector of {vector.dtype} {vector.shape}, expected floats "
            f"{tokens.shape[1:]}."
        )
    return _Item(tokens, vector, flat)


def _members(path: Path) -> Mapping[str, NDArray[Any]]:
    """Return the arrays of an npz; the only one is the tokens."""
    arrays = read_npz(path)
    if len(arrays) == 1:
        return {"tokens": next(iter(arrays.values()))}
    if "tokens" not in arrays or arrays.keys() - {"tokens", "mask", "global"}:
        raise InputError(
            f"{path} holds {', '.join(sorted(arrays)) or 'nothing'}, expected tokens and any of "
            "mask and global, or one array only."
        )
    return arrays


def captions_of(
    folder: Path, names: NDArray[Any], videos: NDArray[Any], captions: Mapping[str, Sequence[str]]
) -> NDArray[Any] | None:
    """(n,) the captions of texts that are named after videos; None where a name cannot be read.

    Args:
        folder: for messages.
        names: (n,) ids of texts, as in ``vrbench.features.pairing.FORMS``, k counted from 0; a text
            that has its video's name is the first caption of it.
        videos: (m,) ids.
        captions: the captions of each video.

    Raises:
        InputError: a video has no such caption, two texts are the same one, or k counts from 1.
    """
    found = readings(names, videos)
    if any(len(ways) != 1 for ways in found):
        return None
    texts: dict[tuple[str, int], str] = {}
    for name, (way,) in zip(names.tolist(), found, strict=True):
        key, known = (way.owner, way.k or 0), captions.get(way.owner, ())
        if key[1] >= len(known):
            raise InputError(
                f"{folder / name} is caption {key[1]} (counted from 0) of video '{way.owner}', but "
                f"captions.csv has {len(known)} captions of that video."
            )
        if key in texts:
            raise InputError(f"{folder / name} is caption {key[1]} of its video a second time.")
        texts[key] = known[key[1]]
    first = min(way.k or 0 for (way,) in found)
    if first > 0:
        raise InputError(
            f"{folder} numbers the captions of a video from {first}, but captions.csv is counted "
            "from 0: name the first one <video id>#0."
        )
    return np.array(list(texts.values()), dtype=STRING)
