"""Vector instructions of LLVM, for what numba does not make of loops by itself.

Imported only where numba is. ``to`` is the place in a function that instructions are written to.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from math import factorial, log
from typing import Any

import numba  # noqa: F401  # whole first: parts of it fail where two threads begin with them
from llvmlite import ir
from numba.core import cgutils
from numba.core.registry import cpu_target
from numba.np.arrayobj import make_array

INDEX, _LANE = ir.IntType(64), ir.IntType(32)
_TO_SECOND_CACHE = 2
_MANTISSA, _POWERS = 52, 13
_MOVE = 1.5 * 2.0**_MANTISSA
"""Added to a float64, it leaves the nearest whole number in the last bits."""
_LOG_2 = log(2), 2.3190468138462996e-17
"""ln 2, and what is missing from the first number."""


@cache
def target() -> tuple[str, frozenset[str]]:
    """Return how LLVM calls the kind of processor, and what it has, such as ``+avx2``."""
    triple, _, features = cpu_target.target_context.codegen().magic_tuple()
    return triple, frozenset(features.split(","))


def multiplies_and_adds(triple: str, features: frozenset[str]) -> bool:
    """Whether a processor multiplies and adds vectors with one rounding."""
    return triple.startswith(("aarch64", "arm64")) or {"+avx2", "+fma"} <= features


USABLE = multiplies_and_adds(*target())
"""Whether this processor does."""


def data(context: Any, to: Any, signature: Any, given: Any, which: int) -> Any:
    """Return where the numbers of an argument that is an array begin."""
    return make_array(signature.args[which])(context, to, given[which]).data


@dataclass(frozen=True)
class Lanes:
    """Numbers that are worked on together, at any address; as many registers as they fill.

    Attributes:
        number: type of one.
        count: how many.
    """

    number: Any
    count: int

    @property
    def type(self) -> Any:
        """LLVM's type."""
        return ir.VectorType(self.number, self.count)

    @property
    def zero(self) -> Any:
        """As many zeros."""
        return ir.Constant(self.type, [0.0] * self.count)

    def load(self, to: Any, start: Any, mask: Any = None) -> Any:
        """Return ``count`` numbers as they lie in memory from ``start``, a pointer to the first.

        Where ``mask`` is not set there are zeros, and memory is not read.
        """
        place = to.bitcast(start, self.type.as_pointer())
        if mask is None:
            return to.load(place, align=self._align)
        return self._masked(to, "load", self.type, [place, _LANE(self._align), mask, self.zero])

    def store(self, to: Any, value: Any, start: Any, mask: Any = None) -> None:
        """Write ``count`` numbers to memory from ``start``, those where ``mask`` is set."""
        place = to.bitcast(start, self.type.as_pointer())
        if mask is None:
            to.store(value, place, align=self._align)
        else:
            self._masked(to, "store", ir.VoidType(), [value, place, _LANE(self._align), mask])

    def first(self, to: Any, number: Any) -> Any:
        """Return the mask of the first ``number`` lanes."""
        lanes = Lanes(INDEX, self.count)
        return to.icmp_signed(
            "<", ir.Constant(lanes.type, list(range(self.count))), lanes.spread(to, number)
        )

    def spread(self, to: Any, number: Any) -> Any:
        """Return the same number in all."""
        nothing = ir.Constant(self.type, ir.Undefined)
        one = to.insert_element(nothing, number, _LANE(0))
        return to.shuffle_vector(one, nothing, _places([0] * self.count))

    def multiply_add(self, to: Any, x: Any, y: Any, z: Any) -> Any:
        """``x y + z`` with one rounding."""
        name = f"llvm.fma.v{self.count}f{self._align * 8}"
        kind = ir.FunctionType(self.type, [self.type] * 3)
        return to.call(cgutils.get_or_insert_function(to.module, kind, name), [x, y, z])

    def sums(self, to: Any, vectors: Sequence[Any]) -> Any:
        """Return the sum of each of several, one beside the other.

        Half of the lanes are added to the other half until one is left. There are a power of two of
        vectors, no more than lanes; one's sum does not depend on the others.
        """
        left, length = list(vectors), self.count
        while length > 1:
            held, half = self.count // length, length // 2
            several = len(left) > 1
            if not several:
                held = len(vectors)
            at = [
                side * self.count + k * length + i
                for side in range(1 + several)
                for k in range(held)
                for i in range(half)
            ]
            pairs = zip(left[::2], left[1::2], strict=True) if several else [(left[0], left[0])]
            left = [
                to.fadd(
                    to.shuffle_vector(x, y, _places(at)),
                    to.shuffle_vector(x, y, _places([place + half for place in at])),
                )
                for x, y in pairs
            ]
            length = half
        return left[0]

    def exp(self, to: Any, x: Any) -> Any:
        """``exp(x)`` of float64 from -707 to 707, within 1 unit of the last place.

        ``exp(x) = 2^n exp(x - n ln 2)``, with Taylor's series of 13 powers for the second factor,
        which lies between 0.7 and 1.5.
        """
        whole = ir.VectorType(INDEX, self.count)
        moved = self.multiply_add(to, x, self.all(1 / log(2)), self.all(_MOVE))
        n = to.fsub(moved, self.all(_MOVE))
        for part in _LOG_2:
            x = self.multiply_add(to, n, self.all(-part), x)
        series = self.all(1 / factorial(_POWERS))
        for power in reversed(range(_POWERS)):
            series = self.multiply_add(to, series, x, self.all(1 / factorial(power)))
        shift = ir.Constant(whole, [_MANTISSA] * self.count)
        exponent = to.shl(to.bitcast(moved, whole), shift)
        return to.bitcast(to.add(to.bitcast(series, whole), exponent), self.type)

    def all(self, value: float) -> Any:
        """Return a constant in all lanes."""
        return ir.Constant(self.type, [value] * self.count)

    def _masked(self, to: Any, what: str, result: Any, given: list[Any]) -> Any:
        """Call LLVM's masked ``load`` or ``store``."""
        kind = f"v{self.count}f{self._align * 8}"
        function = ir.FunctionType(result, [value.type for value in given])
        name = f"llvm.masked.{what}.{kind}.p0{kind}"
        return to.call(cgutils.get_or_insert_function(to.module, function, name), given)

    @property
    def _align(self) -> int:
        return 4 if isinstance(self.number, ir.FloatType) else 8


def _places(of: Sequence[int]) -> Any:
    return ir.Constant(ir.VectorType(_LANE, len(of)), list(of))


def prefetch(to: Any, start: Any) -> None:
    """Begin to bring what lies there into the second cache; it may be anywhere."""
    byte = ir.IntType(8).as_pointer()
    kind = ir.FunctionType(ir.VoidType(), [byte, _LANE, _LANE, _LANE])
    function = cgutils.get_or_insert_function(to.module, kind, "llvm.prefetch.p0i8")
    to.call(function, [to.bitcast(start, byte), _LANE(0), _LANE(_TO_SECOND_CACHE), _LANE(1)])


def repeat(
    to: Any, times: Any, values: Sequence[Any], body: Callable[[Any, list[Any]], list[Any]]
) -> list[Any]:
    """Write a loop, and return its last values.

    Args:
        to: where.
        times: how often.
        values: that each round gets, and leaves for the next one.
        body: writes a round, given its number from 0 and the values, and returns the next values.
    """
    before = to.block
    test, inside, after = (to.append_basic_block() for _ in range(3))
    to.branch(test)
    to.position_at_end(test)
    number, held = to.phi(INDEX), [to.phi(value.type) for value in values]
    to.cbranch(to.icmp_signed("<", number, times), inside, after)
    to.position_at_end(inside)
    found = body(number, held)
    firsts, nexts = [INDEX(0), *values], [to.add(number, INDEX(1)), *found]
    for phi, first, following in zip([number, *held], firsts, nexts, strict=True):
        phi.add_incoming(first, before)
        phi.add_incoming(following, to.block)
    to.branch(test)
    to.position_at_end(after)
    return held
