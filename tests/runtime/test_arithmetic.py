"""Functions of vectors against float64."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from vrbench.runtime.compiling import vectorized

pytestmark = pytest.mark.skipif(not vectorized(), reason="needs numba and vector instructions")

COUNT = 8


def applied(name: str, values: NDArray[np.float32]) -> NDArray[np.float32]:
    """A function of ``arithmetic.py`` of each number; their count is a multiple of 8."""
    from llvmlite import ir
    from numba import njit, types
    from numba.extending import intrinsic

    from vrbench.runtime import arithmetic
    from vrbench.runtime.vectors import INDEX, Lanes, data, repeat

    lanes = Lanes(ir.FloatType(), COUNT)

    @intrinsic
    def apply(typing: Any, x: Any, lines: Any, out: Any) -> Any:
        def write(context: Any, to: Any, signature: Any, given: Any) -> Any:
            start, end = (data(context, to, signature, given, k) for k in (0, 2))

            def line(number: Any, _: list[Any]) -> list[Any]:
                at = to.mul(number, INDEX(COUNT))
                value = arithmetic.Vector(to, lanes, lanes.load(to, to.gep(start, [at])))
                found = getattr(arithmetic, name)(value).value
                lanes.store(to, found, to.gep(end, [at]))
                return []

            repeat(to, given[1], [], line)
            return context.get_dummy_value()

        return types.void(x, lines, out), write

    def kernel(x: Any, lines: Any, out: Any) -> None:
        apply(x, lines, out)  # type: ignore[call-arg]

    found = np.empty_like(values)
    njit(kernel)(values, len(values) // COUNT, found)
    return found


SMALL = 10.0 ** np.linspace(-30, -2, 4000)
FUNCTIONS = {
    "exp": (np.exp, np.linspace(-80, 80, 40_000)),
    "expm1": (np.expm1, np.concatenate([np.linspace(-80, 80, 40_000), SMALL, -SMALL])),
    "log": (
        np.log,
        np.concatenate([10.0 ** np.linspace(-37, 38, 40_000), np.linspace(0.5, 2, 40_000)]),
    ),
    "log1p": (
        np.log1p,
        np.concatenate([np.linspace(-0.99, 100, 40_000), SMALL, -SMALL, 10.0 ** np.arange(32)]),
    ),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_are_right_to_the_last_bits(name: str) -> None:
    exact, points = FUNCTIONS[name]
    values = points.astype(np.float32)
    expected = exact(values.astype(np.float64))
    unit = np.spacing(np.abs(expected).astype(np.float32))
    assert (np.abs(applied(name, values) - expected) / unit).max() < 2


@pytest.mark.parametrize("name", ["exp", "log"])
def test_one_has_its_exact_value(name: str) -> None:
    at, value = {"exp": (0, 1), "log": (1, 0)}[name]
    assert (applied(name, np.full(COUNT, at, np.float32)) == value).all()
