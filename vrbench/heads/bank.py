"""The bank of a head: its last training queries, in the order seen, as arrays of its file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrbench.features.tokens import Tokens
from vrbench.heads.base import Side

PREFIX = "bank."
SIDES: tuple[Side, ...] = ("text", "video")
_OWN = ("tokens", "offsets", "ids", "order", "global")


def is_bank(name: str) -> bool:
    """Whether an array of a head file belongs to its bank."""
    return name.startswith(PREFIX)


def bank_arrays(side: Side, items: Tokens, order: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
    """Return a side of a bank as arrays of a head file.

    Args:
        side: ``text`` or ``video``.
        items: mapped items in memory; each stands here once.
        order: (k,) which of them each query is; repeats and all.
    """
    ids = json.dumps([str(one) for one in items.ids]).encode()
    found: dict[str, NDArray[Any]] = {
        "tokens": np.asarray(items.tokens),
        "offsets": items.offsets,
        "ids": np.frombuffer(ids, np.uint8),
        "order": order.astype(np.int64),
        **{name: _floats(value) for name, value in items.token_columns.items()},
    }
    if items.global_vectors is not None:
        found["global"] = np.asarray(items.global_vectors)
    return {f"{PREFIX}{side}.{name}": value for name, value in found.items()}


def _floats(column: NDArray[Any]) -> NDArray[Any]:
    """Return a column as a file has it: what marks patches are whole numbers."""
    return column if column.dtype.kind == "f" else column.astype(np.float32)


def bank_side(arrays: Mapping[str, NDArray[Any]], side: Side, name: str, cosines: bool) -> Tokens:
    """Return the (k) queries of a side, in the order seen.

    Args:
        arrays: of the head's bank.
        side: ``text`` or ``video``.
        name: what to call the head in messages.
        cosines: whether its features are scored as cosines.
    """
    start = f"{PREFIX}{side}."
    mine = {key.removeprefix(start): v for key, v in arrays.items() if key.startswith(start)}
    ids = np.array(json.loads(mine["ids"].tobytes()), dtype=np.dtypes.StringDType())
    items = Tokens(
        ids=ids,
        tokens=mine["tokens"],
        offsets=mine["offsets"],
        global_vectors=mine.get("global"),
        normalized=cosines,
        token_columns={key: value for key, value in mine.items() if key not in _OWN},
        name=f"/bank/{side} in {name}",
    )
    items = items.select(mine["order"])
    return (
        items if side == "video" else replace(items, item_columns={"video": np.arange(len(items))})
    )


def check_bank(arrays: Mapping[str, NDArray[Any]]) -> None:
    """Check that the arrays of a bank, where there is one, fit together.

    Raises:
        ValueError: they do not.
    """
    if not arrays:
        return
    counts = {side: _check_side(arrays, f"{PREFIX}{side}.") for side in SIDES}
    if len({*counts.values()}) > 1:
        raise ValueError(f"its bank has {counts['text']} texts and {counts['video']} videos")
    for name in arrays:
        if not name.startswith(tuple(f"{PREFIX}{side}." for side in SIDES)):
            raise ValueError(f"the array '{name}' belongs to nothing")


def _check_side(arrays: Mapping[str, NDArray[Any]], start: str) -> int:
    mine = {key.removeprefix(start): v for key, v in arrays.items() if key.startswith(start)}
    tokens, offsets, order = mine["tokens"], mine["offsets"], mine["order"]
    ids = json.loads(mine["ids"].tobytes())
    strings = isinstance(ids, list) and all(isinstance(one, str) for one in ids)
    whole = offsets.dtype == order.dtype == np.int64 and offsets.ndim == order.ndim == 1
    if not strings or not whole or tokens.ndim != 2 or not len(order) or not tokens.shape[1]:
        raise ValueError(f"{start}* have other types or shapes than a bank")
    fits = len(offsets) == len(ids) + 1 and offsets[0] == 0 and offsets[-1] == len(tokens)
    if not fits or (np.diff(offsets) < 1).any() or order.min() < 0 or order.max() >= len(ids):
        raise ValueError(f"{start}offsets or {start}order do not fit the items")
    for name, value in mine.items():
        shape = (len(ids), tokens.shape[1]) if name == "global" else (len(tokens),)
        if name in ("tokens", *_OWN[1:4]):
            shape = value.shape
        numbers = value.dtype.kind == "f" and np.isfinite(value).all()
        if value.shape != shape or not (numbers or name in _OWN[1:4]):
            raise ValueError(f"{start}{name} is {value.dtype} {value.shape}")
    return len(order)
