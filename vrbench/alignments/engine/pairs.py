"""Pairs of a tile in vector registers: a text and as many videos as fill one.

Imported only where numba is.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numba  # noqa: F401  # whole first: parts of it fail where two threads begin with them
from llvmlite import ir
from numba.core import cgutils, types
from numba.core.errors import TypingError
from numba.extending import intrinsic
from numba.np.arrayobj import make_array

from vrbench.alignments.engine.rules import Meeting, State
from vrbench.runtime.arithmetic import Vector
from vrbench.runtime.vectors import INDEX, Lanes, data, prefetch, repeat, target

LANES = Lanes(ir.FloatType(), 16 if "+avx512f" in target()[1] else 8)
"""Videos that are worked on together."""
ROW = types.Array(types.float32, 1, "C")
MATRIX = types.Array(types.float32, 2, "C")
AT = types.UniTuple(types.int64, 6)  # type: ignore[no-untyped-call]


def instruction(rule: Meeting, results: int, write: Callable[[Walk, list[Matrix]], None]) -> Any:
    """Return an instruction that compiled functions can give.

    It is given what a kernel of ``kernels.py`` is called with, up to the method's number, then
    ``room`` to work in, and a tuple of the matrices of its results.

    Args:
        rule: what it reads of a tile.
        results: how many; the first has a row for each text, and a column for each video.
        write: writes what it does, given the tile and these matrices.
    """
    expected = MATRIX, MATRIX, MATRIX, AT, types.float32, ROW, types.UniTuple(MATRIX, results)  # type: ignore[no-untyped-call]

    @intrinsic
    def instruction(
        typing: Any, c: Any, d: Any, e: Any, at: Any, scale: Any, room: Any, results: Any
    ) -> Any:
        given = c, d, e, at, scale, room, results
        if any(map(operator.ne, given, expected)):
            raise TypingError(f"expected {expected}, not {given}")
        return types.void(*given), written

    def written(context: Any, to: Any, signature: Any, given: Any) -> Any:
        *cde, at, scale, _, found = given
        (c, d, e), into = (
            [Matrix.of(context, to, matrix) for matrix in matrices]
            for matrices in (cde, _parts(to, found))
        )
        number = Vector(to, LANES, LANES.spread(to, scale))
        room = data(context, to, signature, given, 5)
        shape = into[0].rows, into[0].columns
        write(Walk(rule, to, c, d, e, At(*_parts(to, at)), number, room, *shape), into)
        return context.get_dummy_value()

    return instruction


@dataclass(frozen=True)
class Matrix:
    """Where a matrix begins, its rows and its columns."""

    start: Any
    rows: Any
    columns: Any

    @classmethod
    def of(cls, context: Any, to: Any, given: Any) -> Matrix:
        """Return a matrix that is given."""
        array = make_array(MATRIX)(context, to, given)  # type: ignore[no-untyped-call]
        return cls(array.data, *_parts(to, array.shape))

    def place(self, to: Any, row: Any, column: Any) -> Any:
        """Return where a number stands."""
        return to.gep(self.start, [to.add(to.mul(row, self.columns), column)])


class At(NamedTuple):
    """Where a tile stands in its matrices, and the lengths of its items."""

    row: Any
    text: Any
    column: Any
    video: Any
    words: Any
    frames: Any


def _parts(to: Any, of: Any) -> list[Any]:
    """Return what stands in a tuple."""
    return list(cgutils.unpack_tuple(to, of))  # type: ignore[no-untyped-call]


@dataclass(frozen=True)
class Walk:
    """A tile, see ``kernels.py``, and what is done with it.

    Attributes:
        rule: what is done with it.
        to: the place in a function that instructions are written to.
        c: words times frames.
        d: texts' global vectors times frames.
        e: words times videos' global vectors.
        at: where it stands in these.
        scale: the method's number.
        room: to work in.
        texts: how many.
        videos: how many.
    """

    rule: Meeting
    to: Any
    c: Matrix
    d: Matrix
    e: Matrix
    at: At
    scale: Vector
    room: Any
    texts: Any
    videos: Any

    def each(self, write: Callable[[Pairs], None]) -> None:
        """Write the loops over texts and videos; ``write`` is called for what they do."""
        to, count = self.to, INDEX(LANES.count)
        whole, rest = to.sdiv(self.videos, count), to.srem(self.videos, count)
        some = LANES.first(to, rest)

        def of_text(text: Any, _: Any) -> list[Any]:
            def of_videos(number: Any, _: Any) -> list[Any]:
                write(Pairs(self, text, to.mul(number, count), None))
                return []

            repeat(to, whole, [], of_videos)
            with to.if_then(to.icmp_signed(">", rest, INDEX(0))):
                write(Pairs(self, text, to.mul(whole, count), some))
            return []

        repeat(to, self.texts, [], of_text)


@dataclass(frozen=True)
class Pairs:
    """A text and the videos that fill the lanes, or those of ``mask``.

    Attributes:
        tile: where they are.
        text: number of the text in the tile.
        video: that of the first video.
        mask: the lanes that have a video; None: all.
    """

    tile: Walk
    text: Any
    video: Any
    mask: Any

    def similarity(self, word: Any, frame: Any) -> Vector:
        """Return that of a word and a frame; of a later word it is asked for from memory."""
        tile, to = self.tile, self.tile.to
        row, column = self.met(word, frame)
        if tile.rule.ahead:
            prefetch(to, tile.c.place(to, to.add(row, INDEX(tile.rule.ahead)), column))
        return self.load(tile.c, row, column)

    def of_word(self, word: Any) -> Vector | None:
        """Return its similarity to the videos' global vectors, where the rule reads it."""
        return self.load(self.tile.e, *self.word(word)) if self.tile.rule.vectors else None

    def of_frame(self, frame: Any) -> Vector | None:
        """Return its similarity to the text's global vector, where the rule reads it."""
        return self.load(self.tile.d, *self.frame(frame)) if self.tile.rule.vectors else None

    def met(self, word: Any, frame: Any) -> tuple[Any, Any]:
        """Return row and column of a word and the first video's frame in c."""
        return self.word(word)[0], self.frame(frame)[1]

    def word(self, word: Any) -> tuple[Any, Any]:
        """Return row and column of a word and the first video in e."""
        to, at = self.tile.to, self.tile.at
        row = to.add(to.add(at.row, to.mul(self.text, at.words)), word)
        return row, to.add(at.video, self.video)

    def frame(self, frame: Any) -> tuple[Any, Any]:
        """Return row and column of the text and the first video's frame in d."""
        to, at = self.tile.to, self.tile.at
        column = to.add(to.add(at.column, self.video), to.mul(frame, self.tile.videos))
        return to.add(at.text, self.text), column

    def load(self, matrix: Matrix, row: Any, column: Any) -> Vector:
        """Return a matrix's numbers of the videos."""
        to = self.tile.to
        return self.vector(LANES.load(to, matrix.place(to, row, column), self.mask))

    def store(self, value: Vector, matrix: Matrix, row: Any, column: Any) -> None:
        """Write numbers of the videos to a matrix."""
        to = self.tile.to
        LANES.store(to, value.value, matrix.place(to, row, column), self.mask)

    def hold(self, token: Any, count: int, numbers: State) -> None:
        """Keep numbers of a token in the room, where each token has ``count``."""
        for k, number in enumerate(numbers):
            LANES.store(self.tile.to, number.value, self._held(token, count, k))

    def held(self, token: Any, count: int, some: int | None = None) -> State:
        """Return what is kept of a token, or the first ``some`` of its numbers."""
        to, numbers = self.tile.to, range(count if some is None else some)
        return self.vectors(LANES.load(to, self._held(token, count, k)) for k in numbers)

    def _held(self, token: Any, count: int, number: int) -> Any:
        to, lanes = self.tile.to, LANES.count
        at = to.add(to.mul(token, INDEX(count * lanes)), INDEX(number * lanes))
        return to.gep(self.tile.room, [at])

    def number(self, whole: Any) -> Vector:
        """Return a whole number in all lanes."""
        to = self.tile.to
        return self.vector(LANES.spread(to, to.sitofp(whole, LANES.number)))

    def vectors(self, values: Iterable[Any]) -> State:
        """Return values of LLVM as vectors."""
        return tuple(map(self.vector, values))

    def vector(self, value: Any) -> Vector:
        """Return a value of LLVM as a vector."""
        return Vector(self.tile.to, LANES, value)
