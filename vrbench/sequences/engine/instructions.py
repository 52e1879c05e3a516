"""Steps of Sinkhorn on a few pairs in vector registers; imported only where numba is.

``kernels.py`` puts them together. Sums grow in registers, those of several rows together, so that
the factors are read once for all of them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba  # noqa: F401  # whole first: parts of it fail where two threads begin with them
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
def fetch(typing: Any, sim: Any, start: Any, pairs: Any, some: Any, k: Any, at: Any, m: Any) -> Any:
    """Copy a row of similarities of some pairs to where they are worked on.

    Args:
        typing: numba's.
        sim: (n x m x pairs,).
        start: where the row's first similarity of the first pair stands in it.
        pairs: from one similarity of a pair to the next.
        some: how many pairs, 1 to ``LANES``; numbers beyond become 0.
        k: on one axis like all arrays, pairs innermost.
        at: where the row begins in it.
        m: similarities of a row.
    """
    _check(sim, k)
    return types.void(sim, start, pairs, some, k, at, m), _write_fetch


def _write_fetch(context: Any, to: Any, signature: Any, given: Any) -> Any:
    sim, k = (data(context, to, signature, given, i) for i in (0, 4))
    _, start, pairs, some, _, at, m = given
    row, into = to.gep(sim, [start]), to.gep(k, [at])

    def write(mask: Any) -> None:
        def one(number: Any, _: list[Any]) -> list[Any]:
            value = _PAIRS.load(to, to.gep(row, [to.mul(number, pairs)]), mask)
            _PAIRS.store(to, value, to.gep(into, [to.mul(number, INDEX(LANES))]))
            return []

        repeat(to, m, [], one)

    _whole_or_some(to, some, write)
    return context.get_dummy_value()


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
    _check(k, spread)
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
    _check(k, factors, masses, scaled)
    given = k, start, across, along, terms, factors, masses, first, rows, scaled
    return types.void(*given), _write_update


def _write_update(context: Any, to: Any, signature: Any, given: Any) -> Any:
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
def finish(
    typing: Any, k: Any, at: Any, u: Any, v: Any, m: Any, sim: Any, start: Any, pairs: Any,
    some: Any, total: Any,
) -> Any:  # fmt: skip
    """Add a row of plans times similarities to the scores of some pairs; see ``fetch``.

    Args:
        typing: numba's.
        k: exponentials, which become the plans.
        at: where the row begins in it.
        u: (LANES,) the row's factors.
        v: (columns x LANES,).
        m: similarities of a row.
        sim: (n x m x pairs,).
        start: where the row's first similarity of the first pair stands in it.
        pairs: from one similarity of a pair to the next.
        some: how many pairs.
        total: (LANES,) to add to.
    """
    _check(k, u, v, sim, total)
    given = k, at, u, v, m, sim, start, pairs, some, total
    return types.void(*given), _write_finish


def _write_finish(context: Any, to: Any, signature: Any, given: Any) -> Any:
    k, u, v, sim, total = (data(context, to, signature, given, i) for i in (0, 2, 3, 5, 9))
    _, at, _, _, m, _, start, pairs, some, _ = given
    first, row = to.gep(k, [at]), to.gep(sim, [start])
    factor = _PAIRS.load(to, u)

    def write(mask: Any) -> None:
        def one(number: Any, held: list[Any]) -> list[Any]:
            at = to.mul(number, INDEX(LANES))
            place = to.gep(first, [at])
            plan = to.fmul(_PAIRS.load(to, place), factor)
            plan = to.fmul(plan, _PAIRS.load(to, to.gep(v, [at])))
            _PAIRS.store(to, plan, place)
            value = _PAIRS.load(to, to.gep(row, [to.mul(number, pairs)]), mask)
            return [to.fadd(held[0], to.fmul(plan, value))]

        _PAIRS.store(to, repeat(to, m, [_PAIRS.load(to, total)], one)[0], total)

    _whole_or_some(to, some, write)
    return context.get_dummy_value()


def _whole_or_some(to: Any, some: Any, write: Callable[[Any], None]) -> None:
    """Write what is done with all lanes, without a mask, and with the first ones."""
    with to.if_else(to.icmp_signed("==", some, INDEX(LANES))) as (whole, first):
        with whole:
            write(None)
        with first:
            write(_PAIRS.first(to, some))


def _check(*arrays: Any) -> None:
    """Refuse what is not float64 on one axis."""
    if any(kind != types.Array(types.float64, 1, "C") for kind in arrays):
        raise TypingError(f"expected float64 numbers, not {arrays}")
