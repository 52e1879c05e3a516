"""How compiled reductions walk over a tile; imported only where numba is.

Each similarity is read once, for both directions. Videos lie side by side and fill a register,
words and frames meet in order: a similarity has the same bits in any tile and on every processor,
though not those of the torch path.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from vrbench.alignments.engine.pairs import LANES, Matrix, Pairs, Walk, instruction
from vrbench.alignments.engine.rules import Meeting, Rule, State, Token
from vrbench.runtime.arithmetic import Vector
from vrbench.runtime.vectors import INDEX, repeat


def reduction(rule: Rule) -> Any:
    """Return a rule as an instruction that compiled functions can give; its results are t2v, v2t.

    Its room has for each frame and number of a state as many float32 as there are lanes.
    """

    def write(tile: Walk, results: list[Matrix]) -> None:
        tile.each(lambda pairs: _Reduced(rule, pairs, *results).write())

    return instruction(rule, 2, write)


@dataclass(frozen=True)
class Met(ABC):
    """Pairs whose words and frames meet in order.

    Attributes:
        rule: what is done with similarities.
        pairs: they.
    """

    rule: Meeting
    pairs: Pairs

    def write(self) -> None:
        """Write the loops over words and frames, and those over frames before and after."""
        rule, pairs, at, to = self.rule, self.pairs, self.pairs.tile.at, self.pairs.tile.to
        zeros = [LANES.zero] * rule.sums
        start = pairs.vectors(map(LANES.all, rule.start))

        def clear(frame: Any, _: Any) -> list[Any]:
            pairs.hold(frame, len(start), start)
            return []

        repeat(to, at.frames, [], clear)
        blocks = to.sdiv(at.words, INDEX(rule.words))
        sums = repeat(to, blocks, zeros, lambda k, sums: self._words(k, rule.words, INDEX(0), sums))
        if rule.words > 1:
            done = to.mul(blocks, INDEX(rule.words))
            left = to.sub(at.words, done)
            sums = repeat(to, left, sums, lambda k, sums: self._words(k, 1, done, sums))
        of_words = pairs.vectors(sums)

        def leave(frame: Any, sums: list[Any]) -> list[Any]:
            token = Token(pairs.held(frame, len(start)), pairs.of_frame(frame))
            return self._added(sums, self.of_frame(frame, token))

        self.end(of_words, pairs.vectors(repeat(to, at.frames, zeros, leave)))

    def _words(self, number: Any, together: int, done: Any, sums: list[Any]) -> list[Any]:
        """Let some words meet all frames, and add what they leave to the sums."""
        rule, pairs, tile, to = self.rule, self.pairs, self.pairs.tile, self.pairs.tile.to
        first = to.add(done, to.mul(number, INDEX(together)))
        words = [to.add(first, INDEX(k)) for k in range(together)]
        wholes = [pairs.of_word(word) for word in words]
        states = len(rule.start)

        def tokens(values: list[Any]) -> Iterable[Token]:
            for k, whole in enumerate(wholes):
                yield Token(pairs.vectors(values[k * states : (k + 1) * states]), whole)

        def meet(frame: Any, values: list[Any]) -> list[Any]:
            other, found = Token(pairs.held(frame, states), pairs.of_frame(frame)), list[Vector]()
            for word, token in zip(words, tokens(values), strict=True):
                value = pairs.similarity(word, frame)
                after, of_frame = rule.meet(value, tile.scale, token, other)
                other = Token(of_frame, other.whole)
                found += after
            pairs.hold(frame, states, other.state)
            return [value.value for value in found]

        before = [LANES.all(value) for _ in words for value in rule.start]
        met = tokens(repeat(to, tile.at.frames, before, meet))
        for word, token in zip(words, met, strict=True):
            sums = self._added(sums, self.of_word(word, token))
        return sums

    def _added(self, sums: list[Any], more: State) -> list[Any]:
        return [(a + b).value for a, b in zip(self.pairs.vectors(sums), more, strict=True)]

    @abstractmethod
    def of_word(self, word: Any, token: Token) -> State:
        """Return what a word that has met all frames adds to each sum over words."""

    @abstractmethod
    def of_frame(self, frame: Any, token: Token) -> State:
        """Return what a frame that has met all words adds to each sum over frames."""

    @abstractmethod
    def end(self, words: State, frames: State) -> None:
        """Write what is done with the sums over words and over frames."""


@dataclass(frozen=True)
class _Reduced(Met):
    """Pairs, and where their similarities are written to."""

    rule: Rule
    t2v: Matrix
    v2t: Matrix

    def of_word(self, word: Any, token: Token) -> State:
        return self._left(token, self.pairs.tile.at.frames)

    def of_frame(self, frame: Any, token: Token) -> State:
        return self._left(token, self.pairs.tile.at.words)

    def _left(self, token: Token, others: Any) -> State:
        return self.rule.leave(token, self.pairs.tile.scale, self.pairs.number(others))

    def end(self, words: State, frames: State) -> None:
        pairs, at = self.pairs, self.pairs.tile.at
        for sums, length, result in ((words, at.words, self.t2v), (frames, at.frames, self.v2t)):
            value = self.rule.end(sums, pairs.number(length))
            pairs.store(value, result, pairs.text, pairs.video)
