"""Arithmetic with numbers in vector registers; imported only where numba is.

Formulas are written with operators, as for arrays, and become LLVM's instructions. Each is rounded
as it stands there, so that its bits are the same on every processor.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from llvmlite import ir

from vrbench.runtime.vectors import Lanes

_MANTISSA = 23
_ROUND = 1.5 * 2**_MANTISSA
"""Added to a small float32, it leaves the nearest whole number in the last bits."""
_ONE = 0x3F800000
"""The bits of the float32 1."""
_ROOT = 0x3F3504F3
"""Those of the root of 1/2."""
_LOG2_E = 1.4426950408889634
_LN2 = 0.693359375, -2.12194440e-4
"""ln 2 in two parts, the first of few digits."""
_EXP = (
    *(1.9875691500e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1),
    0.5,
)
_LOG = (
    *(7.0376836292e-2, -1.1514610310e-1, 1.1676998740e-1, -1.2420140846e-1, 1.4249322787e-1),
    *(-1.6668057665e-1, 2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1),
)
"""Series of Cephes, expf and logf, highest power first."""


@dataclass(frozen=True)
class Vector:
    """Numbers in registers. Beside them a plain number stands for as many of it.

    Attributes:
        to: the place in a function that instructions are written to.
        lanes: how many numbers of which type.
        value: LLVM's.
    """

    to: Any
    lanes: Lanes
    value: Any

    def __add__(self, other: Vector | float) -> Vector:
        return self.new(self.to.fadd(self.value, self.like(other).value))

    def __sub__(self, other: Vector | float) -> Vector:
        return self.new(self.to.fsub(self.value, self.like(other).value))

    def __mul__(self, other: Vector | float) -> Vector:
        return self.new(self.to.fmul(self.value, self.like(other).value))

    def __truediv__(self, other: Vector | float) -> Vector:
        return self.new(self.to.fdiv(self.value, self.like(other).value))

    def plus(self, x: Vector | float, y: Vector | float) -> Vector:
        """Return ``self + x y``, with one rounding."""
        factors = (self.like(x).value, self.like(y).value)
        return self.new(self.lanes.multiply_add(self.to, *factors, self.value))

    def or_larger(self, other: Vector | float) -> Vector:
        """Return ``other`` where it is larger, else ``self``."""
        found = self.like(other)
        return found.if_above(self, found, self)

    def if_above(self, bound: Vector | float, above: Vector, other: Vector) -> Vector:
        """Return ``above`` where this is larger than a bound, else ``other``."""
        larger = self.to.fcmp_ordered(">", self.value, self.like(bound).value)
        return self.new(self.to.select(larger, above.value, other.value))

    def like(self, number: Vector | float) -> Vector:
        """Return a plain number in all lanes."""
        return number if isinstance(number, Vector) else self.new(self.lanes.all(number))

    def new(self, value: Any) -> Vector:
        """Return another vector of the kind."""
        return Vector(self.to, self.lanes, value)

    @property
    def bits(self) -> Any:
        """The float32 numbers as int32."""
        return self.to.bitcast(self.value, ir.VectorType(ir.IntType(32), self.lanes.count))

    def of_bits(self, bits: Any) -> Vector:
        """Return the numbers that have these bits."""
        return self.new(self.to.bitcast(bits, self.lanes.type))

    def whole(self, number: int) -> Any:
        """Return an int32 in all lanes."""
        return ir.Constant(
            ir.VectorType(ir.IntType(32), self.lanes.count), [number] * self.lanes.count
        )


def exp(x: Vector) -> Vector:
    """``exp(x)`` of float32 between -80 and 80, relative error 1.2e-7."""
    series, r, power = _powers(x)
    value = (r + 1.0).plus(series, r * r)
    return x.of_bits(x.to.add(value.bits, power))


def expm1(x: Vector) -> Vector:
    """``exp(x) - 1`` of float32 between -80 and 80, without the 1 near 0."""
    series, r, power = _powers(x)
    two = x.of_bits(x.to.add(power, x.whole(_ONE)))
    return (two - 1.0).plus(two, r.plus(series, r * r))


def log(x: Vector) -> Vector:
    """``log(x)`` of positive float32 that are not subnormal, relative error 1.2e-7."""
    to = x.to
    above = to.sub(x.bits, x.whole(_ROOT))
    exponent = to.ashr(above, x.whole(_MANTISSA))
    power = x.new(to.sitofp(exponent, x.lanes.type))
    r = x.of_bits(to.sub(x.bits, to.shl(exponent, x.whole(_MANTISSA)))) - 1.0
    square = r * r
    rest = (_series(_LOG, r) * r * square).plus(power, _LN2[1]).plus(square, -0.5)
    return (r + rest).plus(power, _LN2[0])


def log1p(x: Vector) -> Vector:
    """``log(1 + x)`` of float32 above -1, with all digits near 0."""
    above = x + 1.0
    return log(above) + (x - (above - 1.0)) / above


def _powers(x: Vector) -> tuple[Vector, Vector, Any]:
    """Return p, r, and n in the bits of an exponent: ``exp(x) = 2^n (1 + r + p r^2)``."""
    shifted = x.like(_ROUND).plus(x, _LOG2_E)
    n = shifted - _ROUND
    r = x.plus(n, -_LN2[0]).plus(n, -_LN2[1])
    return _series(_EXP, r), r, x.to.shl(shifted.bits, x.whole(_MANTISSA))


def _series(factors: tuple[float, ...], x: Vector) -> Vector:
    """Return a polynomial, highest power first."""
    found = x.like(factors[0])
    for factor in factors[1:]:
        found = x.like(factor).plus(found, x)
    return found
