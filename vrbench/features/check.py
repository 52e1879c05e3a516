"""Whether a feature file is sound: sentences that name the item that is wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrbench.features.layout import PER_ITEM, PER_TOKEN, layout_problems
from vrbench.features.strings import strings
from vrbench.features.tokens import FRAME_LEVEL, PATCH_LEVEL, Tokens


def group_problems(sides: Any, side: str) -> Iterator[str]:
    """Yield what is wrong with one side; token values are not read.

    Where something of the layout is wrong, nothing else is looked at.

    Args:
        sides: an open HDF5 file, or what ``sides_of`` found in it.
        side: which of them.
    """
    found = list(layout_problems(sides, side))
    yield from found or item_problems(sides, side)


def item_problems(sides: Any, side: str) -> Iterator[str]:
    """Yield what is wrong with ids, offsets, columns and links of a side whose layout is right."""
    group = sides[side]
    ids = strings(group["ids"])
    offsets = group["offsets"][: len(ids) + 1].astype(np.int64)
    yield from id_problems(ids, f"/{side}/ids")
    yield from offset_problems(offsets, ids, len(group["tokens"]), f"/{side}/offsets")
    yield from _length_problems(group, side, len(ids), int(offsets[-1]))
    if "level" in group:
        yield from level_problems(group["level"][: int(offsets[-1])], f"/{side}/level")
    if "video" in group and side.endswith("text"):
        videos = side.replace("text", "video")
        gallery = sides.get(videos)
        there = isinstance(gallery, Mapping) and "ids" in gallery
        n_video = len(gallery["ids"]) if there else None
        links = _whole(group["video"][: len(ids)])
        yield from link_problems(links, ids, n_video, f"/{side}/video")


def _whole(values: NDArray[Any]) -> NDArray[np.int64]:
    """Return whole numbers as int64; what is too large becomes the largest, not a negative one."""
    if values.dtype.kind == "u":
        values = np.minimum(values.astype(np.uint64), np.uint64(np.iinfo(np.int64).max))
    return np.asarray(values, dtype=np.int64)


def id_problems(ids: NDArray[Any], name: str) -> Iterator[str]:
    """Yield where an id is empty, and the id that occurs most often, if more than once.

    ``name`` is that of the array.
    """
    if (ids == "").any():
        row = int(np.argmax(ids == ""))
        yield f"{name} holds an empty id in row {row}: give every item a name."
    for twice, count in Counter(ids.tolist()).most_common(1):
        if count > 1:
            yield f"{name} holds '{twice}' {count} times: ids must be unique."


def offset_problems(
    offsets: NDArray[np.int64], ids: NDArray[Any], rows: int, name: str
) -> Iterator[str]:
    """Yield where (n + 1,) offsets do not cut ``rows`` tokens into n items of at least one."""
    if offsets[0] != 0:
        yield f"{name} begins with {offsets[0]}, expected 0."
    falls = offsets[1:] < offsets[:-1]  # differences might leave the range of whole numbers
    steps = np.diff(offsets)
    if falls.any():
        item = ids[int(np.argmax(falls))]
        yield f"{name} decreases at item '{item}': offsets must be in order."
    elif (steps == 0).any():
        item = ids[int(np.argmax(steps == 0))]
        yield f"{name} gives item '{item}' no tokens: leave the item out."
    if (offsets > rows).any():
        item = ids[max(int(np.argmax(offsets > rows)) - 1, 0)]
        yield f"{name} reaches {offsets.max()}, but there are {rows} tokens: item '{item}' is cut."


def link_problems(
    links: NDArray[np.int64], ids: NDArray[Any], n_video: int | None, name: str
) -> Iterator[str]:
    """Yield the first of the (n,) texts whose video is not one of ``n_video`` (None: unknown)."""
    wrong = links < 0 if n_video is None else (links < 0) | (links >= n_video)
    if wrong.any():
        row = int(np.argmax(wrong))
        there = "" if n_video is None else f", but there are {n_video} videos (the first is 0)"
        yield f"{name} gives text '{ids[row]}' the video row {links[row]}{there}."


def value_problems(block: Tokens, most: int = 3) -> Iterator[str]:
    """Yield the items of a block, ``most`` at most, with a vector that cannot be scored."""
    owner = block.ids[np.repeat(np.arange(len(block)), block.lengths)]
    yield from bad_rows(block.tokens, owner, block, "a token", most)
    if block.global_vectors is not None:
        yield from bad_rows(block.global_vectors, block.ids, block, "its global vector", most)


def bad_rows(
    rows: NDArray[Any], ids: NDArray[Any], side: Tokens, what: str, most: int = 3
) -> Iterator[str]:
    """Yield a sentence for each of the first ``most`` items with a row that cannot be scored.

    Args:
        rows: (n, d) tokens or global vectors.
        ids: (n,) the item of each row.
        side: where they come from; cosines need rows that are not all zeros.
        what: what a row is, such as "a token".
        most: items named at most.
    """
    finite, points = _sound(rows)
    fine = finite & points if side.normalized else finite
    if fine.all():
        return
    first: dict[str, int] = {}
    for row in np.flatnonzero(~fine).tolist():
        first.setdefault(str(ids[row]), row)
    for item, row in list(first.items())[:most]:
        why = "holds NaN or infinity: leave the item out or compute it again"
        if finite[row]:
            why = "is all zeros and has no direction: leave the item out, or store with --raw"
        yield f"Item '{item}' of {side.name}: {what} {why}."


def _sound(rows: NDArray[Any]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return which rows are finite, and which are not all zeros."""
    if rows.dtype == np.float16:  # processors have no such numbers: without the sign, their bits
        most = (rows.view(np.uint16) & np.uint16(0x7FFF)).max(axis=1, initial=0)
        return most < 0x7C00, most > 0
    return np.isfinite(rows).all(axis=1), np.asarray(rows.any(axis=1))


def _length_problems(group: Any, side: str, n: int, rows: int) -> Iterator[str]:
    """Columns of a wrong length. A write that was interrupted may have left more than counts."""
    torn = is_torn(group)
    for names, expected in ((PER_ITEM, n), (PER_TOKEN, rows)):
        for name in sorted(names & set(group)):
            found = len(group[name])
            if found < expected or (found > expected and not torn):
                yield f"/{side}/{name} has {found} entries, expected {expected}."


def level_problems(levels: NDArray[Any], name: str) -> Iterator[str]:
    """Yield the first level that is none."""
    wrong = (levels != FRAME_LEVEL) & (levels != PATCH_LEVEL)
    if wrong.any():
        row = int(np.argmax(wrong))
        yield (
            f"{name} holds {levels[row]} in row {row}, expected {FRAME_LEVEL} (a frame) or "
            f"{PATCH_LEVEL} (a patch)."
        )


def is_torn(group: Any) -> bool:
    """Whether an interrupted write left more tokens or offsets than the ids account for."""
    n, offsets = len(group["ids"]), group["offsets"]
    return len(offsets) > n + 1 or len(group["tokens"]) > int(offsets[n])
