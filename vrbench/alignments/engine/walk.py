"""How compiled reductions walk over a tile; imported only where numba is.

Each similarity is read once, for both directions. Videos lie side by side and fill a register,
words and frames meet in order: a similarity has the same bits in any tile and on every processor,
though not those of the torch path.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numba  # noqa: F401  # whole first: parts of it fail where two threads begin with them
from llvmlite import ir
from numba.core import cgutils, types
from numba.core.errors import TypingError
from numba.extending import intrinsic
from numba.np.arrayobj import make_array

from vrbench.alignments.engine.rules import Rule, State, Token
from vrbench.runtime.arithmetic import Vector
from vrbench.runtime.vectors import INDEX, Lanes, data, prefetch, repeat, target

LANES = Lanes(ir.FloatType(), 16 if "+avx512f" in target()[1] else 8)
"""Videos that are worked on together."""
ROW = types.Array(types.float32, 1, "C")
MATRIX = types.Array(types.float32, 2, "C")
AT = types.UniTuple(types.int64, 6)  # type: ignore[no-untyped-call]


def reduction(rule: Rule) -> Any:
    """Return a rule as an instruction that compiled functions can give.

    It is given what a kernel of ``kernels.py`` is called with, and before ``t2v`` ``room`` to work
    in: for each frame and number of a state as many float32 as there are lanes.
    """

    @intrinsic
    def reduce(
        typing: Any, c: Any, d: Any, e: Any, at: Any, scale: Any, room: Any, t2v: Any, v2t: Any
    ) -> Any:
        given = c, d, e, at, scale, room, t2v, v2t
        expected = MATRIX, MATRIX, MATRIX, AT, types.float32, ROW, MATRIX, MATRIX
        if any(kind != other for kind, other in zip(given, expected, strict=True)):
            raise TypingError(f"expected {expected}, not {given}")
        return types.void(*given), write

    def write(context: Any, to: Any, signature: Any, given: Any) -> Any:
        _, _, _, at, scale, _, _, _ = given
        c, d, e, t2v, v2t = (_Matrix.of(context, to, signature, given, k) for k in (0, 1, 2, 6, 7))
        number = Vector(to, LANES, LANES.spread(to, scale))
        room = data(context, to, signature, given, 5)
        _Tile(rule, to, c, d, e, t2v, v2t, _At(*_parts(to, at)), number, room).write()
        return context.get_dummy_value()

    return reduce


@dataclass(frozen=True)
class _Matrix:
    """Where a matrix begins, its rows and its columns."""

    start: Any
    rows: Any
    columns: Any

    @classmethod
    def of(cls, context: Any, to: Any, signature: Any, given: Any, which: int) -> _Matrix:
        array = make_array(signature.args[which])(context, to, given[which])  # type: ignore[no-untyped-call]
        return cls(array.data, *_parts(to, array.shape))

    def place(self, to: Any, row: Any, column: Any) -> Any:
        """Return where a number stands."""
        return to.gep(self.start, [to.add(to.mul(row, self.columns), column)])


class _At(NamedTuple):
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
class _Tile:
    """A tile, see ``kernels.py``, and where its reduction is written to."""

    rule: Rule
    to: Any
    c: _Matrix
    d: _Matrix
    e: _Matrix
    t2v: _Matrix
    v2t: _Matrix
    at: _At
    scale: Vector
    room: Any

    def write(self) -> None:
        """Write the loops over texts and videos."""
        to, count = self.to, INDEX(LANES.count)
        whole, rest = to.sdiv(self.t2v.columns, count), to.srem(self.t2v.columns, count)
        some = LANES.first(to, rest)

        def of_text(text: Any, _: Any) -> list[Any]:
            def of_videos(number: Any, _: Any) -> list[Any]:
                _Part(self, text, to.mul(number, count), None).write()
                return []

            repeat(to, whole, [], of_videos)
            with to.if_then(to.icmp_signed(">", rest, INDEX(0))):
                _Part(self, text, to.mul(whole, count), some).write()
            return []

        repeat(to, self.t2v.rows, [], of_text)


@dataclass(frozen=True)
class _Part:
    """A text and the videos that fill the lanes, or those of ``mask``."""

    tile: _Tile
    text: Any
    video: Any
    mask: Any

    def write(self) -> None:
        """Write the loops over words and frames, and those over frames before and after."""
        tile, rule, to = self.tile, self.tile.rule, self.tile.to
        zeros = [LANES.zero] * rule.sums

        def clear(frame: Any, _: Any) -> list[Any]:
            for k, number in enumerate(rule.start):
                LANES.store(to, LANES.all(number), self._state(frame, k))
            return []

        repeat(to, tile.at.frames, [], clear)
        blocks = to.sdiv(tile.at.words, INDEX(rule.words))
        sums = repeat(to, blocks, zeros, lambda k, sums: self._words(k, rule.words, INDEX(0), sums))
        if rule.words > 1:
            done = to.mul(blocks, INDEX(rule.words))
            left = to.sub(tile.at.words, done)
            sums = repeat(to, left, sums, lambda k, sums: self._words(k, 1, done, sums))
        self._end(sums, tile.at.words, tile.t2v)

        def leave(frame: Any, sums: list[Any]) -> list[Any]:
            token = Token(self._states(frame), self._of_frame(frame))
            return self._leave(token, tile.at.words, sums)

        self._end(repeat(to, tile.at.frames, zeros, leave), tile.at.frames, tile.v2t)

    def _words(self, number: Any, together: int, done: Any, sums: list[Any]) -> list[Any]:
        """Let some words meet all frames, and add what they leave to the sums."""
        tile, rule, to = self.tile, self.tile.rule, self.tile.to
        first = to.add(done, to.mul(number, INDEX(together)))
        words = [to.add(first, INDEX(k)) for k in range(together)]
        wholes = [self._of_word(word) for word in words]
        states = len(rule.start)

        def tokens(values: list[Any]) -> Iterable[Token]:
            for k, whole in enumerate(wholes):
                yield Token(self._vectors(values[k * states : (k + 1) * states]), whole)

        def meet(frame: Any, values: list[Any]) -> list[Any]:
            other, found = Token(self._states(frame), self._of_frame(frame)), list[Vector]()
            for word, token in zip(words, tokens(values), strict=True):
                value = self._similarity(word, frame)
                after, of_frame = rule.meet(value, tile.scale, token, other)
                other = Token(of_frame, other.whole)
                found += after
            for k, value in enumerate(other.state):
                LANES.store(to, value.value, self._state(frame, k))
            return [value.value for value in found]

        before = [LANES.all(value) for _ in words for value in rule.start]
        for token in tokens(repeat(to, tile.at.frames, before, meet)):
            sums = self._leave(token, tile.at.frames, sums)
        return sums

    def _leave(self, token: Token, others: Any, sums: list[Any]) -> list[Any]:
        left = self.tile.rule.leave(token, self.tile.scale, self._number(others))
        return [(a + b).value for a, b in zip(self._vectors(sums), left, strict=True)]

    def _end(self, sums: list[Any], length: Any, result: _Matrix) -> None:
        to = self.tile.to
        value = self.tile.rule.end(self._vectors(sums), self._number(length))
        LANES.store(to, value.value, result.place(to, self.text, self.video), self.mask)

    def _similarity(self, word: Any, frame: Any) -> Vector:
        tile, to, row, column = self.tile, self.tile.to, self._row(word), self._column(frame)
        if tile.rule.ahead:
            prefetch(to, tile.c.place(to, to.add(row, INDEX(tile.rule.ahead)), column))
        return self._load(tile.c, row, column)

    def _of_word(self, word: Any) -> Vector | None:
        tile = self.tile
        if not tile.rule.vectors:
            return None
        return self._load(tile.e, self._row(word), tile.to.add(tile.at.video, self.video))

    def _of_frame(self, frame: Any) -> Vector | None:
        tile = self.tile
        if not tile.rule.vectors:
            return None
        return self._load(tile.d, tile.to.add(tile.at.text, self.text), self._column(frame))

    def _row(self, word: Any) -> Any:
        tile, to = self.tile, self.tile.to
        return to.add(to.add(tile.at.row, to.mul(self.text, tile.at.words)), word)

    def _column(self, frame: Any) -> Any:
        tile, to = self.tile, self.tile.to
        return to.add(to.add(tile.at.column, self.video), to.mul(frame, tile.t2v.columns))

    def _load(self, matrix: _Matrix, row: Any, column: Any) -> Vector:
        to = self.tile.to
        return self._vector(LANES.load(to, matrix.place(to, row, column), self.mask))

    def _state(self, frame: Any, number: int) -> Any:
        """Return where a number of a frame's state stands."""
        to, count = self.tile.to, LANES.count
        at = to.add(to.mul(frame, INDEX(len(self.tile.rule.start) * count)), INDEX(number * count))
        return to.gep(self.tile.room, [at])

    def _states(self, frame: Any) -> State:
        to, numbers = self.tile.to, range(len(self.tile.rule.start))
        return self._vectors(LANES.load(to, self._state(frame, k)) for k in numbers)

    def _number(self, whole: Any) -> Vector:
        to = self.tile.to
        return self._vector(LANES.spread(to, to.sitofp(whole, LANES.number)))

    def _vectors(self, values: Iterable[Any]) -> State:
        return tuple(map(self._vector, values))

    def _vector(self, value: Any) -> Vector:
        return Vector(self.tile.to, LANES, value)
