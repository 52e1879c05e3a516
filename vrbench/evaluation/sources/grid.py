"""All texts x all videos in blocks."""

from __future__ import annotations

import hashlib
import math
import pickle
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from vrbench.evaluation.sources.blocks import Block
from vrbench.features import Tokens
from vrbench.runtime.sums import LEAF
from vrbench.sims.sim import Direction
from vrbench.sims.truth import Truth

Place = tuple[int, int]
"""Which part of the texts, and which of the videos."""


@dataclass(frozen=True, eq=False)
class Grid(Mapping[Place, Block]):
    """All texts x all videos in blocks, texts before videos.

    Attributes:
        text: all texts.
        video: all videos.
        truth: the positive pairs.
        pairs: similarities of a block, about.
    """

    text: Tokens
    video: Tokens
    truth: Truth
    pairs: int

    @cached_property
    def parts(self) -> dict[Direction, list[slice]]:
        """The parts of the texts (t2v: its queries) and of the videos."""
        n, m = len(self.text), len(self.video)
        side = math.isqrt(self.pairs)
        wide, high = (max(side, self.pairs // max(1, min(x, side))) for x in (n, m))
        return {"t2v": _cut(n, high), "v2t": _cut(m, wide)}

    def __len__(self) -> int:
        return len(self.parts["t2v"]) * len(self.parts["v2t"])

    def __iter__(self) -> Iterator[Place]:
        n, m = (len(parts) for parts in self.parts.values())
        return ((i, j) for i in range(n) for j in range(m))

    def __getitem__(self, place: Place) -> Block:
        texts, videos = self.parts["t2v"][place[0]], self.parts["v2t"][place[1]]
        text, video = self._by_text
        low, high = np.searchsorted(text, [texts.start, texts.stop])
        here = np.flatnonzero((video[low:high] >= videos.start) & (video[low:high] < videos.stop))
        return Block(
            _scored(self.text.part(texts.start, texts.stop)),
            _scored(self.video.part(videos.start, videos.stop)),
            {"t2v": texts.start, "v2t": videos.start},
            (text[low:high][here] - texts.start, video[low:high][here] - videos.start),
        )

    def slices(self, place: Place, direction: Direction) -> tuple[slice, slice]:
        """Return which queries and which gallery items of a direction a block has."""
        text, video = (parts[i] for parts, i in zip(self.parts.values(), place, strict=True))
        return (text, video) if direction == "t2v" else (video, text)

    def naming(self, about: object) -> Callable[[Place], str]:
        """Return what names a block by all that decides its bits: its items, and ``about``."""
        start = pickle.dumps(about)
        parts: dict[tuple[int, int], bytes] = {}

        def name(place: Place) -> str:
            found = hashlib.sha256(start)
            for side, (items, part, slices) in enumerate(self._sides(place)):
                if (side, part) not in parts:
                    parts[side, part] = _digest(items.block(slices.start, slices.stop))
                found.update(parts[side, part])
            return found.hexdigest()[:24]

        return name

    def _sides(self, place: Place) -> Iterator[tuple[Tokens, int, slice]]:
        slices = self.slices(place, "t2v")
        return zip((self.text, self.video), place, slices, strict=True)

    @cached_property
    def _by_text(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        order = np.argsort(self.truth.text, kind="stable")
        return self.truth.text[order], self.truth.video[order]


def _scored(items: Tokens) -> Tokens:
    """Return the items without their captions and words, which no alignment reads."""
    of_items, of_tokens = (
        {name: values for name, values in columns.items() if name not in ("captions", "words")}
        for columns in (items.item_columns, items.token_columns)
    )
    return replace(items, item_columns=of_items, token_columns=of_tokens)


def _digest(items: Tokens) -> bytes:
    """Return a digest of what alignments read of some items."""
    found = hashlib.sha256("\n".join(map(str, items.ids)).encode())
    arrays = [items.offsets, items.tokens, np.array(items.normalized)]
    arrays += [] if items.global_vectors is None else [items.global_vectors]
    arrays += [items.token_columns[name] for name in sorted(_scored(items).token_columns)]
    for array in arrays:
        found.update(np.ascontiguousarray(array).tobytes())
    return found.digest()


def _cut(n: int, size: int) -> list[slice]:
    """Cut n items into parts of about ``size``, all but the last of a multiple of ``LEAF``."""
    step = max(1, size // LEAF) * LEAF
    return [slice(start, min(start + step, n)) for start in range(0, n, step)]
