"""What a compiled reduction does with similarities; ``walk.py`` applies it to a tile."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from vrbench.runtime.arithmetic import Vector

State = tuple[Vector, ...]
"""Numbers of a token that change as it meets the other side's tokens."""


@dataclass(frozen=True)
class Token:
    """A word or a frame, in as many pairs as there are lanes.

    Attributes:
        state: its numbers.
        whole: its similarity to the other side's global vector; None where that is not read.
    """

    state: State
    whole: Any


class Meeting(Protocol):
    """What is made of the similarities of a token; words and frames are treated alike.

    Attributes:
        start: a token's state before it meets others.
        vectors: whether similarities to global vectors are read.
        words: how many are worked on together, so that a frame's state is read once for them.
        ahead: how many words before it is met a word's row is asked for from memory; 0: not at all.
        sums: how many sums over the tokens of a side there are.
    """

    start: tuple[float, ...]
    vectors: bool
    words: int
    ahead: int
    sums: int

    def meet(self, c: Vector, scale: Vector, word: Token, frame: Token) -> tuple[State, State]:
        """Return the next states of a word and a frame, given their similarity."""


class Rule(Meeting, Protocol):
    """What a reduction does with similarities."""

    def leave(self, token: Token, scale: Vector, others: Vector) -> State:
        """Return what a token that has met all others, so many, adds to each sum."""

    def end(self, sums: State, length: Vector) -> Vector:
        """Return a direction's similarity, given the sums and the number of tokens."""


class BackwardRule(Rule, Protocol):
    """The gradient of a reduction; its states may hold more than those of the reduction itself.

    Attributes:
        carried: how many numbers a token that has met all others carries back to them.
    """

    carried: int

    def turn(
        self, token: Token, scale: Vector, others: Vector, grad: Vector
    ) -> tuple[State, Vector | None]:
        """Return what a token carries back, and the gradient of its ``whole`` so far.

        Args:
            token: it, with its last state.
            scale: the method's number.
            others: how many tokens it has met.
            grad: of what it adds to the sum over the tokens of its side.
        """

    def back(
        self, c: Vector, scale: Vector, word: Token, frame: Token
    ) -> tuple[Vector, Vector | None, Vector | None]:
        """Return the gradients of a similarity, and by it of both ``whole``.

        The states are what the word and the frame carry back.
        """
