"""Whether a feature file is sound: sentences that name the item that is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrbench.features.tokens import Tokens

BLOCK = 4096
"""Items checked at once."""


def group_problems(file: Any, side: str) -> Iterator[str]:
    """Yield what is wrong with the structure of one side of an open HDF5 file.

    The arrays' shapes and types, ids, offsets and links are read, not the token values. At most
    the first problem is meaningful: later ones may follow from it.
    """
    group = file[side]
    for name in ("ids", "tokens", "offsets"):
        if name not in group:
            yield f"/{side}/{name} is missing: required are ids, tokens and offsets."
            return
    tokens, offsets, ids = group["tokens"], group["offsets"], group["ids"]
    if tokens.ndim != 2 or tokens.dtype.kind != "f":
        yield f"/{side}/tokens is {tokens.dtype} {tokens.shape}, expected floats (tokens, width)."
        return
    if offsets.ndim != 1 or offsets.dtype.kind not in "iu" or ids.ndim != 1:
        yield f"/{side}/offsets must be whole numbers (n + 1,) and /{side}/ids (n,)."
        return
    if len(ids) == 0:
        yield f"/{side} holds no item."
        return
    if len(offsets) < len(ids) + 1:
        yield (
            f"/{side}/offsets has {len(offsets)} entries for {len(ids)} ids, expected "
            f"{len(ids) + 1}."
        )
        return
    yield from _id_problems(_strings(ids), side)
    yield from _offset_problems(offsets[: len(ids) + 1].astype(np.int64), group, side)
    yield from _column_problems(file, group, side)


def value_problems(tokens: Tokens) -> Iterator[str]:
    """Yield the items whose tokens or global vectors cannot be scored (reads all of them)."""
    for start in range(0, len(tokens), BLOCK):
        block = tokens.block(start, min(start + BLOCK, len(tokens)))
        owner = np.repeat(np.arange(len(block)), block.lengths)
        yield from bad_rows(block.tokens, block.ids[owner], tokens, "a token")
        if block.global_vectors is not None:
            yield from bad_rows(block.global_vectors, block.ids, tokens, "its global vector")


def bad_rows(
    rows: NDArray[Any], ids: NDArray[Any], side: Tokens, what: str, most: int = 3
) -> Iterator[str]:
    """Yield a sentence for each of the first ``most`` items with a row that cannot be scored."""
    finite = np.isfinite(rows).all(axis=1)
    zero = side.normalized & ~rows.any(axis=1)
    bad = np.flatnonzero(~finite | zero)
    for item in list(dict.fromkeys(str(ids[i]) for i in bad))[:most]:
        row = next(i for i in bad if str(ids[i]) == item)
        why = "is all zeros and has no direction" if finite[row] else "holds NaN or infinity"
        yield f"Item '{item}' of {side.name}: {what} {why}."


def _id_problems(ids: NDArray[Any], side: str) -> Iterator[str]:
    unique, counts = np.unique(ids, return_counts=True)
    if len(unique) < len(ids):
        twice = unique[np.argmax(counts)]
        yield f"/{side}/ids holds '{twice}' {counts.max()} times: ids must be unique."


def _offset_problems(offsets: NDArray[np.int64], group: Any, side: str) -> Iterator[str]:
    ids, rows = group["ids"], len(group["tokens"])
    if offsets[0] != 0:
        yield f"/{side}/offsets begins with {offsets[0]}, expected 0."
    steps = np.diff(offsets)
    if (steps < 0).any():
        item = int(np.argmax(steps < 0))
        yield f"/{side}/offsets decreases at item '{_strings(ids)[item]}': they must be in order."
    elif (steps == 0).any():
        item = int(np.argmax(steps == 0))
        yield f"Item '{_strings(ids)[item]}' of /{side} has no tokens: leave it out."
    if offsets[-1] > rows:
        item = int(np.argmax(offsets[1:] > rows))
        yield (
            f"/{side}/tokens has {rows} rows but /{side}/offsets ends at {offsets[-1]}: item "
            f"'{_strings(ids)[item]}' is cut off."
        )


def _column_problems(file: Any, group: Any, side: str) -> Iterator[str]:
    n, width = len(group["ids"]), group["tokens"].shape[1]
    shape = group["global"].shape if "global" in group else (n, width)
    if len(shape) != 2 or shape[0] < n or shape[1] != width:
        yield f"/{side}/global has shape {shape}, expected ({n}, {width}) like ids and tokens."
    if side == "text" and "video" not in group:
        yield "/text/video is missing: the row of each text's video in /video."
    if side.endswith("text") and "video" in group:
        yield from _link_problems(file, group, side, side.replace("text", "video"))
    rows = int(group["offsets"][n])
    for name, expected in (("captions", n), ("words", rows), ("frame", rows), ("level", rows)):
        if name in group and len(group[name]) < expected:
            yield f"/{side}/{name} has {len(group[name])} entries, expected {expected}."


def _link_problems(file: Any, group: Any, side: str, videos: str) -> Iterator[str]:
    n = len(group["ids"])
    links = group["video"]
    if links.dtype.kind not in "iu" or len(links) < n:
        yield f"/{side}/video must be {n} whole numbers, one for each text."
        return
    if videos not in file:
        return
    n_video = len(file[videos]["ids"])
    wrong = np.flatnonzero((links[:n] < 0) | (links[:n] >= n_video))
    if len(wrong):
        item = _strings(group["ids"])[wrong[0]]
        yield (
            f"Text '{item}' of /{side} points to video row {links[int(wrong[0])]}, but /{videos} "
            f"has {n_video} videos."
        )


def _strings(dataset: Any) -> NDArray[Any]:
    values = dataset.asstr()[:] if dataset.dtype.kind in "OS" else dataset[:].astype(str)
    return np.asarray(values, dtype=object)
