"""The datasets of one side of a feature file: their names, types and dimensions."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from vrbench.features.chunks import COLUMN
from vrbench.features.joined import Joined
from vrbench.features.strings import is_text

REQUIRED = ("ids", "tokens", "offsets")

_TEXT, _WHOLE, _FLOAT = "strings", "whole numbers", "floats"
_NUMBER = (_WHOLE, _FLOAT)

TYPES: dict[str, tuple[str, ...]] = {
    "ids": (_TEXT, _WHOLE),
    "offsets": (_WHOLE,),
    "tokens": (_FLOAT,),
    "global": (_FLOAT,),
    "captions": (_TEXT,),
    "video": (_WHOLE,),
    "cut": (_WHOLE,),
    "sequence": (_TEXT, *_NUMBER),
    "position": _NUMBER,
    "start": _NUMBER,
    "end": _NUMBER,
    "label": (_TEXT, *_NUMBER),
    "frame": _NUMBER,
    "time": _NUMBER,
    "level": (_WHOLE,),
    "words": (_TEXT,),
    "weight": _NUMBER,
}
"""Types that each dataset may have."""

VECTORS = frozenset({"tokens", "global"})
"""Datasets of shape (rows, d); all others have one dimension."""

PER_TOKEN = frozenset({"frame", "time", "level", "words", "weight"})
PER_ITEM = frozenset(TYPES) - PER_TOKEN - {"ids", "offsets", "tokens"}


def layout_problems(sides: Any, side: str) -> Iterator[str]:
    """Yield the datasets of a side that are missing, or of another type or shape than expected.

    A side without a problem here can be read, though its offsets or links may still be wrong.
    """
    group = sides.get(side)
    if not isinstance(group, Mapping):
        yield f"/{side} is {'missing' if group is None else 'not a group'}."
        return
    required = (*REQUIRED, "video") if side == "text" else REQUIRED
    missing = [f"/{side}/{name}" for name in required if group.get(name) is None]
    if missing:
        all_of = ", ".join(required)
        yield f"{', '.join(missing)} cannot be found: required in /{side} are {all_of}."
        return
    problems = [p for name in TYPES if name in group for p in _type_problem(group, side, name)]
    yield from problems or _size_problems(group, side)


def _type_problem(group: Any, side: str, name: str) -> Iterator[str]:
    import h5py

    dataset = group.get(name)
    if not isinstance(dataset, h5py.Dataset | Joined):
        yield f"/{side}/{name} is not a dataset."
        return
    ndim = 2 if name in VECTORS else 1
    shape = dataset.shape
    if shape is None or len(shape) != ndim or _kind(dataset) not in TYPES[name]:
        yield (
            f"/{side}/{name} holds {dataset.dtype} {shape}, expected {' or '.join(TYPES[name])} "
            f"with {ndim} dimension{'s' if ndim > 1 else ''}."
        )


def _kind(dataset: Any) -> str:
    if is_text(dataset):
        return _TEXT
    kind, size = dataset.dtype.kind, dataset.dtype.itemsize
    return _WHOLE if kind in "iu" else _FLOAT if kind == "f" and size <= 8 else "other"


def _size_problems(group: Any, side: str) -> Iterator[str]:
    n, width = len(group["ids"]), group["tokens"].shape[1]
    if n == 0:
        yield f"/{side} holds no items."
    elif len(group["offsets"]) < n + 1:
        yield f"/{side}/offsets has {len(group['offsets'])} entries for {n} ids, expected {n + 1}."
    if width == 0 or ("global" in group and group["global"].shape[1] != width):
        wide = f", /{side}/global {group['global'].shape[1]}" if "global" in group else ""
        yield f"/{side}/tokens is {width} wide{wide}: both need the same width of at least 1."
        return
    if n and len(group["offsets"]) > n:
        yield from _gap_problems(group, side, n)


def _gap_problems(group: Any, side: str, n: int) -> Iterator[str]:
    """Yield the first dataset with vectors or offsets that are declared, but were never written.

    HDF5 reads them as zeros, and a small file can declare more of them than memory holds. Rows
    that an interrupted write has left beyond the last item are not checked. A column of zeros only,
    such as levels, may be unwritten up to ``COLUMN`` bytes.
    """
    rows = {"ids": n, "offsets": n + 1, **dict.fromkeys(PER_ITEM, n)}
    for name in ("ids", "offsets", *sorted(PER_ITEM), "tokens", *sorted(PER_TOKEN)):
        if name == "tokens":  # the offsets are there: they say how many tokens count
            last = int(group["offsets"][n])
            rows |= dict.fromkeys(("tokens", *PER_TOKEN), last)
        own = name in REQUIRED or name in VECTORS
        if name not in group or not (own or group[name].nbytes > COLUMN):
            continue
        if _has_gap(group[name], rows[name]):
            yield (
                f"/{side}/{name} declares {len(group[name])} rows, of which some were never "
                "written: write the file again."
            )
            return


def _has_gap(dataset: Any, rows: int) -> bool:
    """Whether some of the first rows have no place in the file."""
    if isinstance(dataset, Joined):
        return any(_has_gap(piece, len(piece)) for piece in dataset.pieces)
    rows = min(rows, len(dataset))
    if rows <= 0:
        return False
    if dataset.chunks is None:
        return bool(dataset.id.get_storage_size() == 0)
    needed = [-(-a // b) for a, b in zip((rows, *dataset.shape[1:]), dataset.chunks, strict=True)]
    return bool(dataset.id.get_num_chunks() < math.prod(needed))
