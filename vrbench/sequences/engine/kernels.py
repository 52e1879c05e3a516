"""Sinkhorn's plans of many small problems in vector instructions; imported only where numba is.

A few pairs at a time stay in the cache. Their sums grow in registers, several rows together, so
that the factors are read once for all of them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba.core import types
from numba.core.errors import TypingError
from numba.extending import intrinsic

from vrbench.runtime.vectors import INDEX, Lanes, data, repeat, target

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
            to.fadd(value, to.fmul(_PAIRS.load(to, to.gep(row, [at])), factor))
            for row, value in zip(rows, sums, strict=True)
        ]

    for row, value in enumerate(repeat(to, terms, [_PAIRS.zero] * count, term)):
        number = to.add(first, INDEX(row))
        mass = _PAIRS.spread(to, to.load(to.gep(masses, [number])))
        place = to.gep(scaled, [to.mul(number, INDEX(LANES))])
        _PAIRS.store(to, to.fdiv(mass, value), place)


def scale(kernel: Any, row: Any, column: Any, iterations: Any) -> None:
    """Make the (n, m, pairs) kernel the plans of its pairs, see ``sinkhorn.plans``."""
    n, m, pairs = kernel.shape
    line = m * LANES
    held, u, v = np.ones((n, m, LANES)), np.empty((n, LANES)), np.empty((m, LANES))
    k, us, vs = held.reshape(-1), u.reshape(-1), v.reshape(-1)
    for start in range(0, pairs, LANES):
        some = min(LANES, pairs - start)
        for i in range(n):
            for j in range(m):
                if some == LANES:  # so many are whole registers
                    for lane in range(LANES):
                        held[i, j, lane] = kernel[i, j, start + lane]
                else:
                    for lane in range(some):
                        held[i, j, lane] = kernel[i, j, start + lane]
        v[:] = 1.0
        for _ in range(iterations):
            at = 0
            for left in range((n + MOST - 1) // MOST, 0, -1):
                rows = (n - at + left - 1) // left
                update(k, at * line, line, LANES, m, vs, row, at, rows, us)  # type: ignore[call-arg]
                at += rows
            at = 0
            for left in range((m + MOST - 1) // MOST, 0, -1):
                rows = (m - at + left - 1) // left
                update(k, at * LANES, LANES, line, n, us, column, at, rows, vs)  # type: ignore[call-arg]
                at += rows
        for i in range(n):
            for j in range(m):
                for lane in range(LANES):
                    held[i, j, lane] = held[i, j, lane] * u[i, lane] * v[j, lane]
                if some == LANES:
                    for lane in range(LANES):
                        kernel[i, j, start + lane] = held[i, j, lane]
                else:
                    for lane in range(some):
                        kernel[i, j, start + lane] = held[i, j, lane]
