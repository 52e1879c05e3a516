"""Matrix products in LLVM's own instructions; imported only where numba is installed.

A block of the result stays in registers while its dot products grow. Of a loop in Python numba
makes code that stores each sum after each step.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.core.errors import TypingError
from numba.core.registry import cpu_target
from numba.extending import intrinsic
from numba.np.arrayobj import make_array

REGISTERS = 3
"""Vector registers of a block's columns."""

STEPS = 128
"""Products that are summed up in a register before their sum is added to the result."""

ARRAY = types.Array(types.float32, 1, "C")


def unit(triple: str, features: str) -> tuple[int, int] | None:
    """Return the rows and columns of the block that fills a processor's registers.

    Args:
        triple: as LLVM calls the kind of processor.
        features: what it has, such as ``+avx2,+fma``.

    Returns:
        None: it has no instruction that multiplies and adds vectors with one rounding.
    """
    has = set(features.split(","))
    if triple.startswith(("aarch64", "arm64")):
        return 8, 4 * REGISTERS
    if "+avx512f" in has:
        return 8, 16 * REGISTERS
    return (4, 8 * REGISTERS) if {"+avx2", "+fma"} <= has else None


_triple, _, _features = cpu_target.target_context.codegen().magic_tuple()
UNIT = unit(_triple, _features)
"""The block of this processor. The bits of a result do not depend on it."""
ROWS, COLUMNS = UNIT or (1, 1)


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
    if any(kind != ARRAY for kind in (a, b, c)):
        raise TypingError(f"expected contiguous float32 numbers, not {a}, {b}, {c}")
    if any(kind != types.int64 for kind in (i, j, at, width, steps)):
        raise TypingError(f"expected int64, not {i}, {j}, {at}, {width}, {steps}")
    return types.void(a, i, b, j, c, at, width, steps, first), _emit


_INDEX, _LANE = ir.IntType(64), ir.IntType(32)
_LANES = COLUMNS // REGISTERS
_REGISTER = ir.VectorType(ir.FloatType(), max(_LANES, 1))


def _emit(context: Any, to: Any, signature: Any, given: Any) -> Any:
    """Write the instructions of a block."""
    a, i, b, j, c, at, width, steps, first = given
    arrays = zip((0, 2, 4), (a, b, c), (i, j, at), strict=True)
    left, right, into = (
        to.gep(make_array(signature.args[k])(context, to, array).data, [start])
        for k, array, start in arrays
    )
    places = [(row, k) for row in range(ROWS) for k in range(REGISTERS)]
    before, loop, after = to.block, to.append_basic_block(), to.append_basic_block()
    to.branch(loop)

    to.position_at_end(loop)
    step, sums = to.phi(_INDEX), [to.phi(_REGISTER) for _ in places]
    rows = to.gep(left, [to.mul(step, _INDEX(ROWS))])
    columns = to.gep(right, [to.mul(step, _INDEX(COLUMNS))])
    by_column = [_load(to, columns, k) for k in range(REGISTERS)]
    by_row = [_spread(to, to.load(to.gep(rows, [_INDEX(row)]))) for row in range(ROWS)]
    three = ir.FunctionType(_REGISTER, [_REGISTER] * 3)
    fma = cgutils.get_or_insert_function(to.module, three, f"llvm.fma.v{_LANES}f32")
    grown = [
        to.call(fma, [by_row[row], by_column[k], value])
        for (row, k), value in zip(places, sums, strict=True)
    ]
    following = to.add(step, _INDEX(1))
    to.cbranch(to.icmp_signed("<", following, steps), loop, after)
    step.add_incoming(_INDEX(0), before)
    step.add_incoming(following, loop)
    for value, end in zip(sums, grown, strict=True):
        value.add_incoming(ir.Constant(_REGISTER, [0.0] * _LANES), before)
        value.add_incoming(end, loop)

    to.position_at_end(after)
    lines = [to.gep(into, [to.mul(width, _INDEX(row))]) for row in range(ROWS)]
    with to.if_else(cgutils.is_true(to, first)) as (new, old):
        with new:
            for (row, k), value in zip(places, grown, strict=True):
                to.store(value, _vector(to, lines[row], k), align=4)
        with old:
            for (row, k), value in zip(places, grown, strict=True):
                total = to.fadd(_load(to, lines[row], k), value)
                to.store(total, _vector(to, lines[row], k), align=4)
    return context.get_dummy_value()


def _vector(to: Any, start: Any, k: int) -> Any:
    """Return where the k-th register of numbers is."""
    return to.bitcast(to.gep(start, [_INDEX(k * _LANES)]), _REGISTER.as_pointer())


def _load(to: Any, start: Any, k: int) -> Any:
    return to.load(_vector(to, start, k), align=4)


def _spread(to: Any, number: Any) -> Any:
    """Return a register full of one number."""
    nothing = ir.Constant(_REGISTER, ir.Undefined)
    one = to.insert_element(nothing, number, _LANE(0))
    return to.shuffle_vector(one, nothing, ir.Constant(ir.VectorType(_LANE, _LANES), [0] * _LANES))


def multiply(a: Any, b: Any, c: Any, n: Any, m: Any, width: Any, near: Any) -> None:
    """Fill the product c (n, m), given its rows and columns in the order that blocks read.

    Args:
        a: (n / ROWS, width, ROWS) numbers, on one axis like all arrays.
        b: (m / COLUMNS, width, COLUMNS).
        c: (n, m).
        n: rows.
        m: columns.
        width: numbers of each.
        near: columns that stay in a core's cache while all rows go by, whole blocks.
    """
    for first in range(0, m, near):
        for i in range(0, n, ROWS):
            for j in range(first, min(first + near, m), COLUMNS):
                for k in range(0, width, STEPS):
                    x, y = i * width + k * ROWS, j * width + k * COLUMNS
                    steps = min(STEPS, width - k)
                    block(a, x, b, y, c, i * m + j, m, steps, k == 0)  # type: ignore[call-arg]
