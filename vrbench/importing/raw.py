"""Items whose bytes are numbers alone, as data bases of features hold them (``x.tobytes()``)."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrbench.errors import InputError
from vrbench.importing.naming import Named
from vrbench.importing.tree import Stored, Tree
from vrbench.importing.usual import DUMPS

TYPES = ("float32", "float16")
VECTORS = ("image", *(f"{side}{part}" for side in DUMPS for part in ("", "_tokens", "_global")))
"""Arrays whose last axis is the width."""
SPREAD = 5.0
"""Greatest standard deviation of log2 |x| of an encoder's numbers, by which types are told apart.

Normal numbers have 1.6. Halves of float32 read as float16 have about 9, as their exponents are any;
pairs of float16 read as float32 have 8 times that of the float16.
"""
LOOKED_AT = 100
"""Items by which the type is told."""


def with_raw(
    found: Sequence[tuple[Tree, Named]], declared: str
) -> tuple[list[tuple[Tree, Named]], list[str]]:
    """Return what files hold with items of bytes read, and a note on each side of them.

    Args:
        found: the files, and what is in them.
        declared: as for ``read_raw``.

    Raises:
        InputError: as ``read_raw``, or bytes are declared where there are none.
    """
    raw = {key for _, one in found for key, items in one.items.items() if is_raw(items)}
    if declared and not raw:
        raise InputError(
            f"--bytes {declared} says how bytes are read, but no items are bytes: leave it out."
        )
    widths = {width for _, one in found for width in _widths(one, raw)}
    width = widths.pop() if len(widths) == 1 else None
    made, notes = [], []
    for tree, one in found:
        items = dict(one.items)
        for key in raw & items.keys():
            items[key], note = read_raw(items[key], width, declared)
            notes.append(note)
        made.append((tree, replace(one, items=items)))
    return made, notes


def _widths(found: Named, raw: Collection[str]) -> Iterator[int]:
    """Yield how wide vectors are that say it."""
    for key, items in found.items.items():
        part = next(iter(items.parts.values()), None)
        if key not in raw and part is not None and not isinstance(part, Tree) and part.ndim:
            yield part.shape[-1]
    for name, part in found.arrays.items():
        if part.dtype.kind == "f" and part.ndim > 1 and name in VECTORS:
            yield part.shape[-1]


def is_raw(items: Tree) -> bool:
    """Whether every item is bytes that do not say their type and shape."""
    return bool(items.parts) and all(
        not isinstance(part, Tree) and part.dtype == np.uint8 and part.ndim == 1
        for part in items.parts.values()
    )


def read_raw(items: Tree, width: int | None, declared: str) -> tuple[Tree, str]:
    """Return items of bytes as arrays (l, d), and a note; all of one row: (d,).

    Args:
        items: of one side, ``is_raw``.
        width: of the vectors of the other side; None: that is not known.
        declared: ``TYPE:WIDTH``, such as ``float32:512``; "": the type is the only one that fits.

    Raises:
        InputError: neither is declared nor can be told, or bytes do not fit.
    """
    expected = "give --bytes TYPE:WIDTH, such as float32:512, or store what np.save writes"
    kind, width = _declared(declared) if declared else ("", width)
    if width is None:
        raise InputError(f"{_first(items)} bytes that do not say their type and shape: {expected}.")
    fitting = [name for name in ([kind] if kind else TYPES) if _fits(items, name, width)]
    if not kind:
        fitting = [name for name in fitting if _are_usual(items, name)]
    if len(fitting) != 1:
        either = "either" if fitting else "neither"
        wanted = kind or f"one of {' and '.join(TYPES)}, and {either} fits"
        raise InputError(
            f"{_first(items)} bytes, expected rows of {width} numbers of {wanted}: {expected}."
        )
    dtype = np.dtype(fitting[0])
    flat = all(part.shape[0] == width * dtype.itemsize for part in items.parts.values())
    parts = {name: _item(part, dtype, width, flat=flat) for name, part in items.parts.items()}
    said = "as declared" if declared else "as wide as the other side"
    shape = f"({width},)" if flat else f"(l, {width})"
    return replace(
        items, parts=parts
    ), f"Bytes in {items.path} are read as {dtype} {shape}, {said}."


def _declared(text: str) -> tuple[str, int]:
    kind, _, width = text.partition(":")
    if kind not in TYPES or not re.fullmatch(r"[1-9]\d{0,6}", width, re.ASCII):
        raise InputError(f"Cannot read --bytes {text}: write TYPE:WIDTH, such as float32:512.")
    return kind, int(width)


def _first(items: Tree) -> str:
    name, part = next(iter(items.parts.items()))
    return f"{items.place(name)} holds {part.shape[0]:,}"


def _fits(items: Tree, kind: str, width: int) -> bool:
    row = width * np.dtype(kind).itemsize
    return all(part.shape[0] % row == 0 and part.shape[0] for part in items.parts.values())


def _are_usual(items: Tree, kind: str) -> bool:
    """Whether numbers of this type are finite, and their sizes no further apart than usual."""
    parts = list(items.parts.values())[:LOOKED_AT]
    values = [np.asarray(part).view(kind).astype(np.float64) for part in parts]
    whole = np.abs(np.concatenate(values))
    sizes = np.log2(whole[whole > 0])
    return bool(np.isfinite(whole).all()) and len(sizes) > 0 and float(sizes.std()) < SPREAD


def _item(part: Any, kind: np.dtype[Any], width: int, *, flat: bool) -> Stored:
    shape = (width,) if flat else (part.shape[0] // (width * kind.itemsize), width)
    return Stored(partial(_read, part, kind, shape), (shape, kind))


def _read(part: Any, kind: np.dtype[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    return np.asarray(part).view(kind).reshape(shape)
