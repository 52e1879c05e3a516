"""Exponentials that Sinkhorn keeps, in vector instructions; imported only where numba is.

In LLVM's own instructions: they have the same bits on every processor.
"""

from __future__ import annotations

from typing import Any

import numba  # noqa: F401  # whole first: parts of it fail where two threads begin with them
import numpy as np
from llvmlite import ir
from numba.core.types import float64
from numba.extending import intrinsic
from numba.np.numpy_support import as_dtype

from vrbench.normalizations.fused import check, line_of
from vrbench.normalizations.kept import least
from vrbench.runtime.aligned import LINE
from vrbench.runtime.vectors import INDEX, Lanes, data, repeat


@intrinsic
def powers(typing: Any, logits: Any, kept: Any, start: Any, lines: Any) -> Any:
    """Set a row of what is kept to ``exp(logits - top)``, and return the top: the largest logit.

    Exponentials of logits below ``least`` become 0.

    Args:
        typing: numba's.
        logits: (numbers of a row,) float64.
        kept: the matrix, on one axis.
        start: where the row begins.
        lines: of the row.
    """
    check(logits)
    check(kept)
    return float64(logits, kept, start, lines), _write_powers


def _write_powers(context: Any, to: Any, signature: Any, given: Any) -> Any:
    logits, kept = (data(context, to, signature, given, k) for k in (0, 1))
    kind = line_of(context, signature, 1)
    lanes = Lanes(ir.DoubleType(), kind.count)
    row = to.gep(kept, [given[2]])

    def load(number: Any) -> Any:
        return lanes.load(to, to.gep(logits, [to.mul(number, INDEX(lanes.count))]))

    def larger(x: Any, y: Any) -> Any:
        return to.select(to.fcmp_ordered(">", x, y), x, y)

    (most,) = repeat(to, given[3], [load(INDEX(0))], lambda k, held: [larger(load(k), held[0])])
    top = to.extract_element(most, INDEX(0))
    for lane in range(1, lanes.count):
        top = larger(to.extract_element(most, INDEX(lane)), top)
    tops, lowest = lanes.spread(to, top), lanes.all(least(as_dtype(signature.args[1].dtype)))

    def line(number: Any, _: list[Any]) -> list[Any]:
        logit = to.fsub(load(number), tops)
        value = lanes.exp(to, larger(logit, lowest))
        value = to.select(to.fcmp_ordered("<", logit, lowest), lanes.zero, value)
        if kind.number != lanes.number:
            value = to.fptrunc(value, kind.type)
        kind.store(to, value, to.gep(row, [to.mul(number, INDEX(kind.count))]))
        return []

    repeat(to, given[3], [], line)
    return top


def exponentials(block: Any, shift: Any, gamma: Any, kept: Any, top: Any) -> None:
    """Set rows of what is kept; see ``kept.keep``.

    Args:
        block: (n, m) similarities.
        shift: (m,) float64.
        gamma: temperature.
        kept: (n, m') contiguous float32 or float64, m' a multiple of ``LINE`` bytes.
        top: (n,) float64 to fill.
    """
    n, m = block.shape
    width, flat = kept.shape[1], kept.reshape(-1)
    logits = np.full(width, -np.inf)
    for i in range(n):
        for j in range(m):
            logits[j] = (block[i, j] - shift[j]) / gamma
        top[i] = powers(logits, flat, i * width, width * kept.itemsize // LINE)  # type: ignore[call-arg]
