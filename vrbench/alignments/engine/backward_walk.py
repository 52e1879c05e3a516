"""How compiled gradients walk over a tile; imported only where numba is.

Words and frames meet twice: first to find what a reduction has of each token, then to give each
similarity its gradient. No number of a pair leaves the first cache in between.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from vrbench.alignments.engine.pairs import LANES, Matrix, Pairs, Walk, instruction
from vrbench.alignments.engine.rules import BackwardRule, State, Token
from vrbench.runtime.arithmetic import Vector
from vrbench.runtime.vectors import repeat


def gradient(rule: BackwardRule) -> Any:
    """Return a rule as an instruction that compiled functions can give.

    Its results are the (T, V) gradients of t2v and v2t, which it reads, then those of c and, where
    the rule reads these, d and e, which it writes. The gradients of c may be written over c. Its
    room has for each token and number (``held``) as many float32 as there are lanes.
    """

    def write(tile: Walk, results: list[Matrix]) -> None:
        tile.each(lambda pairs: _Backward(rule, pairs, *results).write())

    return instruction(rule, 5 if rule.vectors else 3, write)


def held(rule: BackwardRule) -> int:
    """Return how many numbers are kept of a token."""
    return max(len(rule.start), rule.carried)


@dataclass(frozen=True)
class _Backward:
    """Pairs, the gradients of their similarities, and where those of c, d and e are written to."""

    rule: BackwardRule
    pairs: Pairs
    t2v: Matrix
    v2t: Matrix
    c: Matrix
    d: Matrix | None = None
    e: Matrix | None = None

    def write(self) -> None:
        """Write the loops of both meetings, and those over tokens before and between."""
        at, to, start = self.pairs.tile.at, self.pairs.tile.to, self._start()

        def clear(frame: Any, _: Any) -> list[Any]:
            self._hold(frame, start)
            return []

        def turn(frame: Any, _: Any) -> list[Any]:
            token = Token(self._held(frame, len(start)), self.pairs.of_frame(frame))
            self._turn(token, frame, self.v2t, at.frames, at.words)
            return []

        repeat(to, at.frames, [], clear)
        repeat(to, at.words, [], self._gather)
        repeat(to, at.frames, [], turn)
        repeat(to, at.words, [], self._give)

    def _start(self) -> State:
        return self.pairs.vectors(map(LANES.all, self.rule.start))

    def _gather(self, word: Any, _: Any) -> list[Any]:
        """Let a word meet all frames, as in scoring."""
        rule, pairs, at, to = self.rule, self.pairs, self.pairs.tile.at, self.pairs.tile.to
        whole, start = pairs.of_word(word), self._start()

        def meet(frame: Any, values: list[Any]) -> list[Any]:
            token = Token(pairs.vectors(values), whole)
            other = Token(self._held(frame, len(start)), pairs.of_frame(frame))
            c = pairs.similarity(word, frame)
            state, of_frame = rule.meet(c, pairs.tile.scale, token, other)
            self._hold(frame, of_frame)
            return [number.value for number in state]

        found = repeat(to, at.frames, [number.value for number in start], meet)
        token = Token(pairs.vectors(found), whole)
        self._turn(token, self._place(word), self.t2v, at.words, at.frames, word)
        return []

    def _turn(
        self, token: Token, place: Any, grads: Matrix, own: Any, others: Any, word: Any = None
    ) -> None:
        """Keep what a token that has met all others carries back to them."""
        pairs = self.pairs
        grad = pairs.load(grads, pairs.text, pairs.video) / pairs.number(own)
        carried, of_whole = self.rule.turn(token, pairs.tile.scale, pairs.number(others), grad)
        self._hold(place, carried)
        if of_whole is None:
            return
        if word is None:
            pairs.store(of_whole, *self._of_frame(place))
        else:
            pairs.store(of_whole, *self._of_word(word))

    def _give(self, word: Any, _: Any) -> list[Any]:
        """Let a word meet all frames again, and write the gradients of their similarities."""
        rule, pairs, at, to = self.rule, self.pairs, self.pairs.tile.at, self.pairs.tile.to
        token = Token(self._held(self._place(word), rule.carried), pairs.of_word(word))
        before = [pairs.load(*self._of_word(word)).value] if rule.vectors else []

        def meet(frame: Any, values: list[Any]) -> list[Any]:
            other = Token(self._held(frame, rule.carried), pairs.of_frame(frame))
            given = rule.back(pairs.similarity(word, frame), pairs.tile.scale, token, other)
            pairs.store(given[0], self.c, *pairs.met(word, frame))
            if given[1] is None or given[2] is None:
                return []
            place = self._of_frame(frame)
            pairs.store(pairs.load(*place) + given[2], *place)
            return [(pairs.vector(values[0]) + given[1]).value]

        for sums in pairs.vectors(repeat(to, at.frames, before, meet)):
            pairs.store(sums, *self._of_word(word))
        return []

    def _of_word(self, word: Any) -> tuple[Matrix, Any, Any]:
        """Return where the gradient of its similarity to the global vectors stands."""
        assert self.e is not None
        return self.e, *self.pairs.word(word)

    def _of_frame(self, frame: Any) -> tuple[Matrix, Any, Any]:
        assert self.d is not None
        return self.d, *self.pairs.frame(frame)

    def _place(self, word: Any) -> Any:
        """Return where words are among the tokens: behind the frames."""
        return self.pairs.tile.to.add(self.pairs.tile.at.frames, word)

    def _hold(self, place: Any, numbers: State) -> None:
        self.pairs.hold(place, held(self.rule), numbers)

    def _held(self, place: Any, some: int) -> tuple[Vector, ...]:
        return self.pairs.held(place, held(self.rule), some)
