"""Which reductions numba has compiled (extra ``fast``), and how a tile is handed to them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from vrbench.alignments import Method
from vrbench.alignments.base import Alignment
from vrbench.alignments.emd import EarthMover
from vrbench.alignments.engine import emd_kernels, kernels, simplex
from vrbench.alignments.engine.tiles import Tile
from vrbench.alignments.lse import LogSumExp
from vrbench.alignments.max_ import MaxAvg, MaxSum, TokenMean
from vrbench.alignments.scan import Scan
from vrbench.alignments.tokenflow import TokenFlow
from vrbench.alignments.transport import LEAST_REG, Transport
from vrbench.runtime.compiling import available, compiled

if TYPE_CHECKING:
    from torch import Tensor

Reduce = Callable[[Tile], "tuple[Tensor, Tensor]"]

REACH = 60.0
"""Largest exponent of the kernels: they subtract no maximum, and a sum of exp(60) is a float32."""


def reduction(part: Alignment, cosines: bool = True) -> Reduce | None:
    """Return the compiled ``reduce`` of an alignment, for float32 products on the CPU.

    It gives the same numbers within 1e-6. None: numba is missing, the method has no kernel, or
    its exponents might leave ``REACH``, which they cannot while every ``c``, ``d`` and ``e`` is
    the product of vectors of length 1 (``cosines``).
    """
    if not available():
        return None
    match part:
        case EarthMover():
            return partial(_emd, part)
        case MaxAvg():
            return partial(run, _compiled(kernels.best), 0.0)
        case MaxSum():
            return _max_sum
        case TokenMean():
            return _token_mean
    return _exponential(part) if cosines else None


def _exponential(part: Alignment) -> Reduce | None:
    match part:
        case TokenFlow(lam=lam) if lam <= REACH:
            return partial(run, _compiled(kernels.tokenflow), lam, factors=("c", "d", "e"))
        case Scan(lam=lam) if lam <= REACH:
            return partial(run, _compiled(kernels.scan), lam)
        case LogSumExp(alpha=alpha) if 1 / alpha <= REACH:
            return partial(_lse, part)
        case Transport(reg=reg) if reg >= LEAST_REG:
            numbers = np.float32(1 / reg), np.float32(part.eps), part.iterations
            return partial(run, _compiled(kernels.transport), numbers, factors=("c", "d", "e"))
    return None


def compiles(method: Method, cosines: bool = True) -> bool:
    """Whether some part of a method has a compiled reduction."""
    return any(reduction(part, cosines) is not None for _, part in method.parts)


def _compiled(kernel: Callable[..., None]) -> Any:
    return compiled(kernel, kernels.exp, kernels.expm1, kernels.share)


def run(
    kernel: Any,
    scale: Any,
    tile: Tile,
    factors: tuple[str, str, str] = ("c", "c", "c"),  # d and e cost a product: only where read
) -> tuple[Tensor, Tensor]:
    """Hand a tile to a compiled kernel."""
    import torch

    t, w, f, v = tile.shape
    text, video = tile.text, tile.video
    at = (text.token, text.item, video.token, video.item, w, f)
    arrays = [getattr(tile.products, name).numpy() for name in factors]
    both = torch.empty(2, t, v)
    scale = np.float32(scale) if isinstance(scale, float) else scale
    kernel(*arrays, at, scale, *both.numpy())
    return both[0], both[1]


def exact(kernel: Callable[..., None], how: tuple[Any, ...], tile: Tile) -> Tensor | None:
    """Hand a tile to a kernel of exact transport; None where a pair was not solved in time."""
    value, _ = run(_solver(kernel), how, tile, ("c", "d", "e"))
    return value if value.isfinite().all() else None


def exact_pair(eps: float, parts: tuple[Any, Any, Any]) -> tuple[float, Any, Any] | None:
    """Solve one pair, given c (words, frames), d (1, frames) and e (words, 1), as in a tile.

    Returns:
        Its similarity and the optimal duals of frames and words; None as for ``exact``.
    """
    w, f = parts[0].shape
    number = np.empty((2, w + f))
    arrays = [np.ascontiguousarray(part[:w, :f]) for part in parts]
    value = _solver(emd_kernels.one)(*arrays, (0, 0, 0, 0, w, f), eps, number)
    found = float(np.float32(value)), number[1, w:], number[1, :w]
    return found if np.isfinite(value) else None


def _solver(kernel: Callable[..., Any]) -> Any:
    own = (emd_kernels.read, emd_kernels.share, emd_kernels.of_words, emd_kernels.of_frames)
    bounds = (kernels.exp, kernels.relaxed, emd_kernels.sinkhorn)
    return compiled(kernel, *own, *bounds, simplex.transport, *simplex.PARTS)


def _emd(part: EarthMover, tile: Tile) -> tuple[Tensor, Tensor]:
    value = exact(emd_kernels.emd, (part.eps,), tile)
    return part.reduce(tile) if value is None else (value, value)


def _lse(part: LogSumExp, tile: Tile) -> tuple[Tensor, Tensor]:
    kernel = kernels.log_mean_exp if part.shallow else kernels.lse
    t2v, v2t = run(_compiled(kernel), 1 / part.alpha, tile)
    value = part.scaled(t2v + v2t, tile)
    return value, value


def _max_sum(tile: Tile) -> tuple[Tensor, Tensor]:
    t2v, v2t = run(_compiled(kernels.best), 0.0, tile)
    return t2v * tile.text.length, v2t * tile.video.length


def _token_mean(tile: Tile) -> tuple[Tensor, Tensor]:
    t2v, v2t = run(_compiled(kernels.best), 0.0, tile)
    value = (t2v + v2t) / 2
    return value, value
