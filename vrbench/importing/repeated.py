"""Rows of pairs, in which a video stands once for each of its texts."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrbench.errors import InputError
from vrbench.features.tokens import offsets_of
from vrbench.importing.captioning import size_of
from vrbench.runtime.inputs import as_text

PER_TOKEN = ("tokens", "level", "weight")


def pair_rows(arrays: dict[str, Any]) -> None:
    """Say that text i belongs to video i, in place: in a file whose rows are pairs.

    Args:
        arrays: those of the file; where both sides are named, names would be paired otherwise.
    """
    for prefix in ("", "bank_"):
        n = size_of(arrays, f"{prefix}text")
        if f"{prefix}text_video" not in arrays and n == size_of(arrays, f"{prefix}video"):
            arrays |= {} if n is None else {f"{prefix}text_video": np.arange(n)}


def merge_repeats(arrays: dict[str, Any], where: str) -> list[str]:
    """Keep the first of the rows that have one name in ``video_ids``, in place; return notes.

    ``text_video`` follows. Without it and without ``text_ids`` text i belongs to the video of row
    i, and texts are named ``<video id>#<k>``.

    Args:
        arrays: those of one file.
        where: the file, for messages.

    Raises:
        InputError: rows of one video differ.
    """
    notes = []
    for prefix in ("", "bank_"):
        ids = arrays.get(f"{prefix}video_ids")
        if ids is not None and ids.ndim == 1 and ids.dtype.kind in "USTiu":
            names = [str(name) for name in as_text(ids, f"{prefix}video_ids", where).tolist()]
            if len(set(names)) < len(names) and _is_sound(arrays, f"{prefix}video", len(names)):
                notes.append(_merge(arrays, prefix, names, where))
    return notes


def _merge(arrays: dict[str, Any], prefix: str, names: list[str], where: str) -> str:
    first: dict[str, int] = {}
    source = np.array([first.setdefault(name, i) for i, name in enumerate(names)])
    kept, video = np.unique(source, return_inverse=True)
    parts = _parts(arrays, f"{prefix}video", len(names))
    for row in np.flatnonzero(source != np.arange(len(names))).tolist():
        for name, rows in parts.items():
            if not np.array_equal(rows[row], rows[source[row]], equal_nan=True):
                raise InputError(
                    f"{where} has '{names[row]}' in rows {source[row]} and {row} of {name}, and "
                    "they differ: a video that stands in several rows needs the same in each; "
                    "name clips each by a name of its own."
                )
    _link(arrays, prefix, names, video)
    for name, rows in parts.items():
        arrays[name] = rows.take(kept)
    arrays[f"{prefix}video_ids"] = arrays[f"{prefix}video_ids"][kept]
    if f"{prefix}video_offsets" in arrays:
        lengths = np.diff(arrays[f"{prefix}video_offsets"])
        arrays[f"{prefix}video_offsets"] = offsets_of(lengths[kept])
    return f"{where} repeats {prefix}videos row by row: {len(kept):,} of {len(names):,} are kept."


def _is_sound(arrays: dict[str, Any], side: str, n: int) -> bool:
    """Whether a side has n items; what is unsound is refused where sides are read."""
    offsets, tokens = arrays.get(f"{side}_offsets"), arrays.get(f"{side}_tokens")
    if offsets is None or tokens is None:
        main = (side, side.replace("video", "image"), f"{side}_tokens", f"{side}_global")
        sizes = {len(arrays[name]) for name in main if name in arrays and arrays[name].ndim}
        return offsets is None and sizes == {n}
    whole = offsets.dtype.kind in "iu" and offsets.shape == (n + 1,) and tokens.ndim == 2
    return whole and offsets[0] == 0 and (np.diff(offsets) > 0).all() and offsets[-1] == len(tokens)


class _Rows:
    """What an array holds of each item; of a packed one the rows of its tokens."""

    def __init__(self, array: Any, offsets: NDArray[np.int64] | None) -> None:
        self._array, self._offsets = array, offsets

    def __getitem__(self, i: int) -> NDArray[Any]:
        if self._offsets is None:
            return np.asarray(self._array[i])
        return np.asarray(self._array[self._offsets[i] : self._offsets[i + 1]])

    def take(self, items: NDArray[np.int64]) -> NDArray[Any]:
        """Return the array of these items alone."""
        if self._offsets is None:
            return np.asarray(self._array[items])
        return np.concatenate([self[int(i)] for i in items])


def _parts(arrays: dict[str, Any], side: str, n: int) -> dict[str, _Rows]:
    """Return the arrays of a side that say something of each of n items."""
    offsets = arrays.get(f"{side}_offsets")
    packed = [f"{side}_{part}" for part in PER_TOKEN if offsets is not None]
    names = [name for name in arrays if name in (side, side.replace("video", "image"))]
    names += [name for name in arrays if name.startswith(f"{side}_") and name not in packed]
    single = {f"{side}_ids", f"{side}_offsets"}
    found = {name: _Rows(arrays[name], offsets) for name in packed if name in arrays}
    return found | {
        name: _Rows(arrays[name], None)
        for name in names
        if name not in single and arrays[name].ndim and len(arrays[name]) == n
    }


def _link(arrays: dict[str, Any], prefix: str, names: list[str], video: NDArray[np.int64]) -> None:
    """Let texts follow: rows of repeated videos become rows of those that are kept."""
    links, texts = f"{prefix}text_video", f"{prefix}text_ids"
    given = arrays.get(links)
    if given is None and texts not in arrays and size_of(arrays, f"{prefix}text") == len(names):
        given = np.arange(len(names))
    if given is None or given.dtype.kind not in "iu" or not _are_rows(given, len(names)):
        return  # names are linked later, and what is unsound is refused
    arrays[links] = video[given]
    if texts not in arrays:
        counted: Counter[str] = Counter()
        named = []
        for row in given.tolist():
            named.append(f"{names[row]}#{counted[names[row]]}")
            counted[names[row]] += 1
        arrays[texts] = np.array(named, dtype=np.dtypes.StringDType())


def _are_rows(given: NDArray[Any], n: int) -> bool:
    return given.ndim == 1 and bool(((given >= 0) & (given < n)).all())
