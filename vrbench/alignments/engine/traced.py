"""All pairs of a batch with gradient: each tile is scored, and differentiated, by itself.

Only the products of a batch are kept for it. One graph over all of them would be read from memory
at every step, and give each tile's gradient back as a matrix of the size of all.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from vrbench.alignments import alignments
from vrbench.alignments.base import Reduce, TokenAlignment
from vrbench.alignments.engine import fused
from vrbench.alignments.engine.gathered import Gathered, TileGradients, frames_of, words_of
from vrbench.alignments.engine.items import Items, scaled
from vrbench.alignments.engine.leaves import gradients
from vrbench.alignments.engine.panels import LANES, Panel, in_order, panels
from vrbench.alignments.engine.threads import Pool
from vrbench.alignments.engine.tiles import Products, Tile

if TYPE_CHECKING:
    from torch import Tensor

Done = TypeVar("Done")

TILE = 1 << 18
"""Products that are worked on at once: all that their graph keeps stays in a cache."""

FEW = 2 * TILE
"""Products of a batch up to which threads cost more than they save."""

COMPILED = 16
"""How many times as many both are where the gradient is compiled, too."""


def reduced(
    part: TokenAlignment,
    texts: Items,
    videos: Items,
    text_numbers: Mapping[str, Tensor],
    video_numbers: Mapping[str, Tensor],
) -> tuple[Tensor, Tensor]:
    """(n_text, n_video) s^T and s^V of all pairs, with gradient.

    Args:
        part: the alignment.
        texts: the items that ask.
        videos: the items that answer.
        text_numbers: (sum l,) further values of the texts' tokens, by name.
        video_numbers: the same of the videos' tokens; the names are the same.
    """
    vectors = texts.global_vectors, videos.global_vectors
    names = sorted(text_numbers)
    numbers = [side[name] for side in (text_numbers, video_numbers) for name in names]
    inputs = texts.tokens, videos.tokens, *vectors, *part.learnt(), *numbers
    both = _functions()[0].apply(part, texts, videos, names, *inputs)
    return both[0], both[-1]


def unit(rows: Tensor) -> Tensor:
    """(n, d) rows scaled to length 1, as in scoring, with gradient."""
    result: Tensor = _functions()[1].apply(rows)
    return result


@cache
def _functions() -> tuple[Any, Any]:
    """Return the autograd functions; torch is imported only where it is needed."""
    import torch
    from torch.autograd.function import Function, once_differentiable

    class Reduced(Function):
        @staticmethod
        def forward(
            ctx: Any, part: TokenAlignment, texts: Items, videos: Items, names: Any, *_: Tensor
        ) -> Any:
            ctx.batch, ctx.names = _Batch(part, texts, videos), names
            return ctx.batch.scores()

        @staticmethod
        @once_differentiable
        def backward(ctx: Any, *grads: Tensor) -> Any:
            return None, None, None, None, *ctx.batch.gradients(grads, ctx.names)

    class Unit(Function):  # in a third of the time of the graph of its steps
        @staticmethod
        def forward(ctx: Any, rows: Tensor) -> Tensor:
            found = scaled(rows, True, rows.dtype)
            ctx.save_for_backward(found, torch.linalg.vector_norm(rows, dim=-1, keepdim=True))
            return found

        @staticmethod
        @once_differentiable
        def backward(ctx: Any, grad: Tensor) -> Tensor:
            found, length = ctx.saved_tensors
            along = torch.linalg.vecdot(found, grad).unsqueeze(-1)
            given: Tensor = torch.addcmul(grad, found, along, value=-1).div_(length)
            return given

    return Reduced, Unit


class _Batch:
    """All pairs of a batch, in order of length; made where no graph is recorded."""

    def __init__(self, part: TokenAlignment, texts: Items, videos: Items) -> None:
        self.part = part
        self.products = Products(_panel(texts, lanes=False), _panel(videos, lanes=True))
        self.order = self.products.texts.index, self.products.videos.index
        self.cosines = texts.stored.normalized
        self._lock = threading.Lock()

    def scores(self) -> tuple[Tensor, ...]:
        """s^T and s^V; one where they are the same."""
        import torch

        c, reduce = self.products.c, self._compiled() or self.part.reduce
        shape = [len(order) for order in self.order]
        found = [c.new_empty(shape) for _ in range(1 if self.part.symmetric else 2)]

        def work(tile: Tile) -> None:
            with torch.no_grad():  # each thread has its own mode
                values = reduce(tile)
            for whole, value in zip(found, values, strict=False):
                whole[tile.text.items, tile.video.items] = value

        self._each(work, self._compiled(gradient=True) is not None)
        rows, columns = map(np.argsort, self.order)
        return tuple(whole[rows][:, columns] for whole in found)

    def _compiled(self, *, gradient: bool = False) -> Reduce | None:
        """Return the compiled reduction, where there is one on this device."""
        fits = self.products.c.device.type == "cpu" and self.products.c.itemsize == 4
        return fused.reduction(self.part, self.cosines, gradient=gradient) if fits else None

    def _each(self, work: Callable[[Tile], Done], compiled: bool) -> list[Done]:
        """Work on all tiles; what comes back is in their order."""
        c, times = self.products.c, COMPILED if compiled else 1
        first, *rest = enumerate(self.products.tiles(times * TILE))
        with Pool(None, c.device, alone=c.numel() <= times * FEW) as pool:
            # the first alone: it makes the products that the others read
            done = [pair for tasks in ([first], rest) for pair in pool.map(work, dict(tasks))]
        return [found for _, found in sorted(done, key=lambda pair: pair[0])]

    def gradients(self, grads: Sequence[Tensor], names: Sequence[str]) -> list[Tensor | None]:
        """Of both sides' tokens and global vectors, what is learnt, and the numbers of tokens."""
        with self._lock:  # c is written over
            return self._gradients(grads, names)

    def _gradients(self, grads: Sequence[Tensor], names: Sequence[str]) -> list[Tensor | None]:
        compiled = self._compiled(gradient=True)
        reduce, over = compiled or self.part.reduce, compiled is not None
        into = Gathered(self.products, self.part.learnt(), over=over)
        ordered = [grad[self.order[0]][:, self.order[1]] for grad in grads]

        def work(tile: Tile) -> TileGradients:
            some = [grad[tile.text.items, tile.video.items] for grad in ordered]
            with alignments.calling(self.part):
                found = gradients(self.part, reduce, tile, some, into)
            into.put(found)
            return found

        try:
            for found in self._each(work, over):
                into.add(found)
        finally:
            if over:  # whoever differentiates once more has it made again
                self.products.forget("c")
        words, frames, text, video = into.sides()
        texts, videos = self.products.texts, self.products.videos
        return [
            _back(words, texts.rows),
            _back(frames, videos.rows),
            _back(text, texts.index),
            _back(video, videos.index),
            *into.learnt,
            *(_back(into.numbers.get(words_of(name)), texts.rows) for name in names),
            *(_back(into.numbers.get(frames_of(name)), videos.rows) for name in names),
        ]


def _panel(items: Items, *, lanes: bool) -> Panel:
    """All items in one panel; its vectors are made here, where no graph is recorded."""
    room = len(items.tokens) + 2 * LANES * int(np.diff(items.offsets).max())  # groups are rounded
    (panel,) = panels(items, room, lanes=lanes)
    _ = panel.tokens, panel.global_vectors
    return panel


def _back(rows: Tensor | None, order: NDArray[np.int64]) -> Tensor | None:
    """Rows of a panel -> the order of the batch."""
    return None if rows is None else in_order(rows, np.argsort(order))
