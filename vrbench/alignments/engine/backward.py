"""Gradients of a tile's reductions in vector registers; imported only where numba is.

``GRADIENTS`` has the kernel of each reduction that has one. It is called with c, d, e, ``at`` and
``scale`` of a reduction (``kernels.py``) and a tuple: the (T, V) gradients of t2v and v2t, and the
matrices that those of c and, if it reads them, d and e are written to, as large as these; that of
c may be c itself.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from vrbench.alignments.engine import reductions
from vrbench.alignments.engine.backward_walk import gradient, held
from vrbench.alignments.engine.pairs import LANES
from vrbench.alignments.engine.rules import BackwardRule, State, Token
from vrbench.runtime.arithmetic import Vector, exp

F32 = np.float32
COUNT = LANES.count
Given = tuple[Vector, Vector | None, Vector | None]


class Best(reductions.Best):
    """A token's largest similarity gets its gradient; equal ones get equal shares, as by torch."""

    start: tuple[float, ...] = (-float("inf"), 0.0)
    carried = 2

    def meet(self, c: Vector, scale: Vector, word: Token, frame: Token) -> tuple[State, State]:
        """Keep the largest, and how many are as large."""
        return _larger(c, word.state), _larger(c, frame.state)

    def turn(
        self, token: Token, scale: Vector, others: Vector, grad: Vector
    ) -> tuple[State, Vector | None]:
        """Carry the largest, and its share."""
        best, equal = token.state
        return (best, grad / equal), None

    def back(self, c: Vector, scale: Vector, word: Token, frame: Token) -> Given:
        """Give the shares where it is the largest."""
        return _share(c, word.state) + _share(c, frame.state), None, None


def _larger(c: Vector, state: State) -> State:
    best, equal = state
    as_large = best.if_above(c, equal, equal + 1.0)
    return best.or_larger(c), c.if_above(best, c.like(1.0), as_large)


def _share(c: Vector, state: State) -> Vector:
    best, share = state
    return best.if_above(c, c.like(0.0), share)


class TokenFlow(reductions.TokenFlow):
    """``over / under`` is r; ``d(r)/dc = a / under (1 + scale whole (c - r))``."""

    carried = 3

    def turn(
        self, token: Token, scale: Vector, others: Vector, grad: Vector
    ) -> tuple[State, Vector | None]:
        """Carry r, ``1 / under`` and the gradient of r; apart, so that none is a subnormal."""
        over, under = token.state
        mean = over / under
        return (mean, mean.like(1.0) / under, grad * token.whole), grad * mean

    def back(self, c: Vector, scale: Vector, word: Token, frame: Token) -> Given:
        """Give what both softmaxes have of it."""
        by_frame, by_word = scale * frame.whole, scale * word.whole
        above = _softmax(c, exp(c * by_frame), word)
        below = _softmax(c, exp(c * by_word), frame)
        from_word, from_frame = above * (c - word.state[0]), below * (c - frame.state[0])
        to_c = (above + below).plus(from_word, by_frame).plus(from_frame, by_word)
        return to_c, from_frame * (scale * c), from_word * (scale * c)


class Scan(reductions.Scan):
    """As ``TokenFlow``, with 1 for each ``whole``."""

    carried = 3

    def turn(
        self, token: Token, scale: Vector, others: Vector, grad: Vector
    ) -> tuple[State, Vector | None]:
        """Carry r, ``1 / under`` and the gradient of r."""
        over, under = token.state
        return (over / under, grad.like(1.0) / under, grad), None

    def back(self, c: Vector, scale: Vector, word: Token, frame: Token) -> Given:
        """Give what both softmaxes have of it."""
        power = exp(scale * c)
        above, below = _softmax(c, power, word), _softmax(c, power, frame)
        around = (above * (c - word.state[0])).plus(below, c - frame.state[0])
        return (above + below).plus(scale, around), None, None


def _softmax(c: Vector, power: Vector, token: Token) -> Vector:
    """Return a token's softmax there, times its gradient."""
    _, inverse, grad = token.state
    return power * inverse * grad


class LogSumExp(reductions.LogSumExp):
    """``d(log under)/dc = scale exp(scale c) / under``."""

    carried = 2

    def turn(
        self, token: Token, scale: Vector, others: Vector, grad: Vector
    ) -> tuple[State, Vector | None]:
        """Carry ``1 / under`` and the gradient."""
        return (grad.like(1.0) / self.under(token, others), grad * scale), None

    def under(self, token: Token, others: Vector) -> Vector:
        """Return the sum of the exponentials."""
        return token.state[0]

    def back(self, c: Vector, scale: Vector, word: Token, frame: Token) -> Given:
        """Give what both softmaxes have of it."""
        power = exp(scale * c)
        (w, of_word), (f, of_frame) = word.state, frame.state
        return (power * w * of_word).plus(power * f, of_frame), None, None


class LogMeanExp(LogSumExp, reductions.LogMeanExp):
    """The same; the state is the sum of exponentials less 1."""

    def under(self, token: Token, others: Vector) -> Vector:
        """Return the sum of the exponentials."""
        return token.state[0] + others


RULES: tuple[BackwardRule, ...] = Best(), TokenFlow(), Scan(), LogSumExp(), LogMeanExp()
NUMBERS = max(map(held, RULES))
_best, _tokenflow, _scan, _lse, _log_mean_exp = map(gradient, RULES)


def best(c: Any, d: Any, e: Any, at: Any, scale: Any, results: Any) -> None:
    """See ``Best``."""
    _best(c, d, e, at, scale, np.empty(room(at[4] + at[5]), F32), results)


def tokenflow(c: Any, d: Any, e: Any, at: Any, scale: Any, results: Any) -> None:
    """See ``TokenFlow``."""
    _tokenflow(c, d, e, at, scale, np.empty(room(at[4] + at[5]), F32), results)


def scan(c: Any, d: Any, e: Any, at: Any, scale: Any, results: Any) -> None:
    """See ``Scan``."""
    _scan(c, d, e, at, scale, np.empty(room(at[4] + at[5]), F32), results)


def lse(c: Any, d: Any, e: Any, at: Any, scale: Any, results: Any) -> None:
    """See ``LogSumExp``."""
    _lse(c, d, e, at, scale, np.empty(room(at[4] + at[5]), F32), results)


def log_mean_exp(c: Any, d: Any, e: Any, at: Any, scale: Any, results: Any) -> None:
    """See ``LogMeanExp``."""
    _log_mean_exp(c, d, e, at, scale, np.empty(room(at[4] + at[5]), F32), results)


def room(tokens: Any) -> Any:
    """Return how many float32 any rule's numbers of so many tokens need."""
    return NUMBERS * tokens * COUNT


GRADIENTS = {
    reductions.best: best,
    reductions.tokenflow: tokenflow,
    reductions.scan: scan,
    reductions.lse: lse,
    reductions.log_mean_exp: log_mean_exp,
}
"""Of a reduction's kernel."""
