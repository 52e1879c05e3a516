"""Both products of a Sinkhorn step in one pass over the matrix; imported only where numba is.

In LLVM's own instructions: the sums of a row and of a column go in one order on every processor,
and while some rows are worked on, the next ones are on their way from memory.
"""

from __future__ import annotations

from typing import Any

import numba  # noqa: F401  # whole first: parts of it fail where two threads begin with them
import numpy as np
from llvmlite import ir
from numba.core.errors import TypingError
from numba.core.types import void
from numba.extending import intrinsic

from vrbench.normalizations.kept import ROUND, SUMMED
from vrbench.runtime.aligned import LINE
from vrbench.runtime.sums import LEAF
from vrbench.runtime.vectors import (
    INDEX,
    Lanes,
    data,
    prefetch,
    repeat,
    target,
)

ROWS = ROUND if "+avx512f" in target()[1] else ROUND // 4
"""Rows that go together: their sums fill the registers."""
AHEAD = ROWS if ROWS == ROUND else 3 * ROWS
"""How many rows before it is worked on a row is asked for. A pass was a tenth faster with 12 than
with 4 on Zen 3 (AVX2), and no faster with more than 16 on Zen 4 (AVX-512)."""
EARLY = 3 * ROWS // 4
"""Of ``ROWS`` lines of memory, those that are asked for during the dot products; the others are
while rows are added. On Zen 3 a pass was 2 to 8 % faster than with half of them; on AVX-512 it made
no difference."""


@intrinsic
def dots(
    typing: Any, kept: Any, start: Any, width: Any, lines: Any, beta: Any, column: Any, into: Any,
    at: Any, later: Any,
) -> Any:  # fmt: skip
    """Set a part of ``into`` to the dot products of a part of ``ROWS`` rows and of beta.

    Args:
        typing: numba's.
        kept: the matrix, on one axis like all arrays.
        start: where the part of the first row begins.
        width: of the matrix.
        lines: of the part.
        beta: one number a column.
        column: where the part begins.
        into: float64.
        at: where the dot products begin in it, one a row.
        later: where the rows begin that are asked for.
    """
    check(kept, beta)
    check(into)
    return void(kept, start, width, lines, beta, column, into, at, later), _write_dots


@intrinsic
def add(
    typing: Any, kept: Any, start: Any, width: Any, lines: Any, alpha: Any, sums: Any, at: Any,
    later: Any,
) -> Any:  # fmt: skip
    """Add ``ROWS`` rows, each times its alpha, to the sums of the columns, row after row.

    Args:
        typing: numba's.
        kept: the matrix, on one axis like all arrays.
        start: where the first row begins.
        width: of the matrix.
        lines: of a row.
        alpha: (ROWS,).
        sums: of the columns.
        at: where these sums begin in it.
        later: where the rows begin that are asked for.
    """
    check(kept, alpha, sums)
    return void(kept, start, width, lines, alpha, sums, at, later), _write_add


@intrinsic
def join(typing: Any, leaves: Any, left: Any, right: Any, into: Any) -> Any:
    """Add ``ROWS`` numbers to as many others; left, right and into are where these begin."""
    check(leaves)
    return void(leaves, left, right, into), _write_join


def check(*arrays: Any) -> None:
    """Refuse what does not lie on one axis, or has several types."""
    if len({*arrays}) > 1 or arrays[0].layout != "C" or arrays[0].ndim != 1:
        raise TypingError(f"expected contiguous numbers of one type, not {arrays}")


def _write_dots(context: Any, to: Any, signature: Any, given: Any) -> Any:
    _, start, width, lines, _, column, _, at, later = given
    kept, beta, into = (data(context, to, signature, given, k) for k in (0, 4, 6))
    lanes = line_of(context, signature)
    rows = _rows(to, kept, start, width)
    by_column = to.gep(beta, [column])

    def line(number: Any, sums: list[Any]) -> list[Any]:
        offset = to.mul(number, INDEX(lanes.count))
        right = lanes.load(to, to.gep(by_column, [offset]))
        _ask(to, to.gep(kept, [later]), to.add(column, offset), lanes, range(EARLY))
        return [
            lanes.multiply_add(to, lanes.load(to, to.gep(row, [offset])), right, value)
            for row, value in zip(rows, sums, strict=True)
        ]

    found = repeat(to, lines, [lanes.zero] * ROWS, line)
    several = min(ROWS, lanes.count)  # that are summed together
    wide = Lanes(ir.DoubleType(), several)
    for first in range(0, ROWS, several):
        value = lanes.sums(to, found[first : first + several])
        if lanes.number != wide.number:
            value = to.fpext(value, wide.type)
        wide.store(to, value, to.gep(into, [to.add(at, INDEX(first))]))
    return context.get_dummy_value()


def _write_add(context: Any, to: Any, signature: Any, given: Any) -> Any:
    _, start, width, lines, _, _, at, later = given
    kept, alpha, sums = (data(context, to, signature, given, k) for k in (0, 4, 5))
    lanes = line_of(context, signature)
    rows, sums = _rows(to, kept, start, width), to.gep(sums, [at])
    weights = [lanes.spread(to, to.load(to.gep(alpha, [INDEX(k)]))) for k in range(ROWS)]

    def line(number: Any, _: list[Any]) -> list[Any]:
        offset = to.mul(number, INDEX(lanes.count))
        place = to.gep(sums, [offset])
        total = lanes.load(to, place)
        for row, weight in zip(rows, weights, strict=True):
            total = lanes.multiply_add(to, lanes.load(to, to.gep(row, [offset])), weight, total)
        lanes.store(to, total, place)
        _ask(to, to.gep(kept, [later]), offset, lanes, range(EARLY, ROWS))
        return []

    repeat(to, lines, [], line)
    return context.get_dummy_value()


def _write_join(context: Any, to: Any, signature: Any, given: Any) -> Any:
    leaves, wide = data(context, to, signature, given, 0), Lanes(ir.DoubleType(), ROWS)
    left, right, into = (to.gep(leaves, [start]) for start in given[1:])
    wide.store(to, to.fadd(wide.load(to, left), wide.load(to, right)), into)
    return context.get_dummy_value()


def line_of(context: Any, signature: Any, which: int = 0) -> Lanes:
    """Return a line of numbers of an argument's type."""
    kind = signature.args[which].dtype
    return Lanes(context.get_data_type(kind), LINE * 8 // kind.bitwidth)


def _rows(to: Any, kept: Any, start: Any, width: Any) -> list[Any]:
    """Return where ``ROWS`` rows begin."""
    return [to.gep(kept, [to.add(start, to.mul(width, INDEX(k)))]) for k in range(ROWS)]


def _ask(to: Any, later: Any, column: Any, lanes: Lanes, which: range) -> None:
    """Ask memory for lines in the order in which they lie there, a row after the other.

    It answers faster than where as many rows are asked for side by side.
    """
    first = to.gep(later, [to.mul(column, INDEX(ROWS))])
    for line in which:
        prefetch(to, to.gep(first, [INDEX(line * lanes.count)]))


def total(leaves: Any) -> None:
    """Join leaves of ``ROWS`` float64 as ``Tree`` does, in their place: the total is the first."""
    n = len(leaves) // ROWS
    while n > 1:
        for k in range(n // 2):
            join(leaves, 2 * k * ROWS, (2 * k + 1) * ROWS, k * ROWS)  # type: ignore[call-arg]
        if n % 2:
            for k in range(ROWS):
                leaves[n // 2 * ROWS + k] = leaves[(n - 1) * ROWS + k]
        n = (n + 1) // 2


def both_sides(
    kept: Any, beta: Any, r: Any, alpha: Any, columns: Any, sums: Any, down: bool
) -> float:
    """Set ``alpha = r / (kept beta)`` and add ``alpha^T kept`` to ``columns``.

    A row is summed in leaves of ``LEAF`` columns, and these along a ``Tree``. Columns are summed
    row after row in groups of ``SUMMED`` rows, and these one after the other.

    Args:
        kept: (n', m) contiguous float32 or float64, m a multiple of ``LINE`` bytes, n' of ``ROWS``;
            zeros in rows from n on.
        beta: (m,) of the same type.
        r: (n,) float64 weights of the rows, n <= n'.
        alpha: (n,) float64.
        columns: (m,) float64.
        sums: (groups of ``SUMMED`` rows, m) of the type of ``kept``, to work in.
        down: whether the first group is read first, and not the last one; of no effect on the
            result. In turn, a pass begins with what the one before has left in the cache.

    Returns:
        The smallest number of ``kept beta``.
    """
    n, m = len(r), kept.shape[1]
    line, groups = LINE // kept.itemsize, (n + SUMMED - 1) // SUMMED
    flat, flat_sums, smallest = kept.reshape(-1), sums.reshape(-1), np.inf
    some, leaves = np.zeros(ROWS, kept.dtype), np.zeros((m + LEAF - 1) // LEAF * ROWS)
    for count in range(groups):
        group, following = (count, count + 1) if down else (groups - 1 - count, groups - 2 - count)
        sums[group] = 0
        end = min((group + 1) * SUMMED, n)
        for i in range(group * SUMMED, end, ROWS):
            later = i + AHEAD
            if later >= end:  # some row of the next group; of no effect where there is none
                later += following * SUMMED - (end + -end % ROWS)
            for k in range(len(leaves) // ROWS):
                j = k * LEAF
                lines = (min(j + LEAF, m) - j) // line
                dots(flat, i * m + j, m, lines, beta, j, leaves, k * ROWS, later * m)  # type: ignore[call-arg]
            total(leaves)
            for row in range(min(ROWS, n - i)):
                alpha[i + row] = r[i + row] / leaves[row]
                some[row] = alpha[i + row]
                smallest = min(smallest, leaves[row])
            add(flat, i * m, m, m // line, some, flat_sums, group * m, later * m)  # type: ignore[call-arg]
    for group in range(groups):
        columns += sums[group]
    return smallest
