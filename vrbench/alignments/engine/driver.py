"""The one driver of all alignments: blocks of items, groups of equal length, tiles in threads."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from vrbench.alignments import Method, alignments
from vrbench.alignments.base import Alignment, Reduce, TokenAlignment, VectorAlignment
from vrbench.alignments.engine import fused
from vrbench.alignments.engine.checks import check_options, check_sides
from vrbench.alignments.engine.items import Items, check_products, prepare
from vrbench.alignments.engine.panels import Panel, meet, panels
from vrbench.alignments.engine.product import operand, ours, product
from vrbench.alignments.engine.reading import Reading, runs
from vrbench.alignments.engine.threads import Pool
from vrbench.alignments.engine.tiles import Buffers, Products
from vrbench.features.tokens import Tokens
from vrbench.runtime.backend import Backend
from vrbench.runtime.device import torch_device
from vrbench.sims.sim import Sim

if TYPE_CHECKING:
    from torch import Tensor

PairProgress = Callable[[int, int], None]
"""Called with (pairs done, pairs in all)."""

PANEL_WORDS, PANEL_FRAMES = 1920, 1152
"""Tokens of a panel of texts and of videos."""

OTHERS = 4
"""Numbers of each pair of items in memory, beside the products with global vectors: results."""

WIDE = 512
"""Numbers a token from which a panel has so many words; half as many where the product takes less
time than its numbers take to and from the cache that processes share."""

TILE = 1 << 19
"""Products that torch reduces at once: what is made of them stays in the cache of one core."""

BLOCK_BYTES = 500_000_000
"""Working size of the blocks read from each side, unless less memory is allowed."""


def score(
    text: Tokens,
    video: Tokens,
    method: Method,
    *,
    precision: Literal["single", "double"] = "single",
    device: str = "auto",
    workers: int | None = None,
    block_bytes: int = BLOCK_BYTES,
    keep: Literal["both", "t2v", "v2t"] = "both",
    progress: PairProgress | None = None,
    compiled: bool = True,
) -> Sim:
    """Score every text against every video.

    Args:
        text: n_text items.
        video: n_video items of the same width.
        method: the alignment, or weighted sum of alignments.
        precision: of products and result: float32 (``single``) or float64 (``double``).
        device: ``auto`` (CUDA where there is one), ``cpu`` or ``cuda``.
        workers: threads; None: one a core. The result does not depend on it.
        block_bytes: memory for the items in work, of each side.
        keep: which direction's matrix is wanted; the other is then None.
        progress: called as pairs are finished.
        compiled: whether numba may do what it can, where it is installed: products on the CPU,
            and of float32 the reductions that have a kernel.

    Returns:
        Sim of (n_text, n_video) matrices on the CPU; (levels, n_text, n_video) of a method that
        has alignment levels.

    Raises:
        InputError: widths differ, one side is raw and the other not, or an item is malformed.
    """
    import torch

    check_options(precision, device, workers)
    check_sides(text, video)
    kind = torch.float64 if precision == "double" else torch.float32
    on = torch.device(torch_device(device))
    out = _empty(len(text), len(video), method, keep, str(kind).removeprefix("torch."))
    done, total = 0, len(text) * len(video) * len(method.terms)
    work = _Work(text, video, kind, on, block_bytes, compiled)
    with Pool(workers, on) as pool:
        terms = [(work.choosing(term[1]), *term) for term in _terms(method, out)]
        for reading, weight, part, into in terms:
            for pairs in reading.add(
                part, {d: (weight, matrix) for d, matrix in into.items()}, pool
            ):
                done += pairs
                if progress:
                    progress(done, total)
    return Sim(out.get("t2v"), out.get("v2t", out.get("t2v") if keep == "both" else None))


def global_vectors(items: Tokens) -> NDArray[np.float64]:
    """(n, d) each item's global vector, scaled as for scoring.

    Raises:
        InputError: an item is malformed.
    """
    import torch

    on = torch.device("cpu")
    parts = [
        prepare(items.block(part.start, part.stop), torch.float64, on).global_vectors.numpy()
        for part in runs(items, BLOCK_BYTES)
    ]
    return np.concatenate(parts)


def _empty(n: int, m: int, method: Method, keep: str, kind: str) -> dict[str, NDArray[Any]]:
    """One zero matrix, or one a level, for each direction that differs and is wanted."""
    directions = ("t2v", "v2t") if keep == "both" else (keep,)
    if method.symmetric:
        directions = directions[:1]
    levels = len(method.levels)
    shape = (levels, n, m) if levels else (n, m)
    return {direction: np.zeros(shape, dtype=kind) for direction in directions}


def _terms(
    method: Method, out: dict[str, NDArray[Any]]
) -> Iterator[tuple[float, Alignment, dict[str, NDArray[Any]]]]:
    """Yield what is computed: a weight, an alignment, and the matrices it is added to."""
    levels = method.levels
    for weight, part in () if levels else method.terms:
        yield weight, part, out
    for k, level in enumerate(levels):
        for weight, part in level.terms:
            yield weight, part, {direction: matrix[k] for direction, matrix in out.items()}


Target = dict[str, tuple[float, NDArray[Any]]]
"""By direction: the weight of a part, and the (part of the) result that it is added to."""


@dataclass(frozen=True)
class _Work(Reading):
    """The two sides, and what is done to their blocks.

    Attributes:
        compiled: whether numba may do what it can.
    """

    compiled: bool

    def add(self, part: Alignment, target: Target, pool: Backend) -> Iterator[int]:
        """Add one alignment's similarities to the target; yield finished pairs."""
        with alignments.calling(part):
            yield from self._add(part, target, pool)

    def _add(self, part: Alignment, target: Target, pool: Backend) -> Iterator[int]:
        if isinstance(part, VectorAlignment):
            texts, text_sizes = self.vectors(part, "text")
            videos, video_sizes = self.vectors(part, "video")
            check_products(self.text, self.video, (text_sizes, video_sizes), self.kind)
            yield from _add_products(texts, videos, target, self.own)
            return
        assert isinstance(part, TokenAlignment)
        compiled = self.compiled_reduction(part)
        reduce, size = (part.reduce, TILE) if compiled is None else (compiled, None)
        streams = self.own and compiled is not None and fused.streams(part)
        buffers = Buffers(self.own)
        for t, text in self.blocks(part, "text"):
            for v, video in self.blocks(part, "video"):
                sizes = text.largest(vectors=False), video.largest(vectors=False)
                check_products(text.stored, video.stored, sizes, self.kind)
                block = {d: (weight, matrix[t, v]) for d, (weight, matrix) in target.items()}
                yield from _add_tiles(reduce, size, streams, buffers, text, video, block, pool)

    def compiled_reduction(self, part: TokenAlignment) -> Reduce | None:
        """Return a compiled reduction, where there is one for these numbers."""
        fits = self.on.type == "cpu" and self.kind.itemsize == 4 and self.compiled
        return fused.reduction(part, self.text.normalized) if fits else None

    @property
    def own(self) -> bool:
        """Whether our kernel makes the products."""
        return self.compiled and ours(self.kind, self.on)


def _add_tiles(
    reduce: Reduce, size: int | None, streams: bool, buffers: Buffers, texts: Items, videos: Items,
    target: Target, pool: Backend,
) -> Iterator[int]:  # fmt: skip
    video_panels = list(panels(videos, PANEL_FRAMES, lanes=True))
    widest = max(len(panel.rows) for panel in video_panels)
    shortest = (texts.shortest, videos.shortest) if streams else None
    words = panel_words(texts.tokens.shape[1], widest, shortest)
    text_panels = list(panels(texts, words, lanes=False))

    def work(pair: tuple[Panel, Panel]) -> int:
        text, video = pair
        shape = len(text.index), len(video.index)
        both = buffers.room("results", 2, *shape, like=texts.tokens)
        for tile in Products(*pair, buffers=buffers).tiles(size):
            for value, found in zip(both, reduce(tile), strict=True):
                value[tile.text.items, tile.video.items] = found
        _add(target, meet(text, video), *both)
        return math.prod(shape)

    pairs = [(t, v) for v in video_panels for t in text_panels]
    yield from (done for _, done in pool.map(work, dict(enumerate(pairs))))


def panel_words(width: int, frames: int, shortest: tuple[int, int] | None = None) -> int:
    """Return the words of a panel of texts: fewer where long videos need more frames.

    Args:
        width: numbers of a token.
        frames: of the largest panel of videos.
        shortest: lengths of the shortest text and video, where their products are reduced as they
            are made: there are more words, as far as other products and results take no more room
            than the products of tokens would.
    """
    words, least = PANEL_WORDS if width >= WIDE else PANEL_WORDS // 2, PANEL_WORDS // 4
    if shortest is not None:
        w, f = shortest
        words = min(int(words / (1 / w + 1 / f + OTHERS / (w * f))), 2 * PANEL_WORDS)
        least //= 2
    return max(words * PANEL_FRAMES // frames, least)


def _add_products(texts: Tensor, videos: Tensor, target: Target, own: bool) -> Iterator[int]:
    columns = operand(videos, columns=True, own=own)
    for start in range(0, len(texts), PANEL_WORDS):
        rows = texts[start : start + PANEL_WORDS]
        value = product(operand(rows, own=own), columns)[: len(rows), : len(videos)]
        _add(target, (slice(start, start + PANEL_WORDS), slice(None)), value, value)
        yield len(rows) * len(videos)


def _add(target: Target, where: Any, t2v: Tensor, v2t: Tensor) -> None:
    for direction, (weight, block) in target.items():
        value = (t2v if direction == "t2v" else v2t).cpu().numpy()
        block[where] += weight * value
