"""Reductions of a tile in vector registers; imported only where numba is.

``rules.py`` says what a rule is. The functions are kernels, called as those of ``kernels.py`` are.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from vrbench.alignments.engine.emd_kernels import LEAST, MOST
from vrbench.alignments.engine.pairs import LANES
from vrbench.alignments.engine.rules import State, Token
from vrbench.alignments.engine.walk import reduction
from vrbench.runtime.arithmetic import Vector, exp, expm1, log, log1p

F32 = np.float32
COUNT = LANES.count


class Best:
    """``mean_t max_s c`` and ``mean_s max_t c``."""

    start: tuple[float, ...] = (-float("inf"),)
    vectors = False
    words = 4
    ahead = 0
    sums = 1

    def meet(self, c: Vector, scale: Vector, word: Token, frame: Token) -> tuple[State, State]:
        """Keep the largest."""
        return (word.state[0].or_larger(c),), (frame.state[0].or_larger(c),)

    def leave(self, token: Token, scale: Vector, others: Vector) -> State:
        """Add it."""
        return token.state

    def end(self, sums: State, length: Vector) -> Vector:
        """Return the mean."""
        return sums[0] / length


class Relaxed(Best):
    """Upper bounds of ``emd``: one side's tokens all take their best match.

    The mean of the best matches by masses ``max(whole, 0) + scale``; where all are zero, the mean.
    Infinite where masses are so small or large that float32 would lose digits or overflow.
    """

    vectors = True
    sums = 3

    def leave(self, token: Token, scale: Vector, others: Vector) -> State:
        """Add the mass, and the match with it and without."""
        (best,) = token.state
        mass = token.whole.or_larger(0.0) + scale
        return mass * best, mass, best

    def end(self, sums: State, length: Vector) -> Vector:
        """Return the mean by mass."""
        matched, mass, best = sums
        unknown = mass.like(float("inf"))
        known = mass.if_above(MOST, unknown, matched / mass)
        return mass.if_above(LEAST, known, mass.if_above(0.0, unknown, best / length))


class TokenFlow(Best):
    """``mean_t e sum_s softmax_s(scale d c) c`` and ``mean_s d sum_t softmax_t(scale e c) c``."""

    start: tuple[float, ...] = (0.0, 0.0)
    vectors = True
    words = 1
    ahead = 8

    def meet(self, c: Vector, scale: Vector, word: Token, frame: Token) -> tuple[State, State]:
        """Add to the sums above and below the softmaxes' fractions."""
        a, b = exp(c * (scale * frame.whole)), exp(c * (scale * word.whole))
        return _add(word, a, c), _add(frame, b, c)

    def leave(self, token: Token, scale: Vector, others: Vector) -> State:
        """Add the fraction, times the relation to the other side."""
        over, under = token.state
        return (token.whole * (over / under),)


class Scan(TokenFlow):
    """``mean_t sum_s softmax_s(scale c) c`` and the same with the sides exchanged."""

    vectors = False

    def meet(self, c: Vector, scale: Vector, word: Token, frame: Token) -> tuple[State, State]:
        """Add to the sums above and below the softmaxes' fractions."""
        a = exp(scale * c)
        return _add(word, a, c), _add(frame, a, c)

    def leave(self, token: Token, scale: Vector, others: Vector) -> State:
        """Add the fraction."""
        over, under = token.state
        return (over / under,)


def _add(token: Token, weight: Vector, value: Vector) -> State:
    over, under = token.state
    return over.plus(weight, value), under + weight


class LogSumExp(Best):
    """``mean_t log sum_s exp(scale c)`` and the same with the sides exchanged."""

    start: tuple[float, ...] = (0.0,)
    ahead = 8

    def meet(self, c: Vector, scale: Vector, word: Token, frame: Token) -> tuple[State, State]:
        """Add the exponential."""
        value = exp(scale * c)
        return (word.state[0] + value,), (frame.state[0] + value,)

    def leave(self, token: Token, scale: Vector, others: Vector) -> State:
        """Add the logarithm."""
        return (log(token.state[0]),)


class LogMeanExp(LogSumExp):
    """``mean_t log(1 + mean_s (exp(scale c) - 1))`` and the same with the sides exchanged."""

    def meet(self, c: Vector, scale: Vector, word: Token, frame: Token) -> tuple[State, State]:
        """Add the exponential's distance from 1."""
        value = expm1(scale * c)
        return (word.state[0] + value,), (frame.state[0] + value,)

    def leave(self, token: Token, scale: Vector, others: Vector) -> State:
        """Add the logarithm."""
        return (log1p(token.state[0] / others),)


RULES = Best(), Relaxed(), TokenFlow(), Scan(), LogSumExp(), LogMeanExp()
NUMBERS = max(len(rule.start) for rule in RULES)
"""Of the largest state."""
(
    _reduce_best, _reduce_relaxed, _reduce_tokenflow, _reduce_scan, _reduce_lse,
    _reduce_log_mean_exp,
) = map(reduction, RULES)  # fmt: skip


def best(c: Any, d: Any, e: Any, at: Any, scale: Any, t2v: Any, v2t: Any) -> None:
    """See ``Best``."""
    _reduce_best(c, d, e, at, scale, np.empty(room(at[5]), F32), (t2v, v2t))


def relaxed(c: Any, d: Any, e: Any, at: Any, scale: Any, t2v: Any, v2t: Any) -> None:
    """See ``Relaxed``."""
    _reduce_relaxed(c, d, e, at, scale, np.empty(room(at[5]), F32), (t2v, v2t))


def tokenflow(c: Any, d: Any, e: Any, at: Any, scale: Any, t2v: Any, v2t: Any) -> None:
    """See ``TokenFlow``."""
    _reduce_tokenflow(c, d, e, at, scale, np.empty(room(at[5]), F32), (t2v, v2t))


def scan(c: Any, d: Any, e: Any, at: Any, scale: Any, t2v: Any, v2t: Any) -> None:
    """See ``Scan``."""
    _reduce_scan(c, d, e, at, scale, np.empty(room(at[5]), F32), (t2v, v2t))


def lse(c: Any, d: Any, e: Any, at: Any, scale: Any, t2v: Any, v2t: Any) -> None:
    """See ``LogSumExp``."""
    _reduce_lse(c, d, e, at, scale, np.empty(room(at[5]), F32), (t2v, v2t))


def log_mean_exp(c: Any, d: Any, e: Any, at: Any, scale: Any, t2v: Any, v2t: Any) -> None:
    """See ``LogMeanExp``."""
    _reduce_log_mean_exp(c, d, e, at, scale, np.empty(room(at[5]), F32), (t2v, v2t))


def room(frames: Any) -> Any:
    """Return how many float32 any rule's states of so many frames need."""
    return NUMBERS * frames * COUNT
