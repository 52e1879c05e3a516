"""Sinkhorn's plans of many small problems in vector instructions; imported only where numba is.

A few pairs at a time stay in the cache. Their sums grow in registers, several rows together, so
that the factors are read once for all of them.
"""

from __future__ import annotations

from typing import Any

import numba  # noqa: F401  # whole first: parts of it fail where two threads begin with them
import numpy as np
from llvmlite import ir
from numba.core import types
from numba.core.errors import TypingError
from numba.extending import intrinsic

from vrbench.runtime.vectors import INDEX, Lanes, data, repeat, target
from vrbench.sequences.engine.sinkhorn import RANGE

LANES = 16 if "+avx512f" in target()[1] else 8
"""Pairs that are worked on together."""
MOST = 6
"""Rows whose sums are in registers together."""
_PAIRS = Lanes(ir.DoubleType(), LANES)


@intrinsic
def update(
    typing: Any, k: Any, start: Any, across: Any, along: Any, terms: Any, factors: Any,
    masses: Any, first: Any, rows: Any, scaled: Any,
) -> Any:  # fmt: skip
    """Set ``scaled[i] = masses[i] / sum_t k[i, t] factors[t]`` for some rows i, t in order.

    Args:
        typing: numba's.
        k: the numbers of all pairs' problems, on one axis like all arrays, pairs innermost.
        start: where the first row's first term stands in it.
        across: from one row to the next.
        along: from one term to the next.
        terms: how many, at least one.
        factors: (terms, LANES).
        masses: one number a row.
        first: the number of the first row.
        rows: how many, 1 to ``MOST``.
        scaled: (rows of all, LANES).
    """
    if any(kind != types.Array(types.float64, 1, "C") for kind in (k, factors, masses, scaled)):
        raise TypingError(f"expected float64 numbers, not {k}, {factors}, {masses}, {scaled}")
    given = k, start, across, along, terms, factors, masses, first, rows, scaled
    return types.void(*given), _write


def _write(context: Any, to: Any, signature: Any, given: Any) -> Any:
    done = to.append_basic_block()
    kinds = [to.append_basic_block() for _ in range(MOST)]
    choice = to.switch(given[8], kinds[-1])
    for count, kind in enumerate(kinds, 1):
        choice.add_case(INDEX(count), kind)
        to.position_at_end(kind)
        _write_rows(context, to, signature, given, count)
        to.branch(done)
    to.position_at_end(done)
    return context.get_dummy_value()


def _write_rows(context: Any, to: Any, signature: Any, given: Any, count: int) -> None:
    _, start, across, along, terms, _, _, first, _, _ = given
    k, factors, masses, scaled = (data(context, to, signature, given, i) for i in (0, 5, 6, 9))
    begin = to.gep(k, [start])
    rows = [to.gep(begin, [to.mul(across, INDEX(row))]) for row in range(count)]

    def term(number: Any, sums: list[Any]) -> list[Any]:
        factor = _PAIRS.load(to, to.gep(factors, [to.mul(number, INDEX(LANES))]))
        at = to.mul(number, along)
        return [
            _PAIRS.multiply_add(to, _PAIRS.load(to, to.gep(row, [at])), factor, value)
            for row, value in zip(rows, sums, strict=True)
        ]

    for row, value in enumerate(repeat(to, terms, [_PAIRS.zero] * count, term)):
        number = to.add(first, INDEX(row))
        mass = _PAIRS.spread(to, to.load(to.gep(masses, [number])))
        place = to.gep(scaled, [to.mul(number, INDEX(LANES))])
        _PAIRS.store(to, to.fdiv(mass, value), place)


@intrinsic
def exponentials(typing: Any, k: Any, lines: Any, reg: Any, spread: Any) -> Any:
    """Replace similarities by ``exp(s / reg - t)``, t the largest ``s / reg`` of a pair.

    Args:
        typing: numba's.
        k: (lines x LANES,) of ``LANES`` pairs.
        lines: at least one.
        reg: weight of the entropy.
        spread: (LANES,) to fill: t less the smallest. Where it is above ``RANGE``, what k holds is
            not said.
    """
    if any(kind != types.Array(types.float64, 1, "C") for kind in (k, spread)):
        raise TypingError(f"expected float64 numbers, not {k}, {spread}")
    return types.void(k, lines, reg, spread), _write_exponentials


def _write_exponentials(context: Any, to: Any, signature: Any, given: Any) -> Any:
    k, spread = (data(context, to, signature, given, i) for i in (0, 3))
    _, lines, reg, _ = given
    divisor = _PAIRS.spread(to, reg)

    def place(number: Any) -> Any:
        return to.gep(k, [to.mul(number, INDEX(LANES))])

    def logits(number: Any, held: list[Any]) -> list[Any]:
        value = to.fdiv(_PAIRS.load(to, place(number)), divisor)
        _PAIRS.store(to, value, place(number))
        signs = zip("><", held, strict=True)
        above, below = (to.fcmp_ordered(sign, value, one) for sign, one in signs)
        return [to.select(above, value, held[0]), to.select(below, value, held[1])]

    first = to.fdiv(_PAIRS.load(to, k), divisor)
    top, bottom = repeat(to, lines, [first, first], logits)
    _PAIRS.store(to, to.fsub(top, bottom), spread)

    def powers(number: Any, _: list[Any]) -> list[Any]:
        shifted = to.fsub(_PAIRS.load(to, place(number)), top)
        least = _PAIRS.all(-RANGE)
        shifted = to.select(to.fcmp_ordered("<", shifted, least), least, shifted)  # NaN stays
        _PAIRS.store(to, _PAIRS.exp(to, shifted), place(number))
        return []

    repeat(to, lines, [], powers)
    return context.get_dummy_value()


def solve(
    sim: Any, reg: Any, prompt: Any, row: Any, column: Any, iterations: Any, work: Any, plan: Any,
    score: Any, spread: Any,
) -> None:  # fmt: skip
    """Set the plans of pairs, or their scores; see ``sinkhorn.plans``.

    Args:
        sim: (n, m, pairs).
        reg: weight of the entropy.
        prompt: value of the bucket, where there are n + 1 rows and m + 1 columns.
        row: (n,) or (n + 1,) masses.
        column: (m,) or (m + 1,).
        iterations: to make.
        work: (``room``,) to work in.
        plan: (n, m, pairs) to fill, or one without pairs.
        score: (pairs,) to fill, or none.
        spread: (pairs,) to fill: between the largest and the smallest logit. Where it is above
            ``RANGE``, plan and score are not said.
    """
    n, m, pairs = sim.shape
    rows, columns = len(row), len(column)
    line, ends = columns * LANES, (rows * columns * LANES, (rows * columns + rows) * LANES)
    k, us, vs = work[: ends[0]], work[ends[0] : ends[1]], work[ends[1] : ends[1] + line]
    held = k.reshape((rows, columns, LANES))
    u, v = us.reshape((rows, LANES)), vs.reshape((columns, LANES))
    apart, total = np.empty(LANES), np.empty(LANES)
    for start in range(0, pairs, LANES):
        some = min(LANES, pairs - start)
        k[:] = prompt
        for i in range(n):
            for j in range(m):
                if some == LANES:  # so many are whole registers
                    for lane in range(LANES):
                        held[i, j, lane] = sim[i, j, start + lane]
                else:
                    for lane in range(some):
                        held[i, j, lane] = sim[i, j, start + lane]
        exponentials(k, rows * columns, reg, apart)  # type: ignore[call-arg]
        vs[:] = 1.0
        for _ in range(iterations):
            at = 0  # in place: a function of its own would not know that one distance is a constant
            for left in range((rows + MOST - 1) // MOST, 0, -1):
                count = (rows - at + left - 1) // left
                update(k, at * line, line, LANES, columns, vs, row, at, count, us)
                at += count
            at = 0
            for left in range((columns + MOST - 1) // MOST, 0, -1):
                count = (columns - at + left - 1) // left
                update(k, at * LANES, LANES, line, rows, us, column, at, count, vs)
                at += count
        total[:] = 0.0
        for i in range(n):
            for j in range(m):
                for lane in range(LANES):
                    held[i, j, lane] = held[i, j, lane] * u[i, lane] * v[j, lane]
                if plan.size:
                    for lane in range(some):
                        plan[i, j, start + lane] = held[i, j, lane]
                if score.size:
                    for lane in range(some):
                        total[lane] += held[i, j, lane] * sim[i, j, start + lane]
        spread[start : start + some] = apart[:some]
        if score.size:
            score[start : start + some] = total[:some]


def room(rows: int, columns: int) -> int:
    """Return how many float64 ``solve`` works in."""
    return (rows * columns + rows + columns) * LANES
