"""Matrix products of tokens: by a kernel of our own where numba compiles it, else by torch."""

from __future__ import annotations

from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from vrbench.runtime.compiling import compiled, vectorized

if TYPE_CHECKING:
    from torch import Tensor, device, dtype

GRID = 48
"""torch multiplies matrices with sides in multiples of this. The kernels of a BLAS round
differently at the edges of a matrix; without edges a dot product has the same bits wherever it
stands."""

TERMS = {4: 512, 8: 128}
"""By the bytes of a number: how many terms of a dot product torch adds up at once. Of more, MKL
makes parts on some processors, and other parts for matrices of another shape."""

NEAR = 400_000
"""Bytes of columns that stay in a core's second cache while all rows go by."""


def ours(kind: dtype, on: device) -> bool:
    """Whether our kernel makes products of these numbers on this device."""
    fits = on.type == "cpu" and str(kind) in ("torch.float32", "torch.float64")
    return fits and vectorized()


def operand(
    vectors: Tensor, order: NDArray[np.int64] | None = None, *, columns: bool = False, own: bool
) -> Tensor:
    """Bring the vectors of one side of a product into the order in which they are read.

    Args:
        vectors: (m, d).
        order: (n,) which of them; None: all.
        columns: whether they become the columns of the result, and not its rows.
        own: whether our kernel multiplies; the same for both sides.

    Returns:
        (n', d) for torch, with zero vectors up to a multiple of ``GRID``; (n' / u, d, u) for our
        kernel, the same number of u vectors side by side, with zero vectors up to a multiple of u.
    """
    if not own:
        return on_grid(vectors if order is None else vectors[order])
    order = np.arange(len(vectors)) if order is None else order
    size = unit(vectors.element_size(), columns=columns, own=own)
    found = vectors.new_empty(-(-len(order) // size), vectors.shape[1], size)
    compiled(_kernel().arrange)(vectors.contiguous().numpy(), order, found.numpy())
    return found


def unit(size: int, *, columns: bool, own: bool) -> int:
    """Return of how many vectors one side of a product is a multiple; see ``operand``.

    Args:
        size: bytes of a number.
        columns: whether they become the columns of the result.
        own: whether our kernel multiplies.
    """
    if not own:
        return GRID
    found: int = _kernel().columns(size) if columns else _kernel().ROWS
    return found


def product(rows: Tensor, columns: Tensor, out: Tensor | None = None) -> Tensor:
    """(n', m') dot products of two operands, made by the thread that asks for them.

    A dot product has the same bits wherever it stands. By our kernel it has them on every
    processor: 128 terms at a time are added in order, each with one rounding, and so are their
    sums.

    Args:
        rows: operand; no gradient is recorded.
        columns: operand of the same width, made for the same kernel.
        out: contiguous, of the result's shape; None: a new tensor.
    """
    n, m = shape(rows, columns)
    out = rows.new_empty(n, m) if out is None else out
    if rows.ndim == 2:
        return _by_torch(rows, columns, out)
    width, size = columns.shape[1:]
    compiled(_kernel().multiply)(
        *(side.view(-1).numpy() for side in (rows, columns, out)), n, m, width, size, near(columns)
    )
    return out


def near(columns: Tensor) -> int:
    """Return how many columns of an operand for our kernel stay near while all rows go by."""
    width, size = columns.shape[1:]
    return max(NEAR // (width * size * columns.element_size()), 1) * size


def _by_torch(rows: Tensor, columns: Tensor, out: Tensor) -> Tensor:
    import torch

    width = rows.shape[1]
    step = TERMS[rows.element_size()] if rows.device.type == "cpu" else width
    torch.mm(rows[:, :step], columns[:, :step].mT, out=out)
    for start in range(step, width, step):
        part = slice(start, start + step)
        out.addmm_(rows[:, part], columns[:, part].mT)
    return out


def shape(rows: Tensor, columns: Tensor) -> tuple[int, int]:
    """Return the shape of the product of two operands."""
    n, m = (side.shape[0] * (side.shape[2] if side.ndim == 3 else 1) for side in (rows, columns))
    return n, m


def on_grid(rows: Tensor, *, columns: bool = False) -> Tensor:
    """Add zero rows (second last axis), and ``columns``, up to multiples of ``GRID``."""
    import torch

    *_, n, m = rows.shape
    return torch.nn.functional.pad(rows, (0, -m % GRID if columns else 0, 0, -n % GRID))


def _kernel() -> ModuleType:
    """Our kernel; importing it imports numba."""
    from vrbench.alignments.engine import microkernel

    return microkernel
