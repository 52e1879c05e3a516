"""Importing one side: packed or padded tokens, or one vector for each item."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrbench.errors import InputError
from vrbench.features.check import id_problems, level_problems, offset_problems
from vrbench.features.tokens import FRAME_LEVEL, Tokens, offsets_of
from vrbench.importing.items import ItemRows
from vrbench.importing.typed import TypedArrays

INVERTED = "give ~mask instead"
"""What to do about a mask that is true where there is padding."""


class Unpadded:
    """The rows of a padded array where a mask is true; read by slice, like a packed array.

    Args:
        padded: (n, L, d), may lie on disk.
        mask: (n, L).
    """

    ndim = 2

    def __init__(self, padded: NDArray[Any], mask: NDArray[np.bool_]) -> None:
        self._padded = padded
        self._item, self._place = np.nonzero(mask)
        self.grid = mask.shape
        self.shape = (len(self._item), padded.shape[2])
        self.dtype = padded.dtype

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: slice) -> NDArray[Any]:
        return np.asarray(self._padded[self._item[rows], self._place[rows]])

    def of_tokens(self, values: NDArray[Any]) -> NDArray[Any]:
        """(n, L) -> (sum l,) what belongs to tokens."""
        return np.asarray(values[self._item, self._place])


def read_side(arrays: TypedArrays, prefix: str, side: str) -> Tokens | None:
    """Return a side, or None where there is none.

    Args:
        arrays: all arrays of the source.
        prefix: ``""``, or ``"bank_"`` for the bank.
        side: ``"video"``, ``"text"``, ``"audio"`` or ``"video2"``.

    Raises:
        InputError: an array is missing or ambiguous, or does not fit the others.
    """
    key = prefix + side
    plain = [name for name in _plain_names(prefix, side) if name in arrays]
    parts = [f"{key}_{part}" for part in ("tokens", "offsets", "mask", "global")]
    parts = [name for name in parts if name in arrays]
    if plain and len(plain) + len(parts) > 1:
        arrays.refuse(f"holds {' and '.join(plain + parts)}, which say twice what {key} is")
    if f"{key}_tokens" in parts:
        return _of_tokens(arrays, key)
    if plain or parts == [f"{key}_global"]:
        return _of_vectors(arrays, key, (plain or parts)[0])
    for name in (*parts, f"{key}_ids", f"{key}_level", f"{key}_weight"):
        if name in arrays:
            arrays.refuse(f"holds {name} but neither {key}_tokens nor {key}")
    return None


def mask_notes(arrays: TypedArrays) -> Iterator[str]:
    """Yield a note on each side whose masks are false first and true last in most items."""
    for name, values in arrays.arrays.items():
        if name.endswith("_mask"):
            first, several = int(((values[:, 0] == 0) & (values[:, -1] != 0)).sum()), len(values)
        elif isinstance(values, ItemRows):
            first, several = values.padded_first()
        else:
            continue
        if several and 2 * first >= several:
            side = name.rpartition("_")[0].replace("bank_", "bank/")
            where = f" ({name})" if name.endswith("_mask") else ""
            yield (
                f"{first:,} of {several:,} items of /{side} begin with padding{where}: right "
                f"for models that pad on the left, else the mask is inverted: {INVERTED}."
            )


def _plain_names(prefix: str, side: str) -> tuple[str, ...]:
    return tuple(prefix + name for name in ((side, "image") if side == "video" else (side,)))


def _of_vectors(arrays: TypedArrays, key: str, name: str) -> Tokens:
    for part, what in (("level", "what tokens are"), ("weight", "what tokens weigh")):
        if f"{key}_{part}" in arrays:
            arrays.refuse(f"holds {key}_{part}, which says {what}, but no {key}_tokens")
    shape = arrays.arrays[name].shape
    if len(shape) == 3:
        arrays.refuse(
            f"holds {name} of shape {shape}, expected (n, d): tokens of items, which may be "
            f"padded, need {key}_mask {shape[:2]}, true where there is a token"
        )
    vectors = arrays.floats(name, 2)
    ids = _ids(arrays, key, len(vectors))
    return _tokens(arrays, key, ids, vectors, np.arange(len(vectors) + 1), vectors)


def _of_tokens(arrays: TypedArrays, key: str) -> Tokens:
    tokens = arrays.floats(f"{key}_tokens", 2, 3)
    ids, rows, offsets = (_packed if tokens.ndim == 2 else _padded)(arrays, key, tokens)
    vectors = arrays.floats(f"{key}_global", 2) if f"{key}_global" in arrays else None
    expected = (len(ids), tokens.shape[-1])
    if vectors is not None and vectors.shape != expected:
        arrays.refuse(f"holds {key}_global of shape {vectors.shape}, expected {expected}")
    made = _tokens(arrays, key, ids, rows, offsets, vectors)
    made = _with_weights(arrays, key, made) if f"{key}_weight" in arrays else made
    return _with_levels(arrays, key, made) if f"{key}_level" in arrays else made


def _with_weights(arrays: TypedArrays, key: str, items: Tokens) -> Tokens:
    """Return items with what each token weighs, for ``wti``."""
    name, rows = f"{key}_weight", items.tokens
    if isinstance(rows, Unpadded):
        weights = rows.of_tokens(arrays.number_grid(name, rows.grid))
    else:
        weights = arrays.number_grid(name, (len(rows),))
    sound = np.isfinite(weights) & (weights >= 0)
    sums = np.add.reduceat(np.where(sound, weights, 0).astype(np.float64), items.offsets[:-1])
    bad = (sums <= 0) | ~np.logical_and.reduceat(sound, items.offsets[:-1])
    if bad.any():
        item = items.ids[int(np.argmax(bad))]
        arrays.refuse(f"gives item '{item}' weights in {name} that are no numbers >= 0 of sum > 0")
    return replace(items, token_columns={**items.token_columns, "weight": weights})


def _with_levels(arrays: TypedArrays, key: str, items: Tokens) -> Tokens:
    """Return items whose tokens are marked as frames and patches."""
    name, rows = f"{key}_level", items.tokens
    if isinstance(rows, Unpadded):
        levels = rows.of_tokens(arrays.whole_grid(name, rows.grid))
    else:
        levels = arrays.whole_numbers(name, len(rows))
    for problem in level_problems(levels, name):
        arrays.refuse(f"is unsound: {problem.rstrip('.')}")
    marked = replace(items, token_columns={**items.token_columns, "level": levels.astype(np.uint8)})
    for problem in marked.level_problems(FRAME_LEVEL):
        raise InputError(problem)
    return marked


def _packed(
    arrays: TypedArrays, key: str, tokens: NDArray[Any]
) -> tuple[NDArray[Any], Any, NDArray[np.int64]]:
    name = f"{key}_offsets"
    if name not in arrays:
        arrays.refuse(
            f"holds packed {key}_tokens {tokens.shape} without {name} (n + 1,), which says where "
            f"items begin; vectors of whole items are named {key}"
        )
    if f"{key}_mask" in arrays:
        arrays.refuse(f"holds {key}_mask, but {key}_tokens {tokens.shape} is packed, not padded")
    named = arrays.arrays.get(f"{key}_ids")
    n = max(arrays.arrays[name].size - 1 if named is None else named.size, 1)
    offsets = arrays.whole_numbers(name, n + 1)
    ids = _ids(arrays, key, n)
    for problem in offset_problems(offsets, ids, len(tokens), name):
        arrays.refuse(f"has unsound offsets: {problem.rstrip('.')}")
    if offsets[-1] != len(tokens):
        arrays.refuse(f"has {len(tokens)} {key}_tokens, but {name} ends at {offsets[-1]}")
    return ids, tokens, offsets


def _padded(
    arrays: TypedArrays, key: str, tokens: NDArray[Any]
) -> tuple[NDArray[Any], Any, NDArray[np.int64]]:
    name = f"{key}_mask"
    if name not in arrays:
        arrays.refuse(
            f"holds padded {key}_tokens {tokens.shape} without {name} {tokens.shape[:2]}, which is "
            "true where there is a token"
        )
    if f"{key}_offsets" in arrays:
        arrays.refuse(f"holds {key}_offsets, but {key}_tokens {tokens.shape} is padded, not packed")
    mask = arrays.mask(name, tokens.shape[:2])
    ids = _ids(arrays, key, len(tokens))
    lengths = mask.sum(axis=1)
    if not lengths.all():
        item = ids[int(np.argmin(lengths))]
        arrays.refuse(
            f"gives item '{item}' no token in {name}: leave the item out, or, if the mask is "
            f"true where there is padding, {INVERTED}"
        )
    return ids, Unpadded(tokens, mask), offsets_of(lengths)


def _ids(arrays: TypedArrays, key: str, n: int) -> NDArray[Any]:
    ids = arrays.ids(f"{key}_ids", n, key)
    for problem in id_problems(ids, f"{key}_ids"):
        arrays.refuse(f"is unsound: {problem.rstrip('.')}")
    return ids


def _tokens(
    arrays: TypedArrays,
    key: str,
    ids: NDArray[Any],
    rows: Any,
    offsets: NDArray[np.int64],
    vectors: NDArray[Any] | None,
) -> Tokens:
    return Tokens(ids, rows, offsets, vectors, name=f"{key} in {arrays.source}")
