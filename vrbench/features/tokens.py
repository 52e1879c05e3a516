"""Tokens: the packed token embeddings of one side, text or video."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vrbench.errors import InputError
from vrbench.features.selected import select, span
from vrbench.runtime.inputs import to_numpy
from vrbench.runtime.printable import one_line

FRAME_LEVEL, PATCH_LEVEL = 0, 1
"""Values of the token column ``level``."""


@dataclass(frozen=True, eq=False)
class Tokens:
    """The tokens of n items, packed: all items' tokens one after the other.

    Attributes:
        ids: (n,) unique names.
        tokens: (sum l, d) a row for each token; an array, or an HDF5 dataset read in blocks.
        offsets: (n + 1,) item i has the rows ``offsets[i]:offsets[i + 1]``; no item is empty.
        global_vectors: (n, d) a vector for each item; None: the mean of its tokens is used.
        normalized: True scores cosines (tokens and globals are scaled to length 1), False the dot
            products as they are.
        item_columns: further values of each item, (n,) each: ``captions``, ``video`` (row of the
            text's video), ``cut`` (pieces of a caption, or frames, beyond the encoder's limit).
        token_columns: further values of each token, (sum l,) each: ``frame``, ``time``
            (seconds), ``level``, ``words`` (which stay on disk until a block is read).
        name: name of this side, for messages, such as "video in f.h5".
    """

    ids: NDArray[Any]
    tokens: Any
    offsets: NDArray[np.int64]
    global_vectors: Any = None
    normalized: bool = True
    item_columns: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    token_columns: Mapping[str, Any] = field(default_factory=dict)
    name: str = "items"

    def __len__(self) -> int:
        return len(self.ids)

    def __repr__(self) -> str:
        return f"Tokens({one_line(self.name)}: {self.described()})"

    def described(self) -> str:
        """Return counts, width and type; for a closed file, what is known without it."""
        said = [f"{len(self):,} items, {int(self.offsets[-1]):,} tokens"]
        try:
            said.append(f"width {self.dim}, {self.tokens.dtype}")
        except ValueError:  # h5py's, of a closed file
            said.append("closed")
        return ", ".join(said)

    @property
    def dim(self) -> int:
        """Width d of a token."""
        return int(self.tokens.shape[1])

    @cached_property
    def lengths(self) -> NDArray[np.int64]:
        """(n,) number of tokens of each item."""
        return np.diff(self.offsets)

    @property
    def captions(self) -> NDArray[Any] | None:
        """(n,) the captions, where the file has them."""
        return self.item_columns.get("captions")

    @property
    def video(self) -> NDArray[np.int64] | None:
        """(n,) row of each text's video; None on the video side."""
        return self.item_columns.get("video")

    def block(self, start: int, stop: int) -> Tokens:
        """Return items ``start:stop``, read into memory.

        Raises:
            InputError: the file cannot be read there.
        """
        low, high = int(self.offsets[start]), int(self.offsets[stop])
        vectors = self.global_vectors
        try:
            return replace(
                self,
                ids=self.ids[start:stop],
                tokens=np.asarray(self.tokens[low:high]),
                offsets=self.offsets[start : stop + 1] - low,
                global_vectors=None if vectors is None else np.asarray(vectors[start:stop]),
                item_columns={k: v[start:stop] for k, v in self.item_columns.items()},
                token_columns={k: v[low:high] for k, v in self.token_columns.items()},
            )
        except OSError as error:
            raise InputError(
                f"Items '{self.ids[start]}' to '{self.ids[stop - 1]}' of {self.name} cannot be "
                f"read: {error}."
            ) from error

    def part(self, start: int, stop: int) -> Tokens:
        """Return items ``start:stop``; data in a file stay there."""
        low, high = int(self.offsets[start]), int(self.offsets[stop])
        vectors = self.global_vectors
        return replace(
            self,
            ids=self.ids[start:stop],
            tokens=span(self.tokens, low, high),
            offsets=self.offsets[start : stop + 1] - low,
            global_vectors=None if vectors is None else span(vectors, start, stop),
            item_columns={k: v[start:stop] for k, v in self.item_columns.items()},
            token_columns={k: span(v, low, high) for k, v in self.token_columns.items()},
        )

    def blocks(self, values: int = 4_000_000) -> Iterator[Tokens]:
        """Yield all items in order, in blocks of at most ``values`` numbers, or of one item."""
        rows = max(values // self.dim, 1)
        start = 0
        while start < len(self):
            fits = int(np.searchsorted(self.offsets, self.offsets[start] + rows, side="right")) - 1
            stop = max(fits, start + 1)
            yield self.block(start, stop)
            start = stop

    def select(self, index: Sequence[int] | NDArray[Any]) -> Tokens:
        """Return the items at ``index`` (n',), in that order; data in a file stay there."""
        index = np.asarray(index, dtype=np.int64)
        rows, vectors = token_rows(self.offsets, index), self.global_vectors
        return replace(
            self,
            ids=self.ids[index],
            tokens=select(self.tokens, rows),
            offsets=offsets_of(self.lengths[index]),
            global_vectors=None if vectors is None else select(vectors, index),
            item_columns={k: v[index] for k, v in self.item_columns.items()},
            token_columns={k: select(v, rows) for k, v in self.token_columns.items()},
        )

    def take(self, index: Sequence[int] | NDArray[Any]) -> Tokens:
        """Return the items at ``index`` (n',), in that order, read into memory."""
        chosen = self.select(index)
        return chosen.block(0, len(chosen))

    def at_level(self, level: int) -> Tokens:
        """Return the tokens of one level (0 frame, 1 patch); all of them if none is marked.

        Raises:
            InputError: an item has no token at that level.
        """
        levels = self.token_columns.get("level")
        if levels is None:
            return self
        for problem in self.level_problems(level):
            raise InputError(problem)
        keep = levels == level
        counts = self._at_level(level)
        return replace(
            self,
            tokens=np.asarray(self.tokens[: len(keep)])[keep],
            offsets=offsets_of(counts),
            token_columns={k: v[keep] for k, v in self.token_columns.items()},
        )

    def level_problems(self, level: int) -> Iterator[str]:
        """Yield the first item that has no token at a level, if levels are marked."""
        if "level" not in self.token_columns:
            return
        counts = self._at_level(level)
        if (counts == 0).any():
            item = self.ids[int(np.argmin(counts))]
            yield (
                f"Item '{item}' of {self.name} has no token at level {level}: methods read the "
                f"tokens of level {FRAME_LEVEL}, give each item one or leave level out."
            )

    def counts_at(self, level: int) -> NDArray[np.int64]:
        """(n,) number of tokens at a level (0 frame, 1 patch); all of them if none is marked."""
        return self.lengths if "level" not in self.token_columns else self._at_level(level)

    def _at_level(self, level: int) -> NDArray[np.int64]:
        before = offsets_of(np.asarray(self.token_columns["level"]) == level)
        return before[self.offsets[1:]] - before[self.offsets[:-1]]


def offsets_of(lengths: ArrayLike) -> NDArray[np.int64]:
    """(n,) lengths -> (n + 1,) offsets."""
    return np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)


def token_rows(offsets: NDArray[np.int64], index: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the token rows of the items at ``index``, item after item."""
    lengths = offsets[index + 1] - offsets[index]
    starts = np.repeat(offsets[index] - offsets_of(lengths)[:-1], lengths)
    return starts + np.arange(int(lengths.sum()))


def as_tokens(items: Any, name: str, *, normalized: bool = True) -> Tokens:
    """Return ``items`` as Tokens.

    Args:
        items: Tokens, which stay as they are; a list of (l, d) arrays or an (n, l, d) array; or
            an (n, d) array, each row of which is the one token and the global of an item.
        name: of the side.
        normalized: whether cosines are scored.

    Raises:
        InputError: the list is empty, an item is not (l, d) with l >= 1, or widths differ.
    """
    if isinstance(items, Tokens):
        return items
    whole = to_numpy(items) if hasattr(items, "ndim") else None
    if whole is not None and whole.ndim == 2:
        items = whole[:, None]
    arrays = [to_numpy(item) for item in items]
    if not arrays:
        raise InputError(f"There is no {name} to score: expected a list of (l, d) arrays.")
    width = arrays[0].shape[-1] if arrays[0].ndim == 2 else "d"
    for i, array in enumerate(arrays):
        if array.ndim != 2 or 0 in array.shape or array.shape[1] != width:
            raise InputError(
                f"{name.capitalize()} {i} has shape {array.shape}, expected (l, {width}) with at "
                "least one token."
            )
    return Tokens(
        ids=np.array([f"{name}{i}" for i in range(len(arrays))]),
        tokens=np.concatenate(arrays),
        offsets=offsets_of([len(array) for array in arrays]),
        normalized=normalized,
        name=name,
    )


def is_numbers(column: Any) -> bool:
    """Whether a column holds numbers, not the strings of a file, which have no type."""
    kind = getattr(column, "dtype", None)
    return kind is not None and kind.kind in "iuf"
