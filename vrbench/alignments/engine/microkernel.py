"""Matrix products in LLVM's own instructions; imported only where numba is installed.

A block of the result stays in registers while its dot products grow. Of a loop in Python numba
makes code that stores each sum after each step.
"""

from __future__ import annotations

from typing import Any

import numba  # noqa: F401  # whole first: parts of it fail where two threads begin with them
from llvmlite import ir
from numba.core import cgutils, types
from numba.core.errors import TypingError
from numba.extending import intrinsic

from vrbench.runtime.vectors import INDEX, Lanes, data, repeat, target

REGISTERS = 3
"""Vector registers of a block's columns."""

STEPS = 128
"""Products that are summed up in a register before their sum is added to the result."""

STRIP = 16
"""Numbers of a vector that are brought into order before those of the next one."""


def unit(triple: str, features: frozenset[str]) -> tuple[int, int]:
    """Return the rows of the block that fills a processor's registers, and the bytes of its rows.

    Args:
        triple: as LLVM calls the kind of processor.
        features: what it has, such as ``+avx2``.
    """
    if not triple.startswith("x86"):
        return 8, 16 * REGISTERS
    return (8, 64 * REGISTERS) if "+avx512f" in features else (4, 32 * REGISTERS)


ROWS, _BYTES = unit(*target())
"""The block of this processor. The bits of a result do not depend on it."""


def columns(size: int) -> int:
    """Return how many numbers of so many bytes are a row of a block."""
    return _BYTES // size


_LANES = {
    types.float32: Lanes(ir.FloatType(), columns(4) // REGISTERS),
    types.float64: Lanes(ir.DoubleType(), columns(8) // REGISTERS),
}


@intrinsic
def block(
    typing: Any, a: Any, i: Any, b: Any, j: Any, c: Any, at: Any, width: Any, steps: Any, first: Any
) -> Any:
    """Set (``first``) or increase a block of ``c`` by the sum of ``steps`` outer products.

    Args:
        typing: numba's.
        a: numbers of the rows, those of one step side by side.
        i: where they begin.
        b: numbers of the columns, alike.
        j: where they begin.
        c: the result.
        at: where the block begins in it.
        width: columns of the result.
        steps: how many, at least one.
        first: whether what is there is written over.
    """
    if any(kind != types.Array(a.dtype, 1, "C") or kind.dtype not in _LANES for kind in (a, b, c)):
        raise TypingError(f"expected contiguous numbers of one type, not {a}, {b}, {c}")
    if any(kind != types.int64 for kind in (i, j, at, width, steps)):
        raise TypingError(f"expected int64, not {i}, {j}, {at}, {width}, {steps}")
    return types.void(a, i, b, j, c, at, width, steps, first), _write


def _write(context: Any, to: Any, signature: Any, given: Any) -> Any:
    """Write the instructions of a block."""
    _, i, _, j, _, at, width, steps, first = given
    lanes = _LANES[signature.args[0].dtype]
    by_step = INDEX(REGISTERS * lanes.count)
    a, b, c = (
        to.gep(data(context, to, signature, given, k), [start])
        for k, start in ((0, i), (2, j), (4, at))
    )

    def step(number: Any, sums: list[Any]) -> list[Any]:
        rows = to.gep(a, [to.mul(number, INDEX(ROWS))])
        line = to.gep(b, [to.mul(number, by_step)])
        by_column = [lanes.load(to, place) for place in _registers(to, lanes, line)]
        found = list[Any]()
        for k in range(ROWS):  # row after row: with all of them loaded, AVX2 has no register left
            by_row = lanes.spread(to, to.load(to.gep(rows, [INDEX(k)])))
            held = sums[k * REGISTERS : (k + 1) * REGISTERS]
            found += [
                lanes.multiply_add(to, by_row, y, value)
                for y, value in zip(by_column, held, strict=True)
            ]
        return found

    sums = repeat(to, steps, [lanes.zero] * (ROWS * REGISTERS), step)
    lines = [to.gep(c, [to.mul(width, INDEX(k))]) for k in range(ROWS)]
    places = [place for line in lines for place in _registers(to, lanes, line)]
    with to.if_else(cgutils.is_true(to, first)) as (new, old):
        with new:
            for place, value in zip(places, sums, strict=True):
                lanes.store(to, value, place)
        with old:
            for place, value in zip(places, sums, strict=True):
                lanes.store(to, to.fadd(lanes.load(to, place), value), place)
    return context.get_dummy_value()


def _registers(to: Any, lanes: Lanes, start: Any) -> list[Any]:
    """Return where the registers of a line begin."""
    return [to.gep(start, [INDEX(k * lanes.count)]) for k in range(REGISTERS)]


def arrange(vectors: Any, order: Any, out: Any) -> None:
    """Bring vectors into the order that blocks read: (n / u, width, u), zeros after the last one.

    Args:
        vectors: (m, width).
        order: (n,) which of them.
        out: what is filled.
    """
    width, size = out.shape[1:]
    for part in range(len(out)):
        first = part * size
        some = min(size, len(order) - first)
        for start in range(0, width, STRIP):  # what is written stays in the first cache
            for k in range(some):
                vector = vectors[order[first + k]]
                for number in range(start, min(start + STRIP, width)):
                    out[part, number, k] = vector[number]
        for number in range(width):
            for k in range(some, size):
                out[part, number, k] = 0


def multiply(a: Any, b: Any, c: Any, n: Any, m: Any, width: Any, size: Any, near: Any) -> None:
    """Fill the product c (n, m), given its rows and columns in the order that blocks read.

    Args:
        a: (n / ROWS, width, ROWS) numbers, on one axis like all arrays.
        b: (m / size, width, size).
        c: (n, m).
        n: rows.
        m: columns.
        width: numbers of each.
        size: ``columns`` of a block.
        near: columns that stay in a core's cache while all rows go by, whole blocks.
    """
    for first in range(0, m, near):
        for i in range(0, n, ROWS):
            for j in range(first, min(first + near, m), size):
                for k in range(0, width, STEPS):
                    x, y = i * width + k * ROWS, j * width + k * size
                    steps = min(STEPS, width - k)
                    block(a, x, b, y, c, i * m + j, m, steps, k == 0)  # type: ignore[call-arg]
