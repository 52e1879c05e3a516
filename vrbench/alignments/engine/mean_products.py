"""Products with global vectors that are means of tokens; imported only where numba is.

A global vector ``u = m / |m|`` of the mean ``m`` of l tokens ``x`` has with any ``y`` the product
``u . y = sum(x . y) / (l |m|)``. So of ``c``, which is made anyway, sums are enough for ``d`` and
``e``, which as products of matrices take as much as a seventh of the time that ``c`` takes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from vrbench.alignments.engine.pairs import LANES, Matrix, Walk, instruction
from vrbench.alignments.engine.rules import State, Token
from vrbench.alignments.engine.walk import Met
from vrbench.runtime.arithmetic import Vector
from vrbench.runtime.vectors import INDEX

F32 = np.float32
COUNT = LANES.count


class Sum:
    """The sum of a token's similarities to all tokens of the other side."""

    start: tuple[float, ...] = (0.0,)
    vectors = False
    words = 4
    ahead = 8
    sums = 0

    def meet(self, c: Vector, scale: Vector, word: Token, frame: Token) -> tuple[State, State]:
        """Add the similarity."""
        return (word.state[0] + c,), (frame.state[0] + c,)


@dataclass(frozen=True)
class _Summed(Met):
    """Pairs, and what their sums are multiplied by: (1, texts) and (1, videos) of the panels."""

    texts: Matrix
    videos: Matrix

    def of_word(self, word: Any, token: Token) -> State:
        pairs = self.pairs
        at, to = pairs.tile.at, pairs.tile.to
        column = to.add(at.video, pairs.video)
        share = pairs.load(self.videos, INDEX(0), column)
        return self._write(token, share, pairs.tile.e, *pairs.word(word))

    def of_frame(self, frame: Any, token: Token) -> State:
        pairs = self.pairs
        at, to = pairs.tile.at, pairs.tile.to
        column = to.add(at.text, pairs.text)
        number = to.load(self.texts.place(to, INDEX(0), column))
        share = pairs.vector(LANES.spread(to, number))
        return self._write(token, share, pairs.tile.d, *pairs.frame(frame))

    def _write(self, token: Token, share: Vector, matrix: Matrix, row: Any, column: Any) -> State:
        before = self.pairs.load(matrix, row, column)
        self.pairs.store(share.if_above(0.0, token.state[0] * share, before), matrix, row, column)
        return ()

    def end(self, words: State, frames: State) -> None:
        pass


def _write(tile: Walk, results: list[Matrix]) -> None:
    _, texts, videos = results
    tile.each(lambda pairs: _Summed(tile.rule, pairs, texts, videos).write())


_fill = instruction(Sum(), 3, _write)


def fill(c: Any, d: Any, e: Any, at: Any, texts: Any, videos: Any, pairs: Any) -> None:
    """Write a tile's d and e, of those items whose global vectors are means.

    Args:
        c: as of kernels, see ``kernels.py``.
        d: likewise; what is not written stays.
        e: likewise.
        at: likewise.
        texts: (1, texts) of the panel, ``Panel.shares``.
        videos: (1, videos), alike.
        pairs: (T, V) anything.
    """
    _fill(c, d, e, at, F32(0), np.empty(at[5] * COUNT, F32), (pairs, texts, videos))


def fill_all(
    c: Any, d: Any, e: Any, texts: Any, videos: Any, of_texts: Any, of_videos: Any
) -> None:
    """Write d and e of two panels.

    Args:
        c: (words', frames').
        d: (texts', frames').
        e: (words', videos').
        texts: (groups, 4) first word, first text, how many, and their length.
        videos: (groups, 4) alike.
        of_texts: (1, texts) ``Panel.shares``.
        of_videos: (1, videos), alike.
    """
    for group in range(len(texts)):
        token, text, count, w = texts[group]
        for other in range(len(videos)):
            column, video, v, f = videos[other]
            pairs = np.empty((count, v), F32)
            fill(c, d, e, (token, text, column, video, w, f), of_texts, of_videos, pairs)
